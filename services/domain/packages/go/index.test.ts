import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  elfProgram,
  goProgram,
  inlineInfo,
  latin1,
  oldGoProgram,
  type Segment,
} from '../../../../test/support/go-program.ts';
import { extractUnit } from '../../../../test/support/read-context.ts';
import type { Limits } from '../../limits.ts';
import { go } from './index.ts';

const MODULES = [
  'path\texample.org/tool/cmd/tool',
  'mod\texample.org/tool\tv1.4.0\th1:x=',
  'dep\texample.org/a\tv0.3.1\th1:y=',
  'dep\texample.org/b\tv2.0.0+incompatible',
  '=>\texample.org/fork/b\tv2.0.1\th1:z=',
  'dep\texample.org/c\tv1.0.0',
  '=>\t./c\t(devel)\t',
  'build\t-compiler=gc',
  '',
].join('\n');

const PACKAGES = [
  'stdlib 1.22.3',
  'example.org/tool v1.4.0',
  'example.org/a v0.3.1',
  'example.org/fork/b v2.0.1',
  'example.org/c (devel)',
];

type Options = Partial<Limits> & { readonly pieceBytes?: number };

function packagesOf(program: Uint8Array, options: Options = {}): readonly string[] | null {
  const unit = extractUnit(go, 'usr/bin/tool', program, options);
  return unit === null ? null : unit.packages.map(({ name, version }) => `${name} ${version}`);
}

function gapsOf(program: Uint8Array, options: Options = {}): readonly string[] {
  return extractUnit(go, 'usr/bin/tool', program, options)!.gaps.map(({ code, message }) => `${code}: ${message}`);
}

describe('what is looked into', () => {
  const elf = goProgram('go1.22.3', '');
  const wants = (path: string, mode: number, head: Uint8Array = elf.subarray(0, 512)) =>
    go.wants({ path, type: 'file', mode, size: 1e6 }, () => head);
  test.each([
    ['usr/bin/tool', 0o755],
    ['usr/bin/tool', 0o644],
    ['opt/tool.bin', 0o711],
    ['usr/lib/libtool.so', 0o644],
    ['usr/lib/libtool.so.1.2', 0o644],
  ])('%s of mode %o', (path, mode) => expect(wants(path, mode)).toBe('extract'));
  test('not by a name with an ending, not what is no program', () => {
    expect(wants('usr/share/tool.txt', 0o644)).toBe('no');
    expect(wants('usr/bin/tool', 0o755, latin1('#!/bin/sh\nexit 0'))).toBe('no');
    expect(wants('usr/bin/tool', 0o755, latin1('\x7fELF'))).toBe('no');
    expect(wants('usr/lib/tool.o', 0o755, Uint8Array.from(elf.subarray(0, 512)).fill(1, 16, 17))).toBe('no');
    expect(go.wants({ path: 'usr/bin/tool', type: 'symlink', mode: 0o777, size: 1e6 }, () => elf)).toBe('no');
  });
});

