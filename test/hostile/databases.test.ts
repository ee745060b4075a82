import { describe, expect, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { file, type LayerEntry } from '../support/layer-builder.ts';
import { noise } from '../support/noise.ts';
import { gapCodes, packagesOf } from '../support/outcome.ts';
import { apkInstalled, dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { buildRpmDatabase, buildSqliteWithWal, RPM_FILE_NAMES, RPM_FORMATS } from '../support/rpm-databases.ts';
import { ociTarget, runCommand, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';

const place = scratch('databases');
const reader = WITHOUT_THREADS;

const NAMES = Array.from({ length: 40 }, (_, i) => `package-${i}`);
const RPMS = NAMES.map((name) => ({
  name,
  version: '1',
  release: '1',
  arch: 'x86_64',
  license: 'MIT',
  files: { [`/usr/share/${name}`]: '' },
}));
const TEXT = NAMES.map((name) => ({ name, version: '1-1' }));

/** Controls but the line feed, and what turns the direction of writing. */
const STEERING = /[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u;

interface Format {
  readonly path: string;
  readonly bytes: Buffer;
  /** Also what a cut between two records leaves is a database: nothing can be seen (see the readers). */
  readonly hasSeams: boolean;
}

const FORMATS: Readonly<Record<string, Format>> = {
  dpkg: { path: 'var/lib/dpkg/status', bytes: Buffer.from(dpkgStatus(TEXT)), hasSeams: true },
  apk: { path: 'lib/apk/db/installed', bytes: Buffer.from(apkInstalled(TEXT)), hasSeams: true },
  ...Object.fromEntries(
    RPM_FORMATS.map((format) => {
      const bytes = Buffer.from(buildRpmDatabase(format, RPMS));
      return [`rpm, ${format}`, { path: `var/lib/rpm/${RPM_FILE_NAMES[format]}`, bytes, hasSeams: false }];
    }),
  ),
};

async function target(...entries: readonly LayerEntry[]): Promise<string> {
  return ociTarget(
    place,
    await buildImage({ layers: [{ entries: [file('etc/os-release', OS_RELEASE.debian), ...entries] }] }),
  );
}
const scanned = async (...entries: readonly LayerEntry[]) => scan(await target(...entries), { reader });
// Alone it would make the image look complete.
const decoy = (format: string) =>
  format === 'apk'
    ? file('var/lib/dpkg/status', dpkgStatus([{ name: 'decoy', version: '1' }]))
    : file('lib/apk/db/installed', apkInstalled([{ name: 'decoy', version: '1' }]));

describe.each(Object.entries(FORMATS))('%s', (format, { path, bytes, hasSeams }) => {
  const whole = NAMES.map((name) => `${name} 1-1`).sort();
  const read = async (content: Uint8Array) => scanned(decoy(format), file(path, content));

  /** Broken and told so; never more than the packages that are there. */
  async function expectBroken(content: Uint8Array, what: string): Promise<void> {
    const report = await read(content);
    expect(gapCodes(report), what).toContain('package-database-broken');
    expect(report.completeness.status, what).toBe('partial');
  }

  test('undamaged, it is complete', async () => {
    const report = await read(bytes);
    expect(gapCodes(report)).toEqual([]);
    expect(packagesOf(report).sort()).toEqual(['decoy 1', ...whole]);
  });

  test('cut short', async () => {
    for (let i = 1; i < 24; i++) {
      const end = Math.floor((bytes.length * i) / 24) + (i % 3);
      const cut = bytes.subarray(0, end);
      if (hasSeams && cut.toString('latin1').endsWith('\n\n')) continue;
      await expectBroken(cut, `the first ${end} bytes`);
    }
    // dpkg reads a last record without the empty line behind it.
    await expectBroken(bytes.subarray(0, bytes.length - (format === 'dpkg' ? 2 : 1)), 'all but the last');
    await expectBroken(bytes.subarray(0, 1), 'one byte');
  });

  test('zeroed, overwritten, and something else altogether', async () => {
    await expectBroken(Buffer.alloc(bytes.length), 'zeros');
    await expectBroken(noise(format, Math.ceil(bytes.length / 64)).subarray(0, bytes.length), 'noise');
    await expectBroken(Buffer.from('<html>404 not found</html>\n'), 'a web page');
    for (let i = 0; i < 12; i++) {
      const at = Math.floor(((i + 0.5) * bytes.length) / 12);
      const half = Buffer.from(bytes).fill(0, at);
      await expectBroken(half, `zeros from ${at}`);
    }
    await expectBroken(Buffer.concat([noise('head', 2), bytes]), 'noise before it');
  });

  test('of no bytes', async () => {
    const report = await read(Buffer.alloc(0));
    // dpkg and apk start with an empty file; rpm never has one.
    if (format.startsWith('rpm')) expect(gapCodes(report)).toContain('package-database-broken');
    else expect(packagesOf(report)).toEqual(['decoy 1']);
  });

  test('flipped bits lose no package without a gap', async () => {
    for (let i = 0; i < 60; i++) {
      const at = Math.floor(((i + 0.5) * bytes.length) / 60);
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << (i % 8);
      const report = await read(flipped);
      // Of a damaged Status dpkg says that it is not installed: told, and listed only.
      if (report.packages.length < 41) expect(gapCodes(report), `bit ${i % 8} of byte ${at}`).not.toEqual([]);
    }
  });

  test('broken by a layer above: what it listed below is shown as hidden, and the database as broken', async () => {
    const layers = [
      { entries: [file('etc/os-release', OS_RELEASE.debian), file(path, bytes)] },
      { entries: [file(path, noise('broken', 100))] },
    ];
    const report = await scan(ociTarget(place, await buildImage({ layers })), { reader });
    expect(gapCodes(report)).toContain('package-database-broken');
    expect(report.packages.filter(({ hiddenBy }) => hiddenBy === 1)).toHaveLength(40);
  });
});

describe('what lies beside a database', () => {
  test('a write-ahead log that is cut, zeroed or noise', async () => {
    const { database, wal } = buildSqliteWithWal(RPMS.slice(0, 1), RPMS.slice(1));
    const read = (log: Uint8Array) =>
      scanned(
        file('var/lib/rpm/rpmdb.sqlite', Buffer.from(database)),
        file('var/lib/rpm/rpmdb.sqlite-wal', Buffer.from(log)),
      );
    const whole = await read(wal);
    expect(whole.packages).toHaveLength(40);
    expect(gapCodes(whole)).toEqual([]);
    for (const log of [
      wal.slice(0, wal.length / 2),
      wal.slice(0, 100),
      noise('wal', 100),
      new Uint8Array(wal.length),
    ]) {
      const report = await read(log);
      if (report.packages.length < 40)
        expect(gapCodes(report), `${log.length} bytes`).toContain('package-database-broken');
    }
  });

  test('a log without its database', async () => {
    const { database, wal } = buildSqliteWithWal(RPMS.slice(0, 1), RPMS.slice(1));
    const layers = [
      { entries: [file('etc/os-release', OS_RELEASE.debian), file('var/lib/rpm/rpmdb.sqlite', Buffer.from(database))] },
      { entries: [file('var/lib/rpm/rpmdb.sqlite-wal', Buffer.from(wal))] },
    ];
    const report = await scan(ociTarget(place, await buildImage({ layers })), { reader });
    expect(gapCodes(report)).toContain('package-database-broken');
  });

  test('one broken file of status.d hides no other', async () => {
    const good = (name: string) => file(`var/lib/dpkg/status.d/${name}`, `Package: ${name}\nVersion: 1\n`);
    const report = await scanned(good('a'), file('var/lib/dpkg/status.d/b', noise('b', 4)), good('c'));
    expect(packagesOf(report).sort()).toEqual(['a 1', 'c 1']);
    expect(gapCodes(report)).toContain('package-database-broken');
  });

  test('build information and release files of garbage', async () => {
    const report = await scanned(
      decoy(''),
      file('root/buildinfo/content_manifests/x.json', '{"content_sets":['),
      file('root/buildinfo/labels.json', '['.repeat(100_000)),
      file('etc/lsb-release', noise('lsb', 100)),
      file('etc/redhat-release', '\x1b]0;x\x07'.repeat(100)),
    );
    expect(gapCodes(report)).toEqual(['package-database-broken']);
    expect(report.image.os?.id).toBe('debian');
  });
});

describe('as a command', () => {
  test.each(Object.entries(FORMATS).filter(([format]) => ['dpkg', 'rpm, ndb'].includes(format)))(
    '%s: broken is exit 3, and whole is exit 0',
    async (format, { path, bytes }) => {
      const args = ['scan', '--no-policy', '--db', 'starter', '--no-cache', '--quiet'];
      const broken = await runCommand([
        ...args,
        await target(decoy(format), file(path, bytes.subarray(0, bytes.length - 7))),
      ]);
      expect(broken).toMatchObject({ code: 3, stderr: '' });
      expect(broken.stdout).toContain('package-database-broken');
      expect((await runCommand([...args, await target(decoy(format), file(path, bytes))])).code).toBe(0);
    },
  );

  test('what an image says never reaches a terminal as a command', async () => {
    const steering = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e\r\u0008';
    const status = `Package: a\nStatus: install ok installed\nVersion: 1\nSource: b (${steering})\nMaintainer: ${steering}\nLicense: ${steering}\nDepends: ${steering}\n\nPackage: ${steering}\nStatus: install ok installed\nVersion: ${steering}\n\n`;
    const image = await buildImage({
      name: `evil:${steering}`,
      layers: [
        {
          createdBy: steering,
          entries: [
            file('etc/os-release', `ID=debian\nPRETTY_NAME="${steering}"\nVERSION_ID="${steering}"\n`),
            file('var/lib/dpkg/status', status),
          ],
        },
        {
          createdBy: `RUN ${steering}`,
          entries: [
            file(`../${steering}`),
            file('var/lib/dpkg/status.d/x\u001b[31m', 'garbage'),
            file('etc/apk/repositories', `https://a/${steering}\n`),
          ],
        },
      ],
      config: {
        config: { Labels: { [steering]: steering }, User: steering, Cmd: [steering], Entrypoint: [steering] },
        author: steering,
      },
    });
    const where = ociTarget(place, image);
    for (const format of ['table', 'json']) {
      const { stdout, stderr, code } = await runCommand(['scan', '--no-cache', '--verbose', '--format', format, where]);
      expect(code).toBe(3);
      for (const text of [stdout, stderr]) expect(text).not.toMatch(STEERING);
    }
    const { stderr } = await runCommand(['scan', '--no-cache', `${where}:absent\u001b[31m`]);
    expect(stderr).not.toContain('\u001b');
  });
});
