import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import semver from 'semver';
import { describe, expect, test } from 'vitest';
import { SHARED_DATA } from '../../../../test/support/repository.ts';
import { satisfies } from './range.ts';

test.each([
  ['1.2.3', '^1.2.0', true],
  ['2.0.0', '^1.2.0', false],
  ['2.0.0-rc.1', '^1.2.0', false],
  ['1.2.4-rc.1', '^1.2.3', false],
  ['1.2.3-rc.2', '^1.2.3-rc.1', true],
  ['0.2.9', '^0.2.3', true],
  ['0.3.0', '^0.2.3', false],
  ['0.0.4', '^0.0.3', false],
  ['1.9.0', '~1', true],
  ['1.3.0', '~1.2.3', false],
  ['1.5.0', '1 - 2', true],
  ['2.9.9', '1 - 2', true],
  ['3.0.0', '1 - 2', false],
  ['5.0.0', '', true],
  ['5.0.0', '*', true],
  ['5.0.0', '<1 || >= 4', true],
  ['5.0.0', 'latest', false],
  ['5.0.0', 'git+https://example.org/a.git', false],
  ['5.0.0', '>*', false],
  ['5.0.0', 'npm:other@^5', false],
  ['5', '*', false],
  ['', '*', false],
  ['99999999999999999999.0.0', '^99999999999999999998.0.0', false],
  ['99999999999999999999.1.0', '^99999999999999999999.0.0', true],
])('%j in %j: %s', (version, range, expected) => expect(satisfies(version, range)).toBe(expected));

test('is as node-semver has it', () => {
  const number = fc.constantFrom('0', '1', '2', '10');
  const prerelease = fc.constantFrom('', '', '', '-0', '-rc.1', '-alpha', '-rc.2');
  const version = fc.tuple(number, number, number, prerelease).map(([a, b, c, pre]) => `${a}.${b}.${c}${pre}`);
  const wild = fc.constantFrom('0', '1', '2', 'x', '*', 'X');
  const partial = fc.oneof(
    version,
    wild,
    fc.tuple(wild, wild).map((parts) => parts.join('.')),
    fc.tuple(wild, wild, wild).map((parts) => parts.join('.')),
  );
  const simple = fc
    .tuple(fc.constantFrom('', '', '=', '<', '<=', '>', '>=', '~', '~>', '^', '> ', '^  '), partial)
    .map((parts) => parts.join(''));
  const set = fc.oneof(
    fc.array(simple, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(' ')),
    fc.tuple(partial, partial).map((parts) => parts.join(' - ')),
  );
  const range = fc.array(set, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(' || '));
  let positive = 0;
  fc.assert(
    fc.property(version, range, (v, r) => {
      if (semver.validRange(r) === null) return;
      const theirs = semver.satisfies(v, r);
      positive += theirs ? 1 : 0;
      expect(satisfies(v, r)).toBe(theirs);
    }),
    { numRuns: 5_000 },
  );
  expect(positive).toBeGreaterThan(500);
});

test('any texts have an answer, and no text takes long', () => {
  const text = fc.string({ unit: fc.constantFrom(...'0123.-+xX* |<>=~^v') });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(satisfies(a, b)).toBeTypeOf('boolean');
    }),
    { numRuns: 1_000 },
  );
  expect(satisfies('1.0.0', `${'1 '.repeat(1 << 18)}!`)).toBe(false);
});

describe('npm-range.tsv of ../shared/data/versions', () => {
  const path = join(SHARED_DATA, 'versions/npm-range.tsv');
  test.skipIf(!existsSync(path))('every row (skipped where ../shared/data is absent)', () => {
    const rows = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t', 3));
    expect(rows.length).toBeGreaterThan(100);
    const wrong = rows.filter(
      ([version, expected, range]) => satisfies(version!, range!.replaceAll('\\t', '\t')) !== (expected === 'in'),
    );
    expect(wrong).toEqual([]);
  });
});