describe('a Go program', () => {
  test('gives its toolchain, main module and dependencies, with replacements', () => {
    const unit = extractUnit(go, 'usr/bin/tool', goProgram('go1.22.3', MODULES))!;
    expect(unit.packages.map(({ name, version }) => `${name} ${version}`)).toEqual(PACKAGES);
    expect(unit).toMatchObject({ path: 'usr/bin/tool', isDatabase: true, gaps: [] });
    expect(new Set(unit.packages.map(({ type }) => type))).toEqual(new Set(['golang']));
  });

  test.each([
    ['32 bits', { wide: false, littleEndian: true }],
    ['big endian', { wide: true, littleEndian: false }],
  ])('of %s', (_name, form) => expect(packagesOf(goProgram('go1.22.3', MODULES, form))).toEqual(PACKAGES));

  test('whatever the pieces are that it comes in', () => {
    const programs = [
      goProgram('go1.22.3', MODULES),
      oldGoProgram('go1.17.2', MODULES),
      oldGoProgram('go1.17.2', MODULES, { before: 900 }),
    ];
    const whole = programs.map((program) => packagesOf(program));
    fc.assert(
      fc.property(fc.nat(2), fc.integer({ min: 1, max: 400 }), (which, pieceBytes) => {
        expect(packagesOf(programs[which]!, { pieceBytes })).toEqual(whole[which]);
      }),
    );
  });

  test('built without modules', () => expect(packagesOf(goProgram('go1.22.3', ''))).toEqual(['stdlib 1.22.3']));

  test('with its information in a later one of several writable segments', () => {
    const bytes = Buffer.concat([new Uint8Array(48), inlineInfo('go1.22.3', MODULES)]);
    const data: Segment[] = [
      { flags: 'RW', address: 0x10_0000, bytes: new Uint8Array(333).fill(0xff) },
      { flags: 'RW', address: 0x20_0000, bytes },
    ];
    expect(packagesOf(elfProgram(data))).toEqual(PACKAGES);
  });

  test('only where an alignment of its address has it, and only in data', () => {
    const info = inlineInfo('go1.22.3', MODULES);
    const shifted = Buffer.concat([new Uint8Array(8), info]);
    expect(packagesOf(elfProgram([{ flags: 'RW', address: 0x10_0000, bytes: shifted }]))).toBeNull();
    expect(packagesOf(elfProgram([{ flags: 'RW', address: 0x10_0008, bytes: shifted }]))).toEqual(PACKAGES);
    expect(packagesOf(elfProgram([{ flags: 'R', address: 0x10_0000, bytes: info }]))).toBeNull();
  });
});

describe('a program of Go before 1.18', () => {
  const expected = ['stdlib 1.17.2', ...PACKAGES.slice(1)];
  test.each([
    ['of Go’s linker', {}],
    ['of the system’s linker', { before: 900 }],
    ['of 32 bits', { wide: false }],
    ['of 32 bits, big endian', { wide: false, littleEndian: false, before: 100 }],
  ])('%s', (_name, form) => {
    const program = oldGoProgram('go1.17.2', MODULES, form);
    expect(packagesOf(program)).toEqual(expected);
    expect(gapsOf(program)).toEqual([]);
  });

  test.each([
    ['goDataBytes', 600],
    ['goVersionTexts', 1],
  ] as const)('past %s is told', (limit, value) => {
    const program = oldGoProgram('go1.17.2', MODULES);
    expect(packagesOf(program, { [limit]: value })).toEqual([]);
    expect(gapsOf(program, { [limit]: value })).toEqual([
      'package-file-unparsable: a Go program: it was built by Go before 1.18, and its build information does not lie where it says',
    ]);
  });

  test('up to goDataBytes and goVersionTexts is read', () => {
    expect(packagesOf(oldGoProgram('go1.17.2', MODULES), { goDataBytes: 700, goVersionTexts: 3 })).toEqual(expected);
  });
});

