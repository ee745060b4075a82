import { expect, test } from 'vitest';
import { samplePackage } from '../../../test/support/sample-report.ts';
import { baselineOf, isJudged, OPEN_GATE, purlName } from './gate.ts';

// biome-ignore lint/suspicious/noExplicitAny: only what is read here
const row = (changes: object): any => ({
  id: 'CVE-1',
  packageId: 'p',
  purl: 'pkg:npm/a@1',
  severity: 'high',
  fixedVersion: '2',
  ...changes,
});

test.each([
  ['as it is', {}, {}, true],
  ['suppressed', { suppressed: { by: 'vex' } }, {}, false],
  ['unfixed', { fixedVersion: null }, {}, true],
  ['unfixed, where that is ignored', { fixedVersion: null }, { ignoreUnfixed: true }, false],
  ['fixed, where unfixed is ignored', {}, { ignoreUnfixed: true }, true],
  ['of a severity that is asked', {}, { severities: ['critical', 'high'] }, true],
  ['of another severity', {}, { severities: ['critical'] }, false],
] as const)('%s: counts %o', (_, changes, gate, counts) => {
  expect(isJudged(row(changes), { ...OPEN_GATE, ...gate })).toBe(counts);
});

const packages = (...paths: string[]) => [samplePackage({ id: 'p', name: 'a', version: '1', paths })];
const violation = (changes: object = {}) => ({
  rule: 'r',
  evidence: { vulnerability: 'CVE-1', purl: 'pkg:npm/a@2', package: 'p', ...changes },
});
const older = { packages: packages('x/package.json'), vulnerabilities: [row({})] };

test('a vulnerability is known by its id, the name of its package, and the path', () => {
  const known = baselineOf(older, [], { packages: packages('x/package.json') });
  expect(known.has(violation())).toBe(true);
  expect(known.has(violation({ vulnerability: 'CVE-2' }))).toBe(false);
  expect(known.has(violation({ purl: 'pkg:npm/b@1' }))).toBe(false);
  expect(known.has(violation({ package: 'unknown' }))).toBe(false);
});

test('the same vulnerability in another place is new, and so is one more place', () => {
  expect(baselineOf(older, [], { packages: packages('y/package.json') }).has(violation())).toBe(false);
  expect(baselineOf(older, [], { packages: packages('x/package.json', 'y/package.json') }).has(violation())).toBe(
    false,
  );
});

test('an older report that was not matched knows nothing', () => {
  const { packages: olderPackages } = older;
  expect(baselineOf({ packages: olderPackages, vulnerabilities: undefined }, [], older).has(violation())).toBe(false);
});

test('other violations are known by rule, package and licence', () => {
  const found = { rule: 'denied_licence', evidence: { purl: 'pkg:npm/a@1', licence: 'X' } };
  const known = baselineOf(older, [found], older);
  expect(known.has({ ...found, evidence: { purl: 'pkg:npm/a@9', licence: 'X' } })).toBe(true);
  expect(known.has({ ...found, evidence: { purl: 'pkg:npm/a@1', licence: 'Y' } })).toBe(false);
  expect(known.has({ ...found, rule: 'other' })).toBe(false);
});

test.each([
  ['pkg:npm/%40scope/a@1?x=y#z', 'pkg:npm/%40scope/a'],
  ['pkg:deb/debian/a?arch=all', 'pkg:deb/debian/a'],
  ['pkg:golang/example.org/a#sub', 'pkg:golang/example.org/a'],
])('the name of %s', (purl, name) => expect(purlName(purl)).toBe(name));
