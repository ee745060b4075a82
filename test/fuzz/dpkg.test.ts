import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dpkg } from '../../services/domain/packages/dpkg/index.ts';
import { mutated } from '../support/mutation.ts';
import { readContext } from '../support/read-context.ts';

const context = readContext();
const encode = (text: string) => new TextEncoder().encode(text);

const stanza = (i: number) =>
  `Package: lib-${i}\nStatus: install ok installed\nSource: src-${i} (${i}.0-1)\nVersion: ${i % 3}:1.${i}-1\n` +
  `Architecture: amd64\nDepends: libc6 (>= 2.14),\n a | b\nDescription: number ${i}\n more of it: é\n .\n\n`;
const status = (count: number) => encode(Array.from({ length: count }, (_, i) => stanza(i)).join(''));
const CORPUS = [status(1), status(5), status(40), encode(stanza(3).replaceAll('\n', '\r\n'))];
const LIST = encode('/.\n/usr\n/usr/bin\n/usr/bin/a\n/usr/share/é\n');
const MD5SUMS = encode('d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n'.repeat(5));

test('a damaged status never throws, never invents, and is never silently empty', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(mutated(CORPUS), fc.constantFrom('status', 'status.d/x'), (bytes, name) => {
      const { units } = dpkg.readDatabase([{ path: `var/lib/dpkg/${name}`, bytes }], context);
      const [unit] = units;
      expect(units).toHaveLength(1);
      for (const record of unit!.packages) {
        expect(record.name).toMatch(/^[!-~]+$/);
        expect(record.version).toMatch(/^[!-~]+$/);
      }
      // "Not installed" is no damage: a flipped bit in Status makes an unknown word, never one of the two that mean it.
      if (bytes.length > 0 && unit!.packages.length === 0) expect(unit!.gaps).not.toEqual([]);
      expect(unit!.gaps.length).toBeLessThan(100);
    }),
    { numRuns: 3_000 },
  );
});

test('a damaged file list never throws and owns no path outside', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(mutated([LIST, MD5SUMS]), fc.constantFrom('list', 'md5sums'), (bytes, kind) => {
      const { units } = dpkg.readDatabase([{ path: `var/lib/dpkg/info/a.${kind}`, bytes }], context);
      const [list] = units[0]!.fileLists;
      for (const path of list!.paths) expect(path.split('/')).not.toEqual(expect.arrayContaining(['..']));
      if (list!.digests !== undefined) expect(list!.digests).toHaveLength(list!.paths.length);
    }),
    { numRuns: 2_000 },
  );
});
