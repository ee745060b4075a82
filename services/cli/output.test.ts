import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { type Output, parseOutputs, writeOutputs } from './output.ts';

const root = mkdtempSync(join(tmpdir(), 'plimsoll-output-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('parseOutputs', () => {
  it.each<[string[], string | undefined, Output[]]>([
    [[], undefined, [{ format: 'table', file: null }]],
    [[], 'a', [{ format: 'table', file: resolve('a') }]],
    [['json'], undefined, [{ format: 'json', file: null }]],
    [['json'], '/a', [{ format: 'json', file: '/a' }]],
    [['json'], '-', [{ format: 'json', file: null }]],
    [['json=/a=b'], undefined, [{ format: 'json', file: '/a=b' }]],
    [['json=-'], undefined, [{ format: 'json', file: null }]],
    [
      ['table', 'json=/a'],
      '/b',
      [
        { format: 'table', file: '/b' },
        { format: 'json', file: '/a' },
      ],
    ],
  ])('%j, --output %s', (formats, output, expected) => {
    expect(parseOutputs(formats, output)).toEqual(expected);
  });

  it.each<[string[], string | undefined, RegExp]>([
    [
      ['xml'],
      undefined,
      /"xml" is no format; --format takes table, json, sarif, cyclonedx, spdx, spdx-tag-value, or FORMAT=FILE/,
    ],
    [[''], undefined, /"" is no format/],
    [['json='], undefined, /names no file/],
    [['json', 'table'], undefined, /two formats go to standard output/],
    [['json=/a', 'table=/a'], undefined, /two formats go to \/a/],
    [['json', 'table=/a'], '/a', /two formats/],
    [['json=/a'], '/b', /--output has no format/],
  ])('refuses %j, --output %s', (formats, output, message) => {
    expect(() => parseOutputs(formats, output)).toThrow(message);
    expect(() => parseOutputs(formats, output)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('writeOutputs', () => {
  const write = (file: string, text = 'new') => writeOutputs([{ format: 'json', file }], () => text, new PassThrough());

  it('writes files and standard output, and nothing else', async () => {
    const directory = mkdtempSync(join(root, 'd-'));
    const stdout = new PassThrough();
    const outputs = parseOutputs(['table', `json=${join(directory, 'r.json')}`]);
    await writeOutputs(outputs, ({ format }) => `as ${format}`, stdout);
    expect(String(stdout.read())).toBe('as table');
    expect(readFileSync(join(directory, 'r.json'), 'utf8')).toBe('as json');
    expect(readdirSync(directory)).toEqual(['r.json']);
  });

  it('replaces a file whole and keeps its mode; a link stays a link', async () => {
    const directory = mkdtempSync(join(root, 'd-'));
    const file = join(directory, 'r.json');
    writeFileSync(file, 'old');
    chmodSync(file, 0o600);
    symlinkSync('r.json', join(directory, 'link'));
    await write(join(directory, 'link'));
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(lstatSync(join(directory, 'link')).isSymbolicLink()).toBe(true);
  });

  it('never replaces what is no regular file', async () => {
    await write('/dev/null');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('fails by name, leaving the old file and no litter', async () => {
    const directory = mkdtempSync(join(root, 'd-'));
    mkdirSync(join(directory, 'taken'));
    const failed = expect.objectContaining({ code: 'OUTPUT_FAILED' });
    await expect(write(join(directory, 'taken'))).rejects.toThrow(failed);
    await expect(write(join(directory, 'absent', 'r.json'))).rejects.toThrow(/could not be written to .*ENOENT/);
    const file = join(directory, 'r.json');
    writeFileSync(file, 'old');
    const notText = null as unknown as string;
    await expect(write(file, notText)).rejects.toThrow(failed);
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(directory).sort()).toEqual(['r.json', 'taken']);
  });

  const failing = (code: string) =>
    new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
  const toStdout: Output[] = [{ format: 'table', file: null }];

  it('is content with a reader that has gone', async () => {
    await writeOutputs(toStdout, () => 'text', failing('EPIPE'));
    const gone = new PassThrough().destroy();
    await writeOutputs(toStdout, () => 'text', gone);
  });

  it('reports any other failure of standard output', async () => {
    await expect(writeOutputs(toStdout, () => 'text', failing('ENOSPC'))).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining('ENOSPC'),
    });
  });

  it('ends quietly in a real closed pipe', () => {
    const program = `
      import { writeOutputs } from ${JSON.stringify(new URL('./output.ts', import.meta.url).href)};
      await writeOutputs([{ format: 'table', file: null }], () => 'x'.repeat(4e6), process.stdout);
      process.exitCode = 3;`;
    const script = `"$1" --input-type=module -e "$2" | head -c 1; echo " \${PIPESTATUS[0]}"`;
    const out = execFileSync('bash', ['-c', script, 'bash', process.execPath, program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(String(out)).toBe('x 3\n');
  });
});
