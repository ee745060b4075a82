import { describe, expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import {
  languagePackage,
  type PackageFile,
  packageFileUnit,
  parseJson,
  stated,
  statedLicense,
} from './package-file.ts';
import { UnitGaps } from './unit-gaps.ts';

const encoder = new TextEncoder();
const limits = { ...LIMITS, packageFileBytes: 30, recordFieldBytes: 10 };

function file(content: string | Uint8Array = ''): PackageFile {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content;
  return { path: 'x', bytes, limits, gaps: new UnitGaps() };
}

const record = languagePackage({ type: 'npm', name: 'a', version: '1', licenses: [], dependsOn: [] });

test.each([
  [30, [record], []],
  [31, [], ['limit-reached']],
])('a file of %i bytes against a limit of 30', (length, packages, codes) => {
  const unit = packageFileUnit({ path: 'x', bytes: new Uint8Array(length) }, limits, () => record);
  expect(unit).toMatchObject({ path: 'x', isDatabase: true, packages });
  expect(unit.gaps.map(({ code }) => code)).toEqual(codes);
});

describe('a stated text', () => {
  test.each([
    [' a\t\r\n b ', 'a b'],
    ['a\u0000\u001b[1m\u007f\u0085b', 'a[1mb'],
    ['a\u202e\u2066\u200bb', 'ab'],
    ['\ud800', '\ufffd'],
    ['\n', null],
    ['', null],
    [1, null],
    [null, null],
    [['a'], null],
    [{ toString: () => 'a' }, null],
  ])('%j is %j', (value, expected) => {
    const from = file();
    expect(stated(value, from)).toBe(expected);
    expect(from.gaps.all()).toEqual([]);
  });

  test('at its limit, and past it', () => {
    const from = file();
    expect([stated('x'.repeat(10), from), from.gaps.all().length]).toEqual(['x'.repeat(10), 0]);
    expect([stated('x'.repeat(11), from), from.gaps.all()[0]!.code]).toEqual([null, 'limit-reached']);
  });

  test('of a licence only its first line counts', () => {
    const from = file();
    expect(statedLicense('\r\n  MIT\rPermission is hereby granted', from)).toBe('MIT');
    expect(statedLicense(['MIT'], from)).toBeNull();
    expect(from.gaps.all()).toEqual([]);
  });
});

test.each([
  ['{"a":1,"a":2}', { a: 2 }],
  ['\ufeff{}', {}],
  [Uint8Array.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]), { '\ufffd': 1 }],
  ['[]', null],
  ['null', null],
  ['', null],
  ['{"a":', null],
])('%j as JSON', (content, expected) => {
  const from = file(content);
  expect(parseJson(from)).toEqual(expected);
  expect(from.gaps.all().map(({ code }) => code)).toEqual(expected === null ? ['package-file-unparsable'] : []);
});
