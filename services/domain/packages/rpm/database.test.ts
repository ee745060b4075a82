import { describe, expect, it } from 'vitest';
import {
  buildHeader,
  buildRpmDatabase,
  buildSqliteWithWal,
  listTag,
  numbersTag,
  RPM_FORMATS,
  type RpmPackage,
  textTag,
  wrapRpmHeaders,
} from '../../../../test/support/rpm-databases.ts';
import { LIMITS } from '../../limits.ts';
import { readLoneSidecar, readPackages } from './database.ts';

const path = 'var/lib/rpm/Packages';
const alone = { wal: undefined, journal: undefined };
const read = (bytes: Uint8Array, limits = {}) => readPackages({ path, bytes }, alone, { ...LIMITS, ...limits });
const messages = (bytes: Uint8Array) => read(bytes).gaps.map((gap) => gap.message);

const DIGEST = 'ab'.repeat(32);
const bash: RpmPackage = {
  name: 'bash',
  version: '5.1.8',
  release: '9.el9',
  arch: 'x86_64',
  sourceRpm: 'bash-5.1.8-9.el9.src.rpm',
  vendor: 'Red Hat, Inc.',
  license: 'GPLv3+',
  provides: ['bash', '/bin/sh', 'bash'],
  requires: ['rpmlib(PayloadIsXz)', 'libc.so.6', 'filesystem'],
  files: { '/usr/bin/bash': DIGEST, '/usr/bin/sh': '', '/etc//skel/./.bashrc': DIGEST, '/': '' },
};
const nodejs: RpmPackage = {
  name: 'nodejs',
  epoch: 0,
  version: '18.1',
  release: '1',
  modularity: 'nodejs:18:8060020220523:ad008a3a',
};
const key: RpmPackage = { name: 'gpg-pubkey', version: 'fd431d51', release: '4ae0493b' };

/** Headers of very different lengths: on the page, on some overflow pages, on many. */
const many: RpmPackage[] = Array.from({ length: 40 }, (_, i) => ({
  name: `package-${i}`,
  version: `${i}`,
  release: '1',
  files: Object.fromEntries(Array.from({ length: (i * i) % 97 }, (_, k) => [`/usr/share/p${i}/file-${k}`, DIGEST])),
}));

describe.each(RPM_FORMATS)('an rpm database in %s', (format) => {
  it('lists packages with all that their headers say, without public keys', () => {
    const unit = read(buildRpmDatabase(format, [bash, key, nodejs]));
    expect(unit.gaps).toEqual([]);
    expect(unit.isDatabase).toBe(true);
    expect(unit.packages.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      {
        type: 'rpm',
        name: 'bash',
        version: '5.1.8-9.el9',
        arch: 'x86_64',
        source: { name: 'bash', version: '5.1.8-9.el9' },
        epoch: null,
        modularity: null,
        origin: null,
        vendor: 'Red Hat, Inc.',
        licenses: ['GPLv3+'],
        dependsOn: ['filesystem', 'libc.so.6'],
        provides: ['/bin/sh', 'bash'],
      },
      {
        type: 'rpm',
        name: 'nodejs',
        version: '0:18.1-1',
        arch: null,
        source: null,
        epoch: 0,
        modularity: 'nodejs:18:8060020220523:ad008a3a',
        origin: null,
        vendor: null,
        licenses: ['MIT'],
        dependsOn: [],
        provides: [],
      },
    ]);
    expect(unit.fileLists).toEqual([
      {
        package: 'bash-5.1.8-9.el9.x86_64',
        paths: ['usr/bin/bash', 'usr/bin/sh', 'etc/skel/.bashrc'],
        digests: [`sha256:${DIGEST}`, null, `sha256:${DIGEST}`],
      },
    ]);
  });

  it.each([512, 4_096, 65_536])('reads long and short headers from pages of %d bytes', (pageSize) => {
    const unit = read(
      buildRpmDatabase(format, many, pageSize === 65_536 && format.startsWith('bdb') ? 32_768 : pageSize),
    );
    expect(unit.gaps).toEqual([]);
    expect(unit.packages.map((found) => found.name).sort()).toEqual(many.map((rpm) => rpm.name).sort());
    const files = many.flatMap((rpm) => Object.keys(rpm.files ?? {}).map((file) => file.slice(1)));
    expect(unit.fileLists.flatMap((list) => list.paths).sort()).toEqual(files.sort());
  });

  it('knows an empty database from a broken one', () => {
    expect(read(buildRpmDatabase(format, []))).toMatchObject({ isDatabase: true, packages: [], gaps: [] });
  });

  it('keeps the other records where one is broken, and says which', () => {
    const nameless = buildHeader([textTag(1001, '1'), textTag(1002, '1')]);
    const good = buildHeader([textTag(1000, 'good'), textTag(1001, '1'), textTag(1002, '1')]);
    const unit = read(wrapRpmHeaders(format, [good, nameless, good.subarray(0, 30), good]));
    expect(unit.packages.map((found) => found.name)).toEqual(['good', 'good']);
    expect(unit.gaps.map((gap) => [gap.code, gap.message.replace(/\d/, 'N')])).toEqual([
      ['package-database-broken', expect.stringContaining('header N: a header')],
      ['package-database-broken', expect.stringContaining('header N: a header')],
    ]);
  });

  it('stops at its limits and says so', () => {
    const bytes = buildRpmDatabase(format, [bash, nodejs, bash]);
    for (const limits of [{ packages: 2 }, { ownedFiles: 7 }, { relations: 11 }, { rpmHeaderBytes: 300 }]) {
      expect(read(bytes, limits).gaps.map((gap) => gap.code)).toContain('limit-reached');
    }
    expect(read(bytes, { packages: 3, ownedFiles: 8, relations: 12, rpmHeaderBytes: 2_000 }).gaps).toEqual([]);
  });
});

