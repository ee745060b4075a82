import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dpkg } from '../../services/domain/packages/dpkg/index.ts';
import type { Comparison } from '../../services/domain/packages/ecosystem.ts';
import { readContext } from '../support/read-context.ts';

const STATUS = '/var/lib/dpkg/status';
const hasDpkg = spawnSync('dpkg', ['--version']).status === 0;

/** A shell asks dpkg for both relations of each pair: one process of ours for all of them. */
const SCRIPT = `
while IFS= read -r a && IFS= read -r b; do
  dpkg --compare-versions "$a" lt "$b" 2>/dev/null; lt=$?
  if [ $lt -eq 1 ]; then dpkg --compare-versions "$a" eq "$b" 2>/dev/null; eq=$?; else eq=-; fi
  echo "$lt $eq"
done`;

const ANSWERS: Readonly<Record<string, Comparison>> = { '0 -': -1, '1 0': 0, '1 1': 1, '2 -': 'incomparable' };

function oracle(pairs: readonly (readonly [string, string])[]): Comparison[] {
  const input = pairs.map(([a, b]) => `${a}\n${b}\n`).join('');
  const lines = execFileSync('sh', ['-c', SCRIPT], {
    input,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => ANSWERS[line]!);
}

const characters = (all: string, minLength: number, maxLength: number) => {
  return fc.string({ unit: fc.constantFrom(...all), minLength, maxLength });
};
const valid = fc
  .tuple(
    fc.constantFrom('', '', '0:', '1:'),
    characters('0123', 1, 2),
    characters('012.~+aZ', 0, 5),
    fc.constantFrom('', '-1', '-1~b', '-0', '-1+b1'),
  )
  .map((parts) => parts.join(''));
// Never a leading '-': dpkg would take it for an option.
const odd = characters('01.~+:aé_!@ -', 1, 6).filter((text) => !text.startsWith('-'));

describe.skipIf(!hasDpkg)('the real dpkg (skipped where it is absent)', () => {
  test.each([
    ['valid versions', fc.tuple(valid, valid)],
    ['neighbours', fc.tuple(valid, characters('0~+.a', 1, 2)).map(([a, more]) => [a, a + more] as [string, string])],
    ['odd strings', fc.tuple(odd, fc.oneof(odd, valid))],
  ])('compares %s as we do', (_, pair) => {
    const pairs = fc.sample(pair, { numRuns: 200, seed: 20_241_101 });
    const answers = oracle(pairs);
    expect(new Set(answers).size).toBeGreaterThan(1);
    const differences = pairs.flatMap(([a, b], i) => {
      const ours = dpkg.compare(a, b);
      return ours === answers[i] ? [] : [{ a, b, ours, dpkg: answers[i] }];
    });
    expect(differences).toEqual([]);
  });

  test.skipIf(!existsSync(STATUS))('lists the packages of this host as we do', () => {
    const format =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
      '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${db:Status-Status}\n';
    const listed = execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' }).trimEnd().split('\n');
    const unit = dpkg.readDatabase([{ path: STATUS.slice(1), bytes: readFileSync(STATUS) }], readContext()).units[0]!;
    const rows = unit.packages.map(({ name, version, arch, source }) => {
      return [name, version, arch, source?.name, source?.version ?? version].join('\t');
    });
    const installed = listed.map((line) => line.split('\t')).filter((fields) => fields[5] !== 'config-files');
    expect(rows.sort()).toEqual(installed.map((fields) => fields.slice(0, 5).join('\t')).sort());
    expect(unit.gaps).toEqual([]);
  });

  test.skipIf(!existsSync(STATUS))('knows the files of a package of this host as dpkg-query does', () => {
    const path = '/var/lib/dpkg/info/dpkg.list';
    const listed = execFileSync('dpkg-query', ['-L', 'dpkg'], { encoding: 'utf8' }).trimEnd().split('\n');
    const { units } = dpkg.readDatabase([{ path: path.slice(1), bytes: readFileSync(path) }], readContext());
    const paths = listed.filter((line) => line.startsWith('/') && line !== '/.').map((line) => line.slice(1));
    expect(units[0]!.fileLists).toEqual([{ package: 'dpkg', paths }]);
  });
});
