import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import { RotatingFile } from './rotating-file.ts';

const line = (text: string) => ({ text, severity: 'low', time: '', kind: 'exec' }) as const;

test('a file grows to its size, the ones before it have numbers, and no more than so many are kept; no line is cut', async () => {
  const path = join(await temporaryDirectory(), 'agent.jsonl');
  const sink = new RotatingFile(path, { mostBytes: 100, count: 3 });
  for (let i = 0; i < 20; i++) await sink.send(Array.from({ length: 3 }, (_, j) => line(`{"line":${i * 3 + j}}`)));
  await sink.close();
  const files = readdirSync(join(path, '..')).sort();
  expect(files).toEqual(['agent.jsonl', 'agent.jsonl.1', 'agent.jsonl.2']);
  const numbers = files
    .toReversed()
    .flatMap((name) =>
      readFileSync(join(path, '..', name), 'utf8')
        .trimEnd()
        .split('\n'),
    )
    .map((text) => JSON.parse(text).line);
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => 60 - numbers.length + i));
  for (const name of files) expect(statSync(join(path, '..', name)).size).toBeLessThanOrEqual(100);
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test('one that was there is appended to, and one line may be longer than the file', async () => {
  const path = join(await temporaryDirectory(), 'agent.jsonl');
  for (const text of ['"a"', '"b"']) {
    const sink = new RotatingFile(path, { mostBytes: 10, count: 2 });
    await sink.send([line(text)]);
    await sink.close();
  }
  expect(readFileSync(path, 'utf8')).toBe('"a"\n"b"\n');
  const sink = new RotatingFile(path, { mostBytes: 10, count: 1 });
  await sink.send([line('x'.repeat(50))]);
  await sink.close();
  expect(readFileSync(path, 'utf8')).toBe(`${'x'.repeat(50)}\n`);
  expect(existsSync(`${path}.1`)).toBe(false);
});
