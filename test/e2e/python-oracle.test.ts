import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { python } from '../../services/domain/packages/python/index.ts';

const context = { sha256: () => '', inflate: (bytes: Uint8Array) => bytes, limits: LIMITS };
const runs = (script: string) => spawnSync('python3', ['-c', script]).status === 0;
const ask = (script: string, input: unknown): unknown => {
  return JSON.parse(execFileSync('python3', ['-c', script], { input: JSON.stringify(input), encoding: 'utf8' }));
};

const COMPARE = `
import json, sys
from packaging.version import Version, InvalidVersion
def compare(a, b):
    try: a, b = Version(a), Version(b)
    except InvalidVersion: return 'incomparable'
    return (a > b) - (a < b)
print(json.dumps([compare(a, b) for a, b in json.load(sys.stdin)]))`;

describe.skipIf(!runs('import packaging.version'))('the real packaging (skipped where it is absent)', () => {
  const text = (unit: string) => fc.string({ unit: fc.constantFrom(...unit), maxLength: 8 });
  const parts = [
    'a',
    'b',
    'c',
    'rc',
    'pre',
    'post',
    'rev',
    'r',
    'dev',
    'v',
    '.',
    '-',
    '_',
    '+',
    '!',
    '0',
    '1',
    '01',
    '12',
    '1e5',
  ];
  const near = fc.array(fc.constantFrom(...parts), { maxLength: 6 }).map((more) => `1${more.join('')}`);

  test.each([
    ['versions', fc.tuple(near, near)],
    [
      'neighbours',
      fc.tuple(near, fc.constantFrom('.0', '.1', 'a1', '.dev', '+x', '-1')).map(([a, more]) => [a, a + more]),
    ],
    ['odd texts', fc.tuple(text('01.-_+!av '), near)],
  ])('compares %s as we do', (_, pair) => {
    const pairs = fc.sample(pair as fc.Arbitrary<[string, string]>, { numRuns: 3_000, seed: 20_241_101 });
    const answers = ask(COMPARE, pairs) as unknown[];
    expect(new Set(answers).size).toBeGreaterThan(2);
    const differences = pairs.flatMap(([a, b], i) => {
      const ours = python.compare(a, b);
      return ours === answers[i] ? [] : [{ a, b, ours, packaging: answers[i] }];
    });
    expect(differences).toEqual([]);
  });
});

const LIST = `
import json, sys
from importlib.metadata import distributions
rows = []
for folder in json.load(sys.stdin):
    for d in distributions(path=[folder]):
        rows.append([d.metadata['Name'], d.version, d.metadata.get_all('Requires-Dist') or []])
print(json.dumps(sorted(rows)))`;

const FOLDERS = ['/usr/lib/python3/dist-packages', '/usr/lib/python3/site-packages'].filter(existsSync);

describe.skipIf(FOLDERS.length === 0 || !runs('import importlib.metadata'))(
  'the real importlib.metadata (skipped where there are no packages of the system)',
  () => {
    test('lists the distributions of this host as we do', () => {
      const paths = FOLDERS.flatMap((folder) => {
        return readdirSync(folder).flatMap((name) =>
          [name, `${name}/METADATA`, `${name}/PKG-INFO`].map((path) => join(folder, path)),
        );
      });
      const files = paths
        .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
        .map((path) => ({ path: path.slice(1), bytes: readFileSync(path) }));
      const { units } = python.readDatabase(files, context);
      const ours = units.flatMap(({ packages }) =>
        packages.map(({ name, version, dependsOn }) => [name, version, dependsOn]),
      );
      expect(ours.length).toBeGreaterThan(0);
      // egg-info has its requirements in a file of its own, of which Python makes the header.
      const theirs = ask(LIST, FOLDERS) as [string, string, string[]][];
      expect(ours.map(([name, version]) => `${name} ${version}`).sort()).toEqual(
        theirs.map(([name, version]) => `${name} ${version}`).sort(),
      );
      for (const [name, , dependsOn] of ours.filter((row) => row[2]!.length > 0)) {
        expect(theirs.filter((row) => row[0] === name).map((row) => row[2])).toContainEqual(dependsOn);
      }
    });
  },
);
