import { appendFileSync, chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import type { Severity } from '../../domain/runtime/severity.ts';
import { Spool } from './spool.ts';

const line = (severity: Severity, text: string) => ({ text, severity, time: 't', kind: 'exec' });
const texts = (spool: Spool) => spool.peek(100, 1 << 20).map(({ text }) => text);

test('lines outlive the process; those of the highest severity come first, and what was taken does not come again', async () => {
  const directory = join(await temporaryDirectory(), 'buffer');
  const first = new Spool(directory, 1 << 20);
  expect(first.isEmpty).toBe(true);
  first.offer([line('low', 'a'), line('high', 'b'), line('low', 'c')]);
  const second = new Spool(directory, 1 << 20);
  second.offer([line('high', 'd')]);
  expect(texts(second)).toEqual(['b', 'd']);
  second.remove(second.peek(1, 1));
  expect(texts(second)).toEqual(['d']);
  second.remove(second.peek(9, 999));
  const lines = second.peek(1, 99);
  expect(lines).toEqual([line('low', 'a')]);
  second.remove(lines);
  // A file that is not done comes again from its beginning: at least once.
  const third = new Spool(directory, 1 << 20);
  expect(texts(third)).toEqual(['a', 'c']);
  third.remove(third.peek(9, 999));
  expect(third.isEmpty).toBe(true);
  expect(readdirSync(directory)).toEqual([]);
});

test('without room the oldest file of the lowest severity goes, and its lines are counted', async () => {
  const spool = new Spool(join(await temporaryDirectory(), 'buffer'), 4 << 20);
  const large = 'x'.repeat(600_000);
  spool.offer([line('high', 'first')]);
  for (let i = 0; i < 10; i++) spool.offer([line('low', large)]);
  const { low, ...rest } = spool.takeLost();
  expect(low).toBeGreaterThanOrEqual(4);
  expect(rest).toEqual({ medium: 0, high: 0 });
  for (let i = 0; i < 10; i++) spool.offer([line('high', large)]);
  expect(spool.takeLost()).toMatchObject({ low: 10 - low, high: expect.any(Number) });
});

test('a file that was cut within a line gives the lines before it; a directory that others may write is not used', async () => {
  const directory = join(await temporaryDirectory(), 'buffer');
  new Spool(directory, 1 << 20).offer([line('low', 'a')]);
  const [name] = readdirSync(directory);
  appendFileSync(join(directory, name!), '{"text":"b"');
  const spool = new Spool(directory, 1 << 20);
  expect(texts(spool)).toEqual(['a']);
  spool.offer([line('low', 'c')]);
  expect(texts(spool)).toEqual(['a', 'c']);
  chmodSync(directory, 0o777);
  expect(() => new Spool(directory, 1 << 20)).toThrow(expect.objectContaining({ code: 'OUTPUT_FAILED' }));
});
