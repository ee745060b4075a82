import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { refusalOf } from '../../services/domain/report/engines.ts';
import { cachedPath, findGoTool, GO_TOOLS, toolCache } from './go-tools.ts';

afterEach(() => vi.unstubAllEnvs());

test('no pinned version is refused', () => {
  for (const { name, version } of GO_TOOLS) expect(refusalOf(name, version)).toBeNull();
});

test('the versions of Trivy that an intruder published are refused, with or without v', () => {
  for (const version of ['0.69.4', 'v0.69.5', '0.69.6'])
    expect(refusalOf('trivy', version)).toContain('CVE-2026-33634');
  for (const version of ['0.69.3', '0.69.7', '0.69.40']) expect(refusalOf('trivy', version)).toBeNull();
});

test('the cache is where the environment says, else in the cache folder of the user', () => {
  expect(toolCache({ PLIMSOLL_TOOLS_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(toolCache({ XDG_CACHE_HOME: '/b' })).toBe('/b/plimsoll-tools');
  expect(toolCache({})).toMatch(/\/\.cache\/plimsoll-tools$/);
});

test('a tool is found once it is cached and executable', () => {
  const cache = mkdtempSync(join(tmpdir(), 'plimsoll-tools-'));
  vi.stubEnv('PLIMSOLL_TOOLS_CACHE', cache);
  try {
    const path = cachedPath(GO_TOOLS[0]!);
    expect(findGoTool(GO_TOOLS[0]!.name)).toBeNull();
    mkdirSync(dirname(path));
    writeFileSync(path, '#!/bin/sh\n');
    expect(findGoTool(GO_TOOLS[0]!.name)).toBeNull();
    chmodSync(path, 0o755);
    expect(findGoTool(GO_TOOLS[0]!.name)).toBe(path);
    expect(() => findGoTool('unheard-of')).toThrow('GO_TOOLS');
  } finally {
    rmSync(cache, { recursive: true });
  }
});