describe('what is told apart by magic bytes', () => {
  it('reports anything else with its first bytes', () => {
    expect(messages(new Uint8Array(0))).toEqual(['the rpm database is an empty file']);
    expect(messages(Uint8Array.from([1, 2, 255]))).toEqual([expect.stringContaining('starts with 01 02 ff')]);
    expect(messages(new TextEncoder().encode('SQLite format 3\0'))).toEqual([expect.stringContaining('SQLite')]);
  });
});

describe('file lists', () => {
  const base = [textTag(1000, 'old'), textTag(1001, '1'), textTag(1002, '1')];
  const one = (...tags: Parameters<typeof buildHeader>[0]) => {
    return read(wrapRpmHeaders('ndb', [buildHeader([...base, ...tags])]));
  };

  it('reads the whole paths of rpm 3, with MD5 as the digest that needs no naming', () => {
    const md5 = 'cd'.repeat(16);
    expect(one(listTag(1027, ['/bin/a', '/etc/b']), listTag(1035, [md5, ''])).fileLists).toEqual([
      { package: 'old-1-1', paths: ['bin/a', 'etc/b'], digests: [`md5:${md5}`, null] },
    ]);
  });

  it('keeps the package where its files are damaged', () => {
    const lost = one(listTag(1117, ['a', 'b']), listTag(1118, ['/usr/']), numbersTag(1116, [0, 9]));
    expect(lost.fileLists).toEqual([{ package: 'old-1-1', paths: ['usr/a'] }]);
    expect(lost.gaps).toHaveLength(1);
    const uneven = one(listTag(1117, ['a', 'b']), listTag(1118, ['/usr/']), numbersTag(1116, [0]));
    expect(uneven.packages).toHaveLength(1);
    expect(uneven.fileLists).toEqual([]);
    expect(uneven.gaps).toHaveLength(1);
  });

  it('does not keep digests that are none', () => {
    const names = [listTag(1117, ['a']), listTag(1118, ['/']), numbersTag(1116, [0])];
    expect(one(...names, listTag(1035, ['xyz']), numbersTag(5011, [8])).fileLists[0]?.digests).toEqual([null]);
    expect(one(...names, listTag(1035, [DIGEST]), numbersTag(5011, [99])).gaps).toHaveLength(1);
  });
});

describe('listed flaws', () => {
  it('are counted past the limit', () => {
    const broken = wrapRpmHeaders(
      'ndb',
      Array.from({ length: LIMITS.listedFlaws + 5 }, () => new Uint8Array(3)),
    );
    const gaps = messages(broken);
    expect(gaps).toHaveLength(LIMITS.listedFlaws + 1);
    expect(gaps.at(-1)).toBe('5 more flaws of this kind');
  });
});

