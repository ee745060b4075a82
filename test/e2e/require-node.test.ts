import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';

const script = join(REPOSITORY, 'services/require-node.js');

/** Runs the check under a Node that says it is another. */
function check(version: string) {
  const disguise = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const preload = `data:text/javascript,${encodeURIComponent(disguise)}`;
  return spawnSync(process.execPath, ['--import', preload, script], { encoding: 'utf8' });
}

test.each(['18.20.4', '20.20.2', '23.11.0'])('Node %s is refused with one clear line', (version) => {
  const { status, stderr } = check(version);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^plimsoll needs Node 24 or later [^\n]+\n$/);
});

test.each(['24.0.0', '24.21.0', '26.1.0'])('Node %s is taken', (version) => {
  expect(check(version)).toMatchObject({ status: 0, stderr: '' });
});
