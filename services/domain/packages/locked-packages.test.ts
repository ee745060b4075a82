import { expect, test } from 'vitest';
import { readContext } from '../../../test/support/read-context.ts';
import type { Limits } from '../limits.ts';
import { eachLockLine, type LockedPackage, lockfileUnit } from './locked-packages.ts';

function unitOf(packages: readonly LockedPackage[], limits: Partial<Limits> = {}) {
  const file = { path: 'x.lock', bytes: new TextEncoder().encode('12345') };
  return lockfileUnit(file, readContext(limits), (_, found) => {
    for (const locked of packages) found.add(locked);
  });
}

const locked = (name: string, more: Partial<LockedPackage> = {}) => ({ type: 'x', name, version: '1', ...more });

test('a package once, with all that was said of it; needed by one is needed', () => {
  const { packages, gaps } = unitOf([
    locked('b', { development: true, dependsOn: ['x'], licenses: ['MIT'] }),
    locked('a', { development: true }),
    locked('b', { dependsOn: ['y', 'x'], licenses: ['MIT', 'ISC'] }),
    locked('b', { development: true, version: '2' }),
    locked('a', { development: true }),
    locked('b', { development: true }),
  ]);
  expect(gaps).toEqual([]);
  expect(
    packages.map(({ name, version, development, dependsOn, licenses }) => [
      name,
      version,
      development,
      dependsOn,
      licenses,
    ]),
  ).toEqual([
    ['b', '1', undefined, ['x', 'y'], ['MIT', 'ISC']],
    ['a', '1', true, [], []],
    ['b', '2', true, [], []],
  ]);
});

test('what is no name and version is told', () => {
  const { packages, gaps } = unitOf([locked('a b'), locked(''), locked('é'), locked('a', { version: '1\n2' })]);
  expect(packages).toEqual([]);
  expect(gaps.map(({ code }) => code)).toEqual(Array(4).fill('package-record-invalid'));
});

test('packages (limit)', () => {
  expect(unitOf([locked('a'), locked('b'), locked('a')], { packages: 2 }).gaps).toEqual([]);
  const past = unitOf([locked('a'), locked('b'), locked('c'), locked('d'), locked('a', { licenses: ['MIT'] })], {
    packages: 2,
  });
  expect(past.packages.map(({ name, licenses }) => [name, licenses])).toEqual([
    ['a', ['MIT']],
    ['b', []],
  ]);
  expect(past.gaps).toEqual([{ code: 'limit-reached', message: 'more than 2 packages (packages)' }]);
});

test('packageFileBytes (limit)', () => {
  expect(unitOf([locked('a')], { packageFileBytes: 5 }).packages).toHaveLength(1);
  const { packages, gaps } = unitOf([locked('a')], { packageFileBytes: 4 });
  expect(packages).toEqual([]);
  expect(gaps).toEqual([expect.objectContaining({ code: 'limit-reached' })]);
});

test('a hundred thousand mentions of one package end soon', () => {
  const started = performance.now();
  const { packages } = unitOf(Array.from({ length: 100_000 }, (_, i) => locked('a', { dependsOn: [`x${i}`] })));
  expect(packages[0]!.dependsOn).toHaveLength(100_000);
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('lines, and one that is too long (recordFieldBytes)', () => {
  const read = (text: string) => {
    const lines: string[] = [];
    const file = { path: 'x.lock', bytes: new TextEncoder().encode(text) };
    const { gaps } = lockfileUnit(file, readContext({ recordFieldBytes: 4 }), (opened) => {
      eachLockLine(opened, (line, number) => lines.push(`${number} ${line}`));
    });
    return [lines, gaps.map(({ code }) => code)];
  };
  expect(read('a\r\nbcd\n')).toEqual([['1 a', '2 bcd'], []]);
  expect(read('a\nbcdefgh\ni')).toEqual([['1 a', '2 bcde', '3 i'], ['limit-reached']]);
});
