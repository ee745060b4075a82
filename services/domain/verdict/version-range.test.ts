import fc from 'fast-check';
import { expect, test } from 'vitest';
import { versionInRange } from './version-range.ts';

test.each([
  ['deb', '5.6.1-1', '>=5.6.0 <5.6.2', true],
  ['deb', '5.6.2', '>=5.6.0 <5.6.2', false],
  ['deb', '5.5', '>=5.6.0 <5.6.2', false],
  ['deb', '1:0', '>=5.6.0', true],
  ['deb', '5.7.0', '>=5.6.0 <5.6.2 || =5.7.0', true],
  ['deb', '5.7.0', '>=5.6.0 <5.6.2 || 5.7.0', true],
  ['rpm', '1.0^20200101', '<1.0.1', true],
  ['apk', '1.2.3_rc1-r0', '<1.2.3', true],
  ['npm', '1.0.0-beta', '<1.0.0', true],
  ['pypi', '1.0.post1', '>1.0', true],
  ['maven', '1.0-SNAPSHOT', '<1.0', true],
  ['golang', 'v1.2.3', '!=v1.2.4', true],
  ['npm', '1.2.3', '<=1.2.3 >=1.2.3', true],
])('%s %s in %s: %s', (type, version, range, inside) => expect(versionInRange(type, version, range)).toBe(inside));

test.each([
  ['a type without an order', 'conda', '1', '<2'],
  ['a type that is a property of every object', 'toString', '1', '<2'],
  ['an empty range', 'deb', '1', ''],
  ['an empty alternative', 'deb', '1', '<2 ||'],
  ['a comparator alone', 'deb', '1', '<'],
  ['an unknown comparator', 'deb', '1', '~>2'],
  ['a space behind the comparator', 'deb', '1', '< 2'],
  ['a version that does not compare', 'npm', 'garbage', '<2.0.0'],
  ['a bound that does not compare, where another alternative holds', 'npm', '1.0.0', '<2.0.0 || =garbage'],
])('no answer for %s', (_, type, version, range) => expect(versionInRange(type, version, range)).toBeNull());

test('never throws', () => {
  fc.assert(
    fc.property(fc.constantFrom('deb', 'rpm', 'npm', 'x'), fc.string(), fc.string(), (type, version, range) => {
      expect([true, false, null]).toContain(versionInRange(type, version, range));
    }),
  );
});
