import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import type { RefreshTerms } from '../../pipeline/advisory-ports.ts';
import { updateInProcess } from './updating-process.ts';

const TERMS: RefreshTerms = {
  root: '/db',
  feeds: [],
  mirrors: ['https://mirror'],
  pull: null,
  keyFiles: [],
  allowMissing: false,
};

async function run(script: string, signal = new AbortController().signal, environment = {}) {
  const file = join(await temporaryDirectory(), 'script.mjs');
  writeFileSync(file, script);
  return await updateInProcess(pathToFileURL(file), TERMS, { signal, environment });
}
const answering = (message: string) => `process.once('message', (terms) => process.send(${message}));`;
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

test.each([
  ['process.exit(3)', /ended early \(exit 3\)/],
  ["process.kill(process.pid, 'SIGKILL')", /ended early \(SIGKILL\)/],
  ["process.once('message', () => { throw new Error('broken') })", /ended early \(exit 1\)/],
])('a process that dies is lost, which another attempt may mend: %s', async (script, message) => {
  await expect(run(script)).rejects.toEqual(failure('WORKER_LOST', message));
});

test('a script that is not there', async () => {
  const signal = new AbortController().signal;
  const nowhere = new URL('file:///nonexistent/script.mjs');
  await expect(updateInProcess(nowhere, TERMS, { signal, environment: {} })).rejects.toEqual(
    failure('WORKER_LOST', /./),
  );
});

test('a failure keeps its code and its words', async () => {
  const script = answering("{ kind: 'failed', code: 'FEED_SHRUNK', message: 'less' }");
  await expect(run(script)).rejects.toEqual(failure('FEED_SHRUNK', /^less$/));
});

test('it is told the terms, and of our environment what it needs, and no secret', async () => {
  const script = answering("{ kind: 'updated', refreshed: { terms, environment: process.env } }");
  const environment = { HOME: '/home/x', DATABASE_URL: 'canary', PLIMSOLL_SECRET: 'canary', NO_PROXY: '*', PATH: '' };
  const { terms, environment: seen } = (await run(script, undefined, environment)) as never as Record<string, object>;
  expect(terms).toEqual(TERMS);
  expect(seen).toMatchObject({ HOME: '/home/x', NO_PROXY: '*' });
  expect(JSON.stringify(seen)).not.toContain('canary');
});

test('what is stopped ends at once, or is killed where it hears nothing', { timeout: 20_000 }, async () => {
  const before = new AbortController();
  before.abort(new Error('stopped before'));
  await expect(run('', before.signal)).rejects.toThrow('stopped before');
  for (const script of ["process.on('message', () => {})", 'for (;;);']) {
    const stop = new AbortController();
    const running = run(script, stop.signal);
    setTimeout(() => stop.abort(new Error('stopped')), 300);
    // It settles only once the process is gone.
    await expect(running).rejects.toThrow('stopped');
  }
});
