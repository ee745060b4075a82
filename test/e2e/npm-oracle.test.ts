import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { npm } from '../../services/domain/packages/npm/index.ts';
import { REPOSITORY } from '../support/repository.ts';

const context = { sha256: () => '', inflate: (bytes: Uint8Array) => bytes, limits: LIMITS };

interface Listed {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, Listed>>;
}

/** `npm ls` says NAME@VERSION of every package in the tree, several times where several depend on it. */
function listed(node: Listed, into: Set<string>): Set<string> {
  for (const [name, child] of Object.entries(node.dependencies ?? {})) {
    if (child.version !== undefined) into.add(`${child.name ?? name}@${child.version}`);
    listed(child, into);
  }
  return into;
}

const folder = join(REPOSITORY, 'node_modules');
const isInstalled = existsSync(folder) && spawnSync('npm', ['--version']).status === 0;

describe.skipIf(!isInstalled)('the real npm (skipped where it or node_modules is absent)', () => {
  test('lists the packages of this checkout as we do', () => {
    const { stdout } = spawnSync('npm', ['ls', '--all', '--json', '--offline'], { cwd: REPOSITORY, encoding: 'utf8' });
    const expected = [...listed(JSON.parse(stdout), new Set())].sort();
    expect(expected.length).toBeGreaterThan(50);

    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `node_modules/${path}`);
    const files = paths
      .filter((path) => npm.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array()) === 'whole')
      .map((path) => ({ path, bytes: readFileSync(join(REPOSITORY, path)) }));
    const { units } = npm.readDatabase(files, context);
    const ours = new Set(units.flatMap(({ packages }) => packages.map(({ name, version }) => `${name}@${version}`)));
    expect([...ours].sort()).toEqual(expected);
    expect(units.flatMap(({ path, gaps }) => gaps.map((gap) => ({ path, gap })))).toEqual([]);
  });
});
