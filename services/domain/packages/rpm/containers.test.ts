import { describe, expect, it } from 'vitest';
import { buildRpmDatabase, type RpmPackage } from '../../../../test/support/rpm-databases.ts';
import { berkeleyDbHeaders } from './berkeley-db.ts';
import type { Report } from './flaw.ts';
import { ndbHeaders } from './ndb.ts';
import { sqliteHeaders } from './sqlite.ts';

/** Single faults planted at known places of each container: what is reported, and how many records are left. */

type Reader = (bytes: Uint8Array, report: Report) => Iterable<Uint8Array>;

function outcome(reader: Reader, bytes: Uint8Array, damage: (view: DataView) => void = () => {}) {
  const copy = bytes.slice();
  damage(new DataView(copy.buffer));
  const flaws: string[] = [];
  const records = [...reader(copy, (flaw) => flaws.push(flaw))].length;
  return { records, flaws: flaws.join('; ') };
}

const packagesWith = (files: number): RpmPackage[] =>
  Array.from({ length: 6 }, (_, i) => ({
    name: `p${i}`,
    version: '1',
    release: '1',
    files: Object.fromEntries(Array.from({ length: files }, (_, k) => [`/usr/share/${i}/file-${k}`, ''])),
  }));

describe('Berkeley DB', () => {
  const PAGE = 512;
  const bytes = buildRpmDatabase('bdb-little', packagesWith(40), PAGE);
  const damaged = (damage: (view: DataView) => void) => outcome(berkeleyDbHeaders, bytes, damage);
  /** Pages 1 and 2 are the buckets; the first chain of overflow pages starts at 3. */
  const at = (page: number, offset: number) => page * PAGE + offset;

  it('reads all records of a sound file', () => {
    expect(outcome(berkeleyDbHeaders, bytes)).toEqual({ records: 6, flaws: '' });
  });

  it.each([
    ['a page size that is none', (v: DataView) => v.setUint32(20, 1_000, true), /page size of 1000/],
    ['an unknown version', (v: DataView) => v.setUint32(16, 4, true), /version 4/],
    ['encryption', (v: DataView) => v.setUint8(24, 1), /encrypted/],
    ['checksums', (v: DataView) => v.setUint8(26, 1), /checksums/],
  ])('reports %s and reads nothing', (_, damage, flaw) => {
    expect(damaged(damage)).toEqual({ records: 0, flaws: expect.stringMatching(flaw) });
  });

  it.each([
    ['a chain that leads back', (v: DataView) => v.setUint32(at(3, 16), 3, true), /page 3 was read before/],
    [
      'a chain that leads outside',
      (v: DataView) => v.setUint32(at(3, 16), 9_999, true),
      /page 9999 is not in the file/,
    ],
    ['a chain that ends early', (v: DataView) => v.setUint32(at(3, 16), 0, true), /its chain ends/],
    ['a chain into a bucket', (v: DataView) => v.setUint32(at(3, 16), 1, true), /page 1 is of type 13/],
    ['an overflow page with too much', (v: DataView) => v.setUint16(at(3, 22), 60_000, true), /holds 60000 bytes/],
    ['an overflow page with nothing', (v: DataView) => v.setUint16(at(3, 22), 0, true), /holds 0 bytes/],
    ['a zeroed overflow page', (v: DataView) => new Uint8Array(v.buffer).fill(0, at(3, 0), at(4, 0)), /of type 0/],
  ])('loses one record to %s', (_, damage, flaw) => {
    expect(damaged(damage)).toEqual({ records: 5, flaws: expect.stringMatching(flaw) });
  });

  it.each([
    ['is zeroed', (v: DataView) => new Uint8Array(v.buffer).fill(0, at(1, 0), at(2, 0)), /3 records found.* counts 7/],
    ['has lost an entry', (v: DataView) => v.setUint16(at(1, 20), 2, true), /4 records found.* counts 7/],
    ['has an odd number of entries', (v: DataView) => v.setUint16(at(1, 20), 3, true), /page 1: 3 entries/],
    ['has more entries than room', (v: DataView) => v.setUint16(at(1, 20), 60_000, true), /60000 entries/],
    ['has items outside', (v: DataView) => v.setUint16(at(1, 26), 600, true), /do not lie between/],
    ['is another page', (v: DataView) => v.setUint32(at(1, 8), 2, true), /page 1: type 13, number 2/],
  ])('reports a bucket that %s', (_, damage, flaw) => {
    const { records, flaws } = damaged(damage);
    expect(records).toBeLessThan(6);
    expect(flaws).toMatch(flaw);
  });

  it('reports a record that poses as the counter', () => {
    const key = new DataView(bytes.buffer, bytes.byteOffset).getUint16(at(2, 26), true);
    expect(damaged((v) => v.setUint32(at(2, key + 1), 0, true)).flaws).toMatch(/record 0 is no counter/);
  });

  it('reports a truncated file', () => {
    expect(outcome(berkeleyDbHeaders, bytes.subarray(0, 1_300)).flaws).toMatch(/truncated: 2 of/);
    expect(outcome(berkeleyDbHeaders, bytes.subarray(0, 100)).flaws).toMatch(/ends at byte 100/);
  });
});

