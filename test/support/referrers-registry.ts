import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findGoTool } from '../tools/go-tools.ts';
import { pushLayout } from './docker-registry.ts';
import type { BuiltImage } from './image-builder.ts';

/** A registry with the referrers API, where it is built (test/tools/referrers-registry.go). */
export const REFERRERS_REGISTRY = findGoTool('referrers-registry');

/** It keeps everything in memory. */
export async function startReferrersRegistry(
  atEnd: (close: () => void) => void,
): Promise<{ readonly host: string; push(name: string, image: BuiltImage): void }> {
  const child = spawn(REFERRERS_REGISTRY!, { stdio: ['ignore', 'pipe', 'ignore'] });
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-referrers-'));
  atEnd(() => {
    child.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  for await (const host of createInterface({ input: child.stdout })) {
    return { host, push: (name, image) => pushLayout(directory, `${host}/${name}`, image) };
  }
  throw new Error('the registry ended before it listened');
}
