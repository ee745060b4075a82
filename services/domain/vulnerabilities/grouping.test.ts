import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupByVulnerability } from './grouping.ts';

const record = (id: string, ...aliases: string[]) => ({ advisory: { id, aliases } });
const grouped = (...records: readonly ReturnType<typeof record>[]) =>
  groupByVulnerability(records)
    .map(({ id, aliases, items }) => [
      id,
      aliases.join(' '),
      items
        .map(({ advisory }) => advisory.id)
        .sort()
        .join(' '),
    ])
    .sort(([a], [b]) => (a! < b! ? -1 : 1));

describe('groupByVulnerability', () => {
  it('one CVE under all its names', () => {
    const records = [
      record('GHSA-1', 'CVE-2024-0001'),
      record('GO-1', 'CVE-2024-0001', 'GHSA-1'),
      record('PYSEC-1', 'GHSA-1'),
    ];
    expect(grouped(...records)).toEqual([['CVE-2024-0001', 'GHSA-1 GO-1 PYSEC-1', 'GHSA-1 GO-1 PYSEC-1']]);
  });

  it('an erratum is in the group of each CVE that it fixes, and ties nothing together', () => {
    const records = [record('ALSA-1', 'CVE-2024-0001', 'CVE-2024-0002', 'GHSA-9'), record('X-1', 'GHSA-9')];
    expect(grouped(...records)).toEqual([
      ['CVE-2024-0001', 'ALSA-1', 'ALSA-1'],
      ['CVE-2024-0002', 'ALSA-1', 'ALSA-1'],
      ['GHSA-9', 'X-1', 'X-1'],
    ]);
  });

  it('without a CVE by the name that is known best', () => {
    expect(grouped(record('X-1', 'RUSTSEC-1'), record('RUSTSEC-1', 'GHSA-1'))).toEqual([
      ['GHSA-1', 'RUSTSEC-1 X-1', 'RUSTSEC-1 X-1'],
    ]);
  });

  it('aliases in a circle, and to itself', () => {
    expect(grouped(record('A', 'B', 'A'), record('B', 'C'), record('C', 'A'))).toEqual([['A', 'B C', 'A B C']]);
  });

  it('does not depend on the order of the records', () => {
    const name = fc.constantFrom(
      'CVE-2024-0001',
      'CVE-2024-0002',
      'CVE-2024-0003',
      'GHSA-1',
      'GHSA-2',
      'GO-1',
      'X-1',
      'Y-1',
    );
    const some = fc.uniqueArray(
      fc.tuple(name, fc.uniqueArray(name, { maxLength: 3 })).map(([id, aliases]) => record(id, ...aliases)),
      { maxLength: 7, selector: ({ advisory }) => advisory.id },
    );
    fc.assert(
      fc.property(
        some.chain((records) =>
          fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
        ),
        ([records, shuffled]) => {
          expect(grouped(...shuffled)).toEqual(grouped(...records));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('loses no record', () => {
    const records = [record('A'), record('CVE-2024-0001'), record('D', 'CVE-2024-0001', 'CVE-2024-0002')];
    const all = groupByVulnerability(records).flatMap(({ items }) => items);
    expect(new Set(all)).toEqual(new Set(records));
  });
});
