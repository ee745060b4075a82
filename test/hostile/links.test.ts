import { describe, expect, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { directory, file, hardLink, type LayerEntry, opaque, symlink, whiteout } from '../support/layer-builder.ts';
import { endOf, gapCodes, packagesOf } from '../support/outcome.ts';
import { apkInstalled, dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { buildRpmDatabase } from '../support/rpm-databases.ts';
import { ociTarget, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';
import { concat, END, paxHeader, rawEntry, rawFlood } from '../support/tar-blocks.ts';

const place = scratch('links');
const reader = WITHOUT_THREADS;

const RELEASE = file('etc/os-release', OS_RELEASE.debian);
const STATUS = dpkgStatus([
  { name: 'a', version: '1' },
  { name: 'b', version: '2' },
]);
const FOUND = ['a 1', 'b 2'];
const status = (path: string) => file(path, STATUS);

type Layer = readonly LayerEntry[] | Buffer;

/** An image of these layers above one with an os-release. */
async function image(...layers: readonly Layer[]): Promise<string> {
  const specs = layers.map((layer) => (Buffer.isBuffer(layer) ? { tar: layer } : { entries: layer }));
  return ociTarget(place, await buildImage({ layers: [{ entries: [RELEASE] }, ...specs] }));
}
const reportOf = async (...layers: readonly Layer[]) => scan(await image(...layers), { reader });
const tarImage = async (tar: Uint8Array) =>
  ociTarget(place, await buildImage({ layers: [{ entries: [RELEASE] }, { tar: Buffer.from(tar) }] }));

describe('a package database is found wherever its name leads', () => {
  const DATABASE = 'var/lib/dpkg/status';
  const rpm = Buffer.from(
    buildRpmDatabase('sqlite', [
      { name: 'a', version: '1', release: '1' },
      { name: 'b', version: '2', release: '2' },
    ]),
  );
  const apk = apkInstalled([
    { name: 'a', version: '1' },
    { name: 'b', version: '2' },
  ]);
  const chain = (length: number) =>
    Array.from({ length }, (_, i) => symlink(`opt/l${i}`, i + 1 === length ? '/opt/real' : `l${i + 1}`));

  test.each<readonly [string, readonly (readonly LayerEntry[])[], readonly string[]]>([
    ['an absolute link', [[status('opt/db'), symlink(DATABASE, '/opt/db')]], FOUND],
    ['a relative link', [[status('opt/db'), symlink(DATABASE, '../../../opt/db')]], FOUND],
    [
      'more .. than there are directories',
      [[status('opt/db'), symlink(DATABASE, '../../../../../../../../opt/db')]],
      FOUND,
    ],
    ['a link into a layer above', [[symlink(DATABASE, '/opt/db')], [status('opt/db')]], FOUND],
    ['a link from a layer above', [[status('opt/db')], [symlink(DATABASE, '/opt/db')]], FOUND],
    [
      'a hard link to an earlier temporary file',
      [[status('var/lib/dpkg/status-new'), hardLink(DATABASE, 'var/lib/dpkg/status-new')]],
      FOUND,
    ],
    ['a hard link to a file of a layer below', [[status('opt/db')], [hardLink(DATABASE, 'opt/db')]], FOUND],
    ['a hard link to a hard link', [[status('tmp/1'), hardLink('tmp/2', 'tmp/1'), hardLink(DATABASE, 'tmp/2')]], FOUND],
    [
      'a hard link to a temporary file that the next layer deletes',
      [[status('tmp/1'), hardLink(DATABASE, 'tmp/1')], [whiteout('tmp/1')]],
      FOUND,
    ],
    ['a linked directory', [[status('opt/dpkg/status'), symlink('var/lib/dpkg', '/opt/dpkg')]], FOUND],
    ['a linked /var', [[status('mnt/lib/dpkg/status'), symlink('var', 'mnt')]], FOUND],
    [
      'a linked directory that a layer above writes through',
      [[directory('opt/dpkg'), symlink('var/lib/dpkg', '/opt/dpkg')], [status('opt/dpkg/status')]],
      FOUND,
    ],
    ['a chain of 38 links', [[status('opt/real'), ...chain(38), symlink(DATABASE, '/opt/l0')]], FOUND],
    ['names with ./ and //', [[status('./var//lib/./dpkg/status')]], FOUND],
    ['an absolute name', [[status('/var/lib/dpkg/status')]], FOUND],
    ['a name with ..', [[status('usr/../var/lib/x/../dpkg/status')]], FOUND],
    ['a name that leaves the root', [[status('../../var/lib/dpkg/status')]], FOUND],
    ['the last of two of one name', [[file(DATABASE, ''), status(DATABASE)]], FOUND],
    ['and not the first', [[file(DATABASE, dpkgStatus([{ name: 'z', version: '0' }])), status(DATABASE)]], FOUND],
    [
      'status.d behind a link',
      [
        [
          file('opt/d/a', 'Package: a\nVersion: 1\n'),
          file('opt/d/b', 'Package: b\nVersion: 2\n'),
          symlink('var/lib/dpkg/status.d', '/opt/d'),
        ],
      ],
      FOUND,
    ],
    [
      'rpm behind a linked directory',
      [[file('opt/rpm/rpmdb.sqlite', rpm), symlink('var/lib/rpm', '../../opt/rpm')]],
      ['a 1-1', 'b 2-2'],
    ],
    [
      'rpm behind a link',
      [[file('opt/x', rpm), symlink('usr/lib/sysimage/rpm/rpmdb.sqlite', '/opt/x')]],
      ['a 1-1', 'b 2-2'],
    ],
    ['apk behind a link', [[file('opt/x', apk), symlink('lib/apk/db/installed', '/opt/x')]], FOUND],
    ['apk after a usr-merge', [[file('usr/lib/apk/db/installed', apk), symlink('lib', 'usr/lib')]], FOUND],
  ])('%s', async (_what, layers, packages) => {
    const report = await reportOf(...layers);
    expect(packagesOf(report)).toEqual(packages);
    expect(report.completeness.gaps.filter((gap) => gap.class === 'blocking')).toEqual([]);
  });

  test('os-release behind links', async () => {
    const layers = [
      [
        status(DATABASE),
        file('usr/lib/os-release', OS_RELEASE.debian),
        symlink('etc/os-release', '../usr/lib/os-release'),
      ],
    ];
    for (const moved of [layers, [[...layers[0]!, symlink('usr/lib', '/opt/lib')]]]) {
      const target = ociTarget(place, await buildImage({ layers: moved.map((entries) => ({ entries })) }));
      const report = await scan(target, { reader });
      if (moved === layers) expect(report.image.os?.id).toBe('debian');
      else expect(gapCodes(report)).not.toEqual([]);
    }
  });
});

describe('a package database that cannot be read is a gap', () => {
  // Beside another database, which alone would make the image look complete.
  const DECOY = file('lib/apk/db/installed', apkInstalled([{ name: 'decoy', version: '1' }]));
  const DATABASE = 'var/lib/dpkg/status';
  const chain = Array.from({ length: 45 }, (_, i) => symlink(`opt/l${i}`, `l${i + 1}`));

  test.each<readonly [string, readonly (readonly LayerEntry[])[], string]>([
    ['a link to itself', [[DECOY, symlink(DATABASE, 'status')]], 'wanted-file-unreadable'],
    [
      'links in a circle',
      [[DECOY, symlink(DATABASE, '/opt/x'), symlink('opt/x', '/var/lib/dpkg/status')]],
      'wanted-file-unreadable',
    ],
    [
      'a directory in a circle',
      [[DECOY, symlink('var/lib/dpkg', '/opt/d'), symlink('opt/d', '/var/lib/dpkg')]],
      'wanted-file-unreadable',
    ],
    [
      'a chain of more links than Linux follows',
      [[DECOY, status('opt/l45'), ...chain, symlink(DATABASE, '/opt/l0')]],
      'wanted-file-unreadable',
    ],
    ['a dangling link', [[DECOY, symlink(DATABASE, '/nowhere')]], 'wanted-file-unreadable'],
    ['a link to /proc', [[DECOY, symlink(DATABASE, '/proc/self/environ')]], 'wanted-file-unreadable'],
    ['a hard link to nothing', [[DECOY, hardLink(DATABASE, 'nowhere')]], 'wanted-file-unreadable'],
    ['a hard link to itself', [[DECOY, hardLink(DATABASE, DATABASE)]], 'wanted-file-unreadable'],
    ['a FIFO', [[DECOY, { path: DATABASE, type: 'fifo' }]], 'wanted-file-unreadable'],
    ['a device', [[DECOY, { path: DATABASE, type: 'character-device' }]], 'wanted-file-unreadable'],
    [
      'a link to a FIFO',
      [[DECOY, { path: 'opt/fifo', type: 'fifo' }, symlink(DATABASE, '/opt/fifo')]],
      'wanted-file-unreadable',
    ],
    ['a deleted database', [[DECOY, status(DATABASE)], [whiteout(DATABASE)]], 'package-database-removed'],
    ['a deleted directory', [[DECOY, status(DATABASE)], [whiteout('var/lib')]], 'package-database-removed'],
    ['an emptied directory', [[DECOY, status(DATABASE)], [opaque('var/lib/dpkg')]], 'package-database-removed'],
    ['an emptied database', [[DECOY, status(DATABASE)], [file(DATABASE, '')]], 'package-database-removed'],
    [
      'a database replaced by a directory',
      [[DECOY, status(DATABASE)], [directory(DATABASE)]],
      'package-database-removed',
    ],
    [
      'a directory replaced by a file',
      [[DECOY, status(DATABASE)], [file('var/lib/dpkg', 'x')]],
      'package-database-removed',
    ],
    [
      'a directory replaced by a link to an empty one',
      [
        [DECOY, status(DATABASE)],
        [directory('empty'), symlink('var/lib/dpkg', '/empty')],
      ],
      'package-database-removed',
    ],
    [
      'a link whose target a layer above deletes',
      [[DECOY, status('opt/db'), symlink(DATABASE, '/opt/db')], [whiteout('opt/db')]],
      'package-database-removed',
    ],
  ])('%s', async (_what, layers, code) => {
    const report = await reportOf(...layers);
    expect(packagesOf(report)).toEqual(['decoy 1']);
    expect(gapCodes(report)).toContain(code);
    expect(report.completeness.status).toBe('partial');
    if (code !== 'package-database-removed') return;
    const hidden = report.packages.filter(({ hiddenBy }) => hiddenBy === layers.length);
    expect(hidden.map(({ name, version }) => `${name} ${version}`)).toEqual(FOUND);
  });

  test('os-release in a circle, or nowhere', async () => {
    for (const target of ['os-release', '/nowhere']) {
      const layers = [{ entries: [status(DATABASE), symlink('etc/os-release', target)] }];
      const report = await scan(ociTarget(place, await buildImage({ layers })), { reader });
      expect(packagesOf(report)).toEqual(FOUND);
      expect(report.completeness.status).toBe('partial');
    }
  });

  test('a whiteout never hits its own layer', async () => {
    expect(packagesOf(await reportOf([status(DATABASE), whiteout(DATABASE), opaque('var/lib/dpkg')]))).toEqual(FOUND);
  });
});

describe('links that multiply', () => {
  /** Bounded work: the answer comes in seconds, and says what it did not follow. */
  const bounded = { timeout: 20_000 };

  test('directories full of links to themselves', bounded, async () => {
    const links = Array.from({ length: 6 }, (_, i) => symlink(`var/lib/dpkg/d${i}`, '.'));
    const report = await reportOf([status('var/lib/dpkg/status'), ...links]);
    expect(packagesOf(report)).toEqual(FOUND);
    expect(report.completeness.status).toBe('partial');
  });

  test('many links to one huge directory', bounded, async () => {
    const files = rawFlood(30_000, (i) => ({ name: `opt/big/f${i}` }));
    const links = rawFlood(2_000, (i) => ({ name: `var/lib/dpkg/d${i}`, linkName: '/opt/big' }), '2');
    const target = await image([status('var/lib/dpkg/status')], files, links);
    const report = await scan(target, { reader, limits: { searchedEntries: 200_000 } });
    expect(packagesOf(report)).toEqual(FOUND);
    expect(gapCodes(report)).toEqual(['limit-reached']);
  });

  test('layers that each move the same links', bounded, async () => {
    const links = (to: string) =>
      Array.from({ length: 200 }, (_, i) => symlink(`var/lib/dpkg/info/p${i}.list`, `/opt/${to}/${i}`));
    const layers = Array.from({ length: 40 }, (_, i) => links(`t${i}`));
    const report = await reportOf([status('var/lib/dpkg/status')], ...layers);
    expect(packagesOf(report)).toEqual(FOUND);
  });

  test('a layer with many links, and another that writes through them and deletes behind them', bounded, async () => {
    const count = 20_000;
    const links = rawFlood(count, (i) => ({ name: `l/${i}`, linkName: `/real/${i}` }), '2');
    const through = rawFlood(count, (i) => ({ name: `l/${i}/file` }));
    const deleted = rawFlood(count, (i) => ({ name: `l/${i}/.wh.gone` }));
    const report = await reportOf([status('var/lib/dpkg/status')], links, through, deleted);
    expect(packagesOf(report)).toEqual(FOUND);
    const one = Buffer.concat([links.subarray(0, -1_024), through.subarray(0, -1_024), deleted]);
    expect(packagesOf(await reportOf([status('var/lib/dpkg/status')], one))).toEqual(FOUND);
  });

  test('a whiteout flood beside a large database', bounded, async () => {
    const records = Array.from({ length: 2_000 }, (_, i) =>
      file(`var/lib/dpkg/status.d/p${i}`, `Package: p${i}\nVersion: 1\n`),
    );
    const flood = rawFlood(60_000, (i) => ({ name: `srv/.wh.f${i}` }));
    const report = await reportOf(records, flood, flood, flood);
    expect(report.packages).toHaveLength(2_000);
    expect(await endOf(Promise.resolve(report))).toBe('complete');
  });

  test('a target with as many components as fit in it, and one too many bytes', async () => {
    const link = (bytes: number) =>
      concat(paxHeader({ linkpath: 'a/'.repeat(bytes / 2) }), rawEntry({ name: 'var/lib/dpkg', type: '2' }), END);
    expect(await endOf(scan(await tarImage(link(4_096)), { reader }))).toMatch(/no-packages/);
    const dots = concat(
      paxHeader({ linkpath: '../'.repeat(1_365) }),
      rawEntry({ name: 'var/lib/dpkg', type: '2' }),
      END,
    );
    expect(await endOf(scan(await tarImage(dots), { reader }))).toMatch(/no-packages/);
    expect(await endOf(scan(await tarImage(link(4_098)), { reader }))).toMatch(/limit-reached/);
    expect(await endOf(scan(await tarImage(link(900_000)), { reader }))).toMatch(/limit-reached/);
  });
});

test('names that are no text stay apart, and no name reaches a terminal raw', async () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1');
  const tar = concat(
    rawEntry({ name: bytes('var/lib/dpkg/status.d/a\xff') }, 'Package: a\nVersion: 1\n'),
    rawEntry({ name: bytes('var/lib/dpkg/status.d/a\xfe') }, 'Package: b\nVersion: 2\n'),
    rawEntry({ name: bytes('var/lib/dpkg/status.d/\x1b[31m') }, 'Package: c\nVersion: 3\n'),
    END,
  );
  const report = await scan(await tarImage(tar), { reader });
  expect(packagesOf(report).sort()).toEqual(['a 1', 'b 2', 'c 3']);
});
