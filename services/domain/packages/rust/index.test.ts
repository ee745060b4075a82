import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goProgram, latin1 } from '../../../../test/support/go-program.ts';
import { extractUnit } from '../../../../test/support/read-context.ts';
import { type AuditOptions, rustProgram } from '../../../../test/support/rust-program.ts';
import type { Limits } from '../../limits.ts';
import { packageUrl } from '../purl.ts';
import { deflatesFrom } from './deflate-start.ts';
import { rust } from './index.ts';

type Options = Partial<Limits> & { readonly pieceBytes?: number };

const PATH = 'usr/bin/tool';
const LIST = {
  packages: [
    { name: 'autocfg', version: '1.1.0', source: 'crates.io', kind: 'build' },
    { name: 'itoa', version: '1.0.9', source: 'crates.io' },
    { name: 'serde_json', version: '1.0.96+x', source: 'git', dependencies: [1, 1, 9, -1, 0.5, 'x'] },
    { name: 'tool', version: '0.1.0', source: 'local', dependencies: [0, 1, 2], root: true },
  ],
  format: 1,
};

const read = (bytes: Uint8Array, options: Options = {}) => extractUnit(rust, PATH, bytes, options);
const program = (list: unknown, options?: AuditOptions) => read(rustProgram(list, options))!;
const codes = (unit: { gaps: readonly { code: string }[] }) => unit.gaps.map(({ code }) => code);
const identities = (unit: ReturnType<typeof read>) => unit?.packages.map(({ name, version }) => `${name}@${version}`);
const ALL = ['autocfg@1.1.0', 'itoa@1.0.9', 'serde_json@1.0.96+x', 'tool@0.1.0'];

test('the crates of a program', () => {
  const unit = program(LIST);
  const none = { arch: null, source: null, epoch: null, modularity: null, vendor: null, licenses: [], provides: [] };
  expect(unit).toEqual({
    path: PATH,
    isDatabase: true,
    packages: [
      { type: 'cargo', name: 'autocfg', version: '1.1.0', origin: null, dependsOn: [], development: true, ...none },
      { type: 'cargo', name: 'itoa', version: '1.0.9', origin: null, dependsOn: [], ...none },
      { type: 'cargo', name: 'serde_json', version: '1.0.96+x', origin: 'git', dependsOn: ['itoa@1.0.9'], ...none },
      {
        ...{ type: 'cargo', name: 'tool', version: '0.1.0', origin: 'local' },
        ...{ dependsOn: ['autocfg@1.1.0', 'itoa@1.0.9', 'serde_json@1.0.96+x'], ...none },
      },
    ],
    fileLists: [],
    repositories: [],
    text: null,
    gaps: [],
  });
  expect(unit.packages.map((record) => packageUrl(record, null))).toEqual([
    'pkg:cargo/autocfg@1.1.0',
    'pkg:cargo/itoa@1.0.9',
    'pkg:cargo/serde_json@1.0.96+x',
    'pkg:cargo/tool@0.1.0',
  ]);
});

describe('where the list lies', () => {
  test.each<[string, AuditOptions]>([
    ['32 bits', { wide: false }],
    ['big-endian', { littleEndian: false }],
    ['stored', { level: 0 }],
    ['compressed best', { level: 9 }],
    ['right behind the segments', { before: new Uint8Array() }],
    ['far behind them', { before: new Uint8Array(3 << 20).fill(0x78) }],
  ])('%s', (_, options) => expect(identities(program(LIST, options))).toEqual(ALL));

  test.each([1, 2, 3, 7, 100, 1_023, 1_024, 1_025, 4_000])('in pieces of %d bytes', (pieceBytes) => {
    expect(identities(read(rustProgram(LIST), { pieceBytes }))).toEqual(ALL);
  });

  test('in a file whose headers no loader takes', () => {
    const bytes = rustProgram(LIST);
    bytes.fill(0xff, 54, 58);
    expect(identities(read(bytes))).toEqual(ALL);
  });

  test('what is loaded is not searched', () => {
    const list = zlib(JSON.stringify(LIST));
    const bytes = rustProgram(null, { section: new Uint8Array(list.length) });
    bytes.set(list, 0x400);
    expect(read(bytes)).toBeNull();
    bytes.set(list, bytes.length - 664 - list.length);
    expect(identities(read(bytes))).toEqual(ALL);
  });
});