describe('the main module', () => {
  const main = (version: string, ...settings: string[]) => {
    const lines = [`mod\texample.org/tool\t${version}\t`, ...settings.map((setting) => `build\t${setting}`), ''];
    return packagesOf(goProgram('go1.22.3', lines.join('\n')))![1]!.replace('example.org/tool ', '');
  };
  const COMMIT = ['vcs.revision=0123456789abcdef0123456789abcdef01234567', 'vcs.time=2024-01-02T03:04:05Z'];

  test('has the version that Go gave it', () => {
    expect(main('v1.2.3', ...COMMIT, '-ldflags="-X main.version=v9.9.9"')).toBe('v1.2.3');
    expect(main('v1.2.4-0.20240102030405-0123456789ab+dirty')).toBe('v1.2.4-0.20240102030405-0123456789ab+dirty');
  });
  test.each([
    ['-X main.version=1.2.3', 'v1.2.3'],
    ['-s -w -X=main.Version=v1.2.3 -X main.commit=1.9.9', 'v1.2.3'],
    ["-X 'example.org/tool/internal/build.ver=1.2.3-rc.1'", 'v1.2.3-rc.1'],
    ['-X main.version=1.2.3 -X example.org/tool/cmd.version=v1.2.3', 'v1.2.3'],
    ['-X main.version=1.2.3 -X example.org/tool/cmd.version=v1.2.4', '(devel)'],
    ['-X example.org/toolbox.version=1.2.3', '(devel)'],
    ['-X example.org/dep.version=1.2.3', '(devel)'],
    ['-X main.version=main', '(devel)'],
    ['-X main.goversion=1.2.3', '(devel)'],
    ['-X main.version=7', '(devel)'],
  ])('or that its linker was told: %s', (flags, version) =>
    expect(main('(devel)', `-ldflags=${JSON.stringify(flags)}`)).toBe(version),
  );
  test('or its commit', () => {
    expect(main('(devel)', ...COMMIT, 'vcs.modified=false')).toBe('v0.0.0-20240102030405-0123456789ab');
    expect(main('(devel)', ...COMMIT, 'vcs.modified=true')).toBe('v0.0.0-20240102030405-0123456789ab+dirty');
    expect(main('v0.0.0-20240102030405-0123456789ab', '-ldflags="-X main.version=1.2.3"')).toBe('v1.2.3');
    expect(main('v0.0.0-20240102030405-0123456789ab')).toBe('v0.0.0-20240102030405-0123456789ab');
  });
  test('or none, which compares with none', () => {
    expect(main('(devel)', 'vcs.revision=0123456789abcdef')).toBe('(devel)');
    expect(main('')).toBe('(devel)');
    expect(go.compare('(devel)', 'v1.0.0')).toBe('incomparable');
  });
});

describe('the toolchain', () => {
  test.each([
    ['go1.22.3', '1.22.3'],
    ['go1.22rc1', '1.22rc1'],
    ['go1.26.8-X:jsonv2', '1.26.8'],
    ['go1.22.3 X:boringcrypto', '1.22.3'],
    ['go1.19.9 (Red Hat 1.19.9-1.el9)', '1.19.9'],
    ['go1.22-20231128-RC02 cl/586117301 +6111acc8e6 X:fieldtrack', '1.22'],
    ['devel go1.23-0ab1c2d Mon Jan 1 00:00:00 2024', '1.23'],
  ])('%s is stdlib %s', (text, version) => expect(packagesOf(goProgram(text, ''))).toEqual([`stdlib ${version}`]));
  test('that is no release is told', () => {
    const program = goProgram('devel +fd2f26a Mon Jan 1', MODULES);
    expect(packagesOf(program)).toEqual(PACKAGES.slice(1));
    expect(gapsOf(program)[0]).toContain('package-record-invalid: the version of Go is no release: "devel +fd2f26a');
  });
});

