import { expect, test } from 'vitest';
import { extractUnit } from '../../../../test/support/read-context.ts';
import { type ZipPart, zip } from '../../../../test/support/zip-builder.ts';
import { python } from './index.ts';

const EGG = 'usr/lib/python2.7/site-packages/some_name-1.0-py2.7.egg';
const INFO = 'Metadata-Version: 1.1\nName: some.name\nVersion: 1.0.1\nLicense: MIT\n';
const parts: readonly ZipPart[] = [
  { name: 'some_name/__init__.py', content: '' },
  { name: 'EGG-INFO/PKG-INFO', content: INFO },
];
const read = (bytes: Uint8Array, limits = {}) => extractUnit(python, EGG, bytes, limits)!;
const identities = (unit: ReturnType<typeof read>) => unit.packages.map(({ name, version }) => `${name} ${version}`);
const codes = (unit: ReturnType<typeof read>) => unit.gaps.map(({ code }) => code);

test('a zipped egg is the distribution of its PKG-INFO', () => {
  for (const pieceBytes of [7, 1 << 20]) {
    const unit = read(zip(parts), { pieceBytes });
    expect(unit).toMatchObject({ path: EGG, isDatabase: true, gaps: [] });
    expect(unit.packages).toMatchObject([{ type: 'pypi', name: 'some.name', version: '1.0.1', licenses: ['MIT'] }]);
  }
});

test('what its PKG-INFO leaves out says its name', () => {
  const unit = read(zip([{ name: 'egg-info/pkg-info', content: 'Home-page: x\n', method: 'stored' }]));
  expect(identities(unit)).toEqual(['some_name 1.0']);
  expect(codes(unit)).toEqual(['package-file-unparsable']);
});

test.each<[string, Uint8Array, string]>([
  ['cut short', zip(parts).subarray(0, -30), 'package-file-unparsable'],
  ['empty', new Uint8Array(), 'package-file-unparsable'],
  ['without metadata', zip(parts.slice(0, 1)), 'package-file-unparsable'],
  ['that claims less than it has', zip([{ ...parts[1]!, claims: { size: 3 } }]), 'package-file-unparsable'],
  ['that claims a gigabyte', zip([{ ...parts[1]!, claims: { size: 2 ** 30 } }]), 'limit-reached'],
])('an egg %s is told', (_, bytes, code) => {
  const unit = read(bytes);
  expect(unit.packages).toEqual([]);
  expect(codes(unit)).toEqual([code]);
});

test('one whose headers disagree is read as Python does, and told', () => {
  const unit = read(zip([{ ...parts[1]!, local: { name: 'EGG-INFO/OTHER-IN' } }]));
  expect(identities(unit)).toEqual(['some.name 1.0.1']);
  expect(codes(unit)).toEqual(['package-file-unparsable']);
});

test('wantedFileBytes, packageFileBytes and jarEntries bound it', () => {
  const bytes = zip(parts);
  const limits = { wantedFileBytes: bytes.length, packageFileBytes: INFO.length, jarEntries: 2 };
  expect(identities(read(bytes, limits))).toEqual(['some.name 1.0.1']);
  for (const [name, value] of Object.entries(limits)) {
    const unit = read(bytes, { ...limits, [name]: value - 1 });
    expect(unit.packages).toEqual([]);
    expect(unit.gaps).toEqual([{ code: 'limit-reached', message: expect.stringContaining(name) }]);
  }
});

test('eggs are wanted as files of that name alone', () => {
  const wanted = (path: string) => python.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array());
  expect(wanted(EGG)).toBe('extract');
  expect(wanted(`${EGG}/EGG-INFO/PKG-INFO`)).toBe('whole');
  expect(wanted('usr/lib/~x-1.egg')).toBe('no');
  expect(wanted('usr/lib/.egg')).toBe('no');
});