describe('NDB', () => {
  const bytes = buildRpmDatabase('ndb', packagesWith(40));
  const first = 4_096;
  const damaged = (damage: (view: DataView) => void) => outcome(ndbHeaders, bytes, damage);

  it('reads all records of a sound file', () => {
    expect(outcome(ndbHeaders, bytes)).toEqual({ records: 6, flaws: '' });
  });

  it.each([
    ['a slot without its mark', (v: DataView) => v.setUint32(32, 0), /slot at byte 32 is damaged/],
    ['a slot that was half freed', (v: DataView) => v.setUint32(36, 0), /slot at byte 32 is damaged/],
    ['a package in two slots', (v: DataView) => v.setUint32(52, 1, true), /repeats package 1/],
    ['a blob of another package', (v: DataView) => v.setUint32(first + 4, 9, true), /is package 9/],
    ['a blob without its head', (v: DataView) => v.setUint32(first, 0), /no blob header/],
    ['a blob of another length', (v: DataView) => v.setUint32(first + 12, 5, true), /states 5 bytes/],
    ['a blob with other bytes', (v: DataView) => v.setUint32(first + 100, 0xdeadbeef), /fails its checksum/],
    ['a slot that leads outside', (v: DataView) => v.setUint32(40, 0xfffffff, true), /ends beyond the file/],
    ['a slot that leads to the slots', (v: DataView) => v.setUint32(40, 2, true), /lies among the slots/],
    ['a slot of no length', (v: DataView) => v.setUint32(44, 0, true), /has 0 bytes/],
  ])('loses one record to %s', (_, damage, flaw) => {
    expect(damaged(damage)).toEqual({ records: 5, flaws: expect.stringMatching(flaw) });
  });

  it('reports slots that claim more than the file has', () => {
    expect(damaged((v) => v.setUint32(44, 0xffffff, true)).flaws).toMatch(/claim more bytes/);
  });

  it('reports another version, slots beyond the file, and a truncated file', () => {
    expect(damaged((v) => v.setUint32(4, 1, true)).flaws).toMatch(/version 1/);
    expect(damaged((v) => v.setUint32(12, 0, true)).flaws).toMatch(/0 pages of slots/);
    expect(outcome(ndbHeaders, bytes.subarray(0, 2_000)).flaws).toMatch(/1 pages of slots in a file of 2000 bytes/);
    expect(outcome(ndbHeaders, bytes.subarray(0, 20)).flaws).toMatch(/ends at byte 20/);
  });
});

describe('SQLite', () => {
  const PAGE = 1_024;
  const bytes = buildRpmDatabase('sqlite', packagesWith(5), PAGE);
  const read: Reader = (file, report) => sqliteHeaders(file, null, report);
  const damaged = (damage: (view: DataView) => void) => outcome(read, bytes, damage);
  const sound = new DataView(bytes.buffer);
  /** Page 2 is the root of Packages, an interior page; its first cell leads to the first leaf. */
  const root = PAGE;
  const leaf = (sound.getUint32(root + sound.getUint16(root + 12)) - 1) * PAGE;
  const secondCell = sound.getUint16(leaf + 8 + 2);

  it('reads all records of a sound file', () => {
    expect(outcome(read, bytes)).toEqual({ records: 6, flaws: '' });
  });

  it.each([
    ['a page size that is none', (v: DataView) => v.setUint16(16, 1_000), /page size of 1000/],
    [
      'a schema without the table',
      (v: DataView) => new Uint8Array(v.buffer).fill(0x58, 900, 1_024),
      /no table Packages/,
    ],
    ['a root of another type', (v: DataView) => v.setUint8(root, 10), /page 2 is of type 10/],
    ['a zeroed root', (v: DataView) => new Uint8Array(v.buffer).fill(0, root, root + PAGE), /page 2 is of type 0/],
  ])('reports %s and reads nothing', (_, damage, flaw) => {
    expect(damaged(damage)).toEqual({ records: 0, flaws: expect.stringMatching(flaw) });
  });

  it.each([
    ['too many cells', (v: DataView) => v.setUint16(leaf + 3, 60_000), /states 60000 cells/],
    ['no cells', (v: DataView) => v.setUint16(leaf + 3, 0), /is an empty leaf/],
    ['a cell outside', (v: DataView) => v.setUint16(leaf + 8, 2), /cell at byte 2$/],
    ['a cell twice', (v: DataView) => v.setUint16(leaf + 8, secondCell), /row 2 after row 2/],
    ['a row of monstrous length', (v: DataView) => v.setUint32(leaf + secondCell, 0xffffffff), /damaged cell/],
    [
      'a row that is cut off',
      (v: DataView) => v.setUint16(leaf + secondCell, 0x8f7f),
      /page \d+ (overruns|: row 2 breaks|has a cell at byte \d+ that overruns it)/,
    ],
  ])('reports a leaf with %s', (_, damage, flaw) => {
    const { records, flaws } = damaged(damage);
    expect(records).toBeLessThan(6);
    expect(flaws).toMatch(flaw);
  });

  it('reports a truncated file', () => {
    const cut = outcome(read, bytes.subarray(0, bytes.length / 2));
    expect(cut.flaws).toMatch(/truncated/);
    expect(cut.records).toBeLessThan(6);
  });

  it('ends where pages link each other', () => {
    // The root as an interior page whose only child is itself.
    const loop = damaged((v) => {
      v.setUint8(root, 5);
      v.setUint16(root + 3, 0);
      v.setUint32(root + 8, 2);
    });
    expect(loop).toEqual({ records: 0, flaws: 'SQLite: page 2 is linked twice' });
  });
});