describe('a write-ahead log', () => {
  const { database, wal } = buildSqliteWithWal([bash], [nodejs, ...many]);
  const readBoth = (log: Uint8Array) =>
    readPackages({ path, bytes: database }, { ...alone, wal: { path: `${path}-wal`, bytes: log } });
  const lone = (bytes: Uint8Array) => readLoneSidecar({ path: 'var/lib/rpm/rpmdb.sqlite-wal', bytes }, LIMITS);

  it('is applied to the database beside it', () => {
    expect(read(database).packages).toHaveLength(1);
    expect(readBoth(wal).gaps).toEqual([]);
    expect(readBoth(wal).packages).toHaveLength(42);
  });

  it('is applied in the other byte order too', () => {
    expect(readBoth(inBigEndian(wal))).toEqual(readBoth(wal));
  });

  it('holds nothing where it is empty, or all of it is from before a checkpoint', () => {
    const left = wal.slice();
    for (let frame = 32; frame < left.length; frame += 24 + 4_096) left[frame + 11]! ^= 1;
    for (const nothing of [new Uint8Array(0), left]) {
      expect(readBoth(nothing)).toEqual(read(database));
      expect(lone(nothing)).toBeNull();
    }
  });

  it('counts up to its last whole transaction', () => {
    // Without the frame that commits, as if the writer was killed.
    const cut = wal.subarray(0, wal.length - (24 + 4_096));
    expect(readBoth(cut)).toMatchObject({ packages: [{ name: 'bash' }], gaps: [] });
  });

  it('is reported where it breaks', () => {
    const flipped = wal.slice();
    flipped[wal.length - 100]! ^= 1;
    expect(readBoth(flipped).gaps.map((gap) => gap.message)).toEqual([expect.stringContaining('log breaks at byte')]);
    expect(readBoth(flipped).packages).toHaveLength(1);
    expect(readBoth(wal.subarray(0, -7)).gaps).toHaveLength(1);
    expect(readBoth(wal.subarray(0, -4_096 - 20)).gaps).toHaveLength(1);
    const otherSalt = wal.slice();
    otherSalt[32 + 2 * (24 + 4_096) + 8]! ^= 1;
    expect(readBoth(otherSalt).gaps).toHaveLength(1);
    const noHeader = wal.slice();
    noHeader[9]! ^= 1;
    expect(readBoth(noHeader).gaps).toHaveLength(1);
  });

  it('is reported where its database lies in another layer', () => {
    expect(lone(wal)).toMatchObject({
      path: 'var/lib/rpm/rpmdb.sqlite-wal',
      isDatabase: false,
      packages: [],
      gaps: [{ code: 'package-database-broken', message: expect.stringContaining('of a lower layer') }],
    });
  });
});

describe('a rollback journal', () => {
  const path = 'var/lib/rpm/rpmdb.sqlite-journal';
  const hot = Uint8Array.from([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 1]);
  const cold = new Uint8Array(512);
  const bytes = buildRpmDatabase('sqlite', [bash]);

  it('is a gap where SQLite would play it back', () => {
    const unit = readPackages({ path: 'p', bytes }, { ...alone, journal: { path, bytes: hot } });
    expect(unit.packages).toHaveLength(1);
    expect(unit.gaps).toMatchObject([{ code: 'package-database-broken', message: expect.stringContaining(path) }]);
    expect(readLoneSidecar({ path, bytes: hot }, LIMITS)?.gaps).toHaveLength(1);
  });

  it('is nothing where it was finished', () => {
    expect(readPackages({ path: 'p', bytes }, { ...alone, journal: { path, bytes: cold } }).gaps).toEqual([]);
    expect(readLoneSidecar({ path, bytes: cold }, LIMITS)).toBeNull();
  });
});

/** The same log as a big-endian machine writes it: other magic, other checksums. */
function inBigEndian(wal: Uint8Array): Uint8Array {
  const out = wal.slice();
  const view = new DataView(out.buffer);
  let first = 0;
  let second = 0;
  const add = (from: number, to: number) => {
    for (let at = from; at < to; at += 8) {
      first = (first + view.getUint32(at) + second) >>> 0;
      second = (second + view.getUint32(at + 4) + first) >>> 0;
    }
  };
  const seal = (at: number) => {
    view.setUint32(at, first);
    view.setUint32(at + 4, second);
  };
  view.setUint32(0, 0x377f0683);
  add(0, 24);
  seal(24);
  for (let at = 32; at < out.length; at += 24 + 4_096) {
    add(at, at + 8);
    add(at + 24, at + 24 + 4_096);
    seal(at + 16);
  }
  return out;
}