describe('hostile programs', () => {
  const sound = goProgram('go1.22.3', MODULES);
  const infoAt = Buffer.from(sound).lastIndexOf('\xff Go buildinf:', undefined, 'latin1');
  const changed = (change: (bytes: Uint8Array, view: DataView) => void): Uint8Array => {
    const bytes = Uint8Array.from(sound);
    change(bytes, new DataView(bytes.buffer));
    return bytes;
  };

  test('headers that lie nowhere near the start: the whole file is searched', () => {
    expect(packagesOf(changed((_, view) => view.setBigUint64(32, 2n ** 62n, true)))).toEqual(PACKAGES);
    expect(packagesOf(changed((_, view) => view.setUint16(56, 0xffff, true)))).toEqual(PACKAGES);
    expect(packagesOf(changed((_, view) => view.setUint16(54, 3, true)))).toEqual(PACKAGES);
    expect(packagesOf(changed((_, view) => view.setBigUint64(64 + 8, 2n ** 64n - 1n, true)))).toEqual(PACKAGES);
  });

  test('elfHeadBytes is where the search for headers ends', () => {
    const needed = 64 + 3 * 56;
    expect(packagesOf(sound, { elfHeadBytes: needed })).toEqual(PACKAGES);
    expect(packagesOf(sound, { elfHeadBytes: needed - 1 })).toEqual(PACKAGES);
    const moved = changed((_, view) => view.setBigUint64(64 + 2 * 56 + 8, 1_000_000n, true));
    expect(packagesOf(moved)).toBeNull();
    expect(packagesOf(moved, { elfHeadBytes: needed - 1 })).toEqual(PACKAGES);
  });

  test('a thousand segments that all claim the file cost no more than one', () => {
    const program = elfProgram(
      Array.from({ length: 1_000 }, () => ({ flags: 'RW', address: 0, bytes: new Uint8Array(0) })),
    );
    const file = Buffer.concat([program, new Uint8Array(16 * 2 ** 20)]);
    for (let i = 0; i < 1_000; i++) file.writeBigUInt64LE(BigInt(file.length), 64 + i * 56 + 32);
    const started = performance.now();
    expect(packagesOf(file)).toBeNull();
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('text that claims more than goBuildInfoBytes', () => {
    expect(packagesOf(sound, { goBuildInfoBytes: MODULES.length })).toEqual(PACKAGES);
    expect(packagesOf(sound, { goBuildInfoBytes: MODULES.length - 1 })).toEqual([]);
    expect(gapsOf(sound, { goBuildInfoBytes: 100 })).toEqual([
      'package-file-unparsable: a Go program: a text of its build information claims more than 132 bytes',
    ]);
    const lengthAt = infoAt + 32;
    for (const claim of [[0xff, 0xff, 0x03], new Array(12).fill(0xff)]) {
      expect(gapsOf(changed((bytes) => bytes.set(claim, lengthAt)))[0]).toContain('claims more than 1024 bytes');
    }
  });

  test('the end within the information is told, wherever it is', () => {
    const end = infoAt + inlineInfo('go1.22.3', MODULES).length;
    for (const length of [end - 1, end - 40, infoAt + 44, infoAt + 33, infoAt + 32, infoAt + 16]) {
      expect(gapsOf(sound.subarray(0, length))).toHaveLength(1);
    }
    expect(gapsOf(sound.subarray(0, end))).toEqual([]);
  });

  test('modules without marks are none; lines that are no modules are told', () => {
    expect(packagesOf(changed((bytes) => bytes.fill(0x61, infoAt + 40, infoAt + 700)))).not.toBeNull();
    const program = goProgram('go1.22.3', 'mod\ta b\tv1.0.0\n=>\t\n=>\tx\tv1\ndep\tgood\tv1.0.0\ndep\t\tv1\n');
    expect(packagesOf(program)).toEqual(['stdlib 1.22.3', 'good v1.0.0']);
    expect(gapsOf(program)).toHaveLength(3);
  });

  test('more dependencies than packages are bounded', () => {
    const program = goProgram('go1.22.3', Array.from({ length: 9 }, (_, i) => `dep\tm${i}\tv1.0.0\n`).join(''));
    expect(packagesOf(program, { packages: 9 })).toHaveLength(10);
    expect(packagesOf(program, { packages: 8 })).toHaveLength(9);
    expect(gapsOf(program, { packages: 8 })).toEqual(['limit-reached: it has more than 8 dependencies']);
  });

  test('a program packed with UPX is told', () => {
    const program = elfProgram([{ flags: 'RX', address: 0x1000, bytes: new Uint8Array(5_000) }]);
    program.set(latin1('UPX!'), 64 + 56 + 104);
    expect(gapsOf(program)).toEqual([
      'package-file-unparsable: a program packed with UPX: what it was built from cannot be seen',
    ]);
  });

  test('what is no Go program is nothing', () => {
    expect(packagesOf(elfProgram([{ flags: 'RW', address: 0, bytes: new Uint8Array(10_000).fill(0xff) }]))).toBeNull();
    expect(packagesOf(new Uint8Array(10))).toBeNull();
    expect(packagesOf(new Uint8Array(0))).toBeNull();
  });
});