test.each([
  ['a program of another language', goProgram('go1.22.3', '')],
  ['a program without a list', rustProgram(null)],
  ['a list of something else', rustProgram({ crates: [] })],
  ['no program', latin1('#!/bin/sh\n')],
])('%s says nothing', (_, bytes) => expect(read(bytes)).toBeNull());

describe('broken lists', () => {
  test.each([
    ['cut short', rustProgram(LIST).slice(0, -700), ['limit-reached']],
    ['no JSON', rustProgram(null, { section: zlib('{"packages":[{"name"') }), ['package-file-unparsable']],
    ['no crates', rustProgram({ packages: [] }), []],
    ['no list', rustProgram(null, { section: zlib('{"packages":[],"packages":{}}') }), ['package-file-unparsable']],
    ['odd crates', rustProgram({ packages: [null, 1, { name: 'a' }] }), new Array(3).fill('package-record-invalid')],
  ])('%s', (_, bytes, expected) => {
    const unit = read(bytes)!;
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toEqual(expected);
  });

  test('no invisible character gets into a name', () => {
    expect(identities(program({ packages: [{ name: 'a\u202eb\u0000', version: '1' }] }))).toEqual(['ab@1']);
  });
});

describe('bounds', () => {
  const text = JSON.stringify(LIST);
  test('a list of rustAuditBytes, and one byte more', () => {
    expect(identities(read(rustProgram(LIST), { rustAuditBytes: text.length }))).toEqual(ALL);
    const past = read(rustProgram(LIST), { rustAuditBytes: text.length - 1 })!;
    expect(past.packages).toEqual([]);
    expect(past.gaps[0]?.message).toContain('rustAuditBytes');
  });

  test('a list that unpacks to a thousand times its size', () => {
    const unit = read(rustProgram({ packages: [{ name: 'a'.repeat(50 << 20), version: '1' }] }))!;
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toEqual(['limit-reached']);
  });

  test('a long name that many crates need', () => {
    const others = Array.from({ length: 1_000 }, (_, i) => ({ name: `c${i}`, version: '1', dependencies: [0] }));
    const unit = program({ packages: [{ name: 'a'.repeat(1 << 19), version: '1' }, ...others] });
    expect(unit.packages).toHaveLength(1_001);
    expect(unit.packages.flatMap(({ dependsOn }) => dependsOn)).toHaveLength(31);
    expect(new Set(codes(unit))).toEqual(new Set(['limit-reached']));
  });
});

describe('the start of a DEFLATE stream', () => {
  const START = '{"packages":[';
  const level = fc.integer({ min: 0, max: 9 });
  const strategy = fc.constantFrom(0, 1, 2, 3, 4);

  test('is known however it was compressed', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 3_000 }), level, strategy, fc.nat(9), (rest, l, s, at) => {
        const data = deflateRawSync(START + rest, { level: l, strategy: s });
        expect(deflatesFrom(Buffer.concat([new Uint8Array(at).fill(0x78), data]), at, START)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('is no other text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), level, strategy, (other, l, s) => {
        const data = deflateRawSync(`{"package":${other}`, { level: l, strategy: s });
        expect(deflatesFrom(data, 0, START)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('is in no noise, and nothing throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        expect(deflatesFrom(noise, 0, START)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

function zlib(text: string): Uint8Array {
  return Buffer.concat([Buffer.from([0x78, 0x9c]), deflateRawSync(text)]);
}

test.each([
  ['usr/bin/tool', 0o755, 5_000, 'extract'],
  ['usr/lib/libx.so.1', 0o644, 5_000, 'extract'],
  ['usr/bin/tool', 0o755, 4_000, 'no'],
  ['srv/a.bin', 0o644, 5_000, 'no'],
])('%s %o of %d bytes: %s', (path, mode, size, wanted) => {
  expect(rust.wants({ path, type: 'file', mode, size }, () => rustProgram(LIST).subarray(0, 512))).toBe(wanted);
});
