import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apk } from '../../services/domain/packages/apk/index.ts';
import { mutated } from '../support/mutation.ts';
import { readContext } from '../support/read-context.ts';

const context = readContext();
const encode = (text: string) => new TextEncoder().encode(text);

const record = (i: number) =>
  `C:Q1pKhIlA6eRRuaZ6yJJTUTEjI8GnU=\nP:pkg-${i}\nV:1.${i}-r${i}\nA:x86_64\nL:MIT\no:origin-${i}\nD:a b>1\np:cmd:x=1\n` +
  'F:usr/bin\nM:0:0:755\nR:tool\na:0:0:755\nZ:Q17yJ3JFNypA4mxhJJr0ou6CzsJVI=\nF:usr/share\nR:é\n\n';
const installed = (count: number) => encode(Array.from({ length: count }, (_, i) => record(i)).join(''));
const CORPUS = [installed(1), installed(4), installed(30)];

test('a damaged database never throws, never invents, and is never silently empty', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(mutated(CORPUS), (bytes) => {
      const { units } = apk.readDatabase([{ path: 'lib/apk/db/installed', bytes }], context);
      const [unit] = units;
      expect(units).toHaveLength(1);
      for (const { name, version } of unit!.packages) {
        expect(name).toMatch(/^[!-~]+$/);
        expect(version).toMatch(/^[!-~]+$/);
      }
      for (const list of unit!.fileLists) {
        expect(list.digests).toHaveLength(list.paths.length);
        for (const path of list.paths) expect(path.split('/')).not.toEqual(expect.arrayContaining(['..']));
      }
      if (bytes.length > 0 && unit!.packages.length === 0) expect(unit!.gaps).not.toEqual([]);
      expect(unit!.gaps.length).toBeLessThan(100);
    }),
    { numRuns: 3_000 },
  );
});

test('a file cut anywhere but between two records is told', () => {
  const whole = installed(3);
  const ends = new Set([0, 1, 2, 3].map((count) => installed(count).length));
  for (let length = 0; length <= whole.length; length++) {
    const file = { path: 'lib/apk/db/installed', bytes: whole.subarray(0, length) };
    const { gaps } = apk.readDatabase([file], context).units[0]!;
    expect(gaps.some(({ code }) => code === 'package-database-broken')).toBe(!ends.has(length));
  }
});

test('repositories never throw', () => {
  fc.assert(
    fc.property(mutated([encode('@edge https://u:p@example.org/x main\n# no\n/media/cdrom/apks\n')]), (bytes) => {
      const { units } = apk.readDatabase([{ path: 'etc/apk/repositories', bytes }], context);
      for (const repository of units[0]!.repositories) expect(repository).toMatch(/^[^\p{Cc}\s]+$/u);
    }),
    { numRuns: 2_000 },
  );
});
