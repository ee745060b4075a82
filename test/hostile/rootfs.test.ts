import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, fstatSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { endOf, gapCodes, packagesOf } from '../support/outcome.ts';
import { apkInstalled, dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { runCommand, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';

const place = scratch('rootfs');
const reader = WITHOUT_THREADS;

/** Lies outside every root. Its packages must appear in no report. */
const CANARY = join(place, 'outside');
const canaryStatus = dpkgStatus([{ name: 'canary', version: '1' }]);
write(CANARY, {
  status: canaryStatus,
  'dpkg/status': canaryStatus,
  'os-release': 'ID=canary\nVERSION_ID=1\n',
  'lib/apk/db/installed': apkInstalled([{ name: 'canary', version: '2' }]),
});

const STATUS = dpkgStatus([{ name: 'a', version: '1' }]);
const GOOD = { 'etc/os-release': OS_RELEASE.debian, 'var/lib/dpkg/status': STATUS };
const DATABASE = 'var/lib/dpkg/status';

function write(root: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

let made = 0;
function rootfs(
  files: Readonly<Record<string, string | Buffer>>,
  links: Readonly<Record<string, string>> = {},
): string {
  const root = join(place, `root-${made++}`);
  mkdirSync(root);
  write(root, files);
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  }
  return root;
}
const scanned = (root: string, changes = {}) => scan(`rootfs:${root}`, { reader, ...changes });

const asRoot = process.getuid?.() === 0;
const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const mayMount = asRoot && has('mount') && canMount();

function canMount(): boolean {
  const probe = join(place, 'probe');
  mkdirSync(probe);
  if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', probe]).status !== 0) return false;
  return spawnSync('umount', [probe]).status === 0;
}

describe('links never leave the root', () => {
  test('they are resolved inside it', async () => {
    const inside = `${CANARY}/status`.slice(1);
    const root = rootfs({ 'etc/os-release': OS_RELEASE.debian, [inside]: STATUS }, { [DATABASE]: `${CANARY}/status` });
    const report = await scanned(root);
    expect(packagesOf(report)).toEqual(['a 1']);
    expect(gapCodes(report)).toEqual([]);
  });

  test.each<readonly [string, Readonly<Record<string, string>>]>([
    ['an absolute link', { [DATABASE]: `${CANARY}/status` }],
    ['a relative link', { [DATABASE]: `../../../../outside/status` }],
    ['many ..', { [DATABASE]: `${'../'.repeat(30)}${CANARY.slice(1)}/status` }],
    ['a linked directory', { 'var/lib/dpkg': `${CANARY}/dpkg` }],
    ['a linked /var', { var: CANARY }],
    ['a linked /lib', { lib: `${CANARY}/lib` }],
    ['a link by /proc', { [DATABASE]: `/proc/self/root${CANARY}/status` }],
    ['a link to a link', { [DATABASE]: '/l', l: `${CANARY}/status` }],
    ['os-release', { 'etc/os-release': `${CANARY}/os-release`, 'usr/lib/os-release': '../../../outside/os-release' }],
  ])('%s that points outside', async (_what, links) => {
    const root = rootfs({ 'usr/share/x': '' }, links);
    const report = await scanned(root);
    expect(report.packages).toEqual([]);
    expect(report.image.os).toBeNull();
    expect(report.completeness.status).toBe('partial');
  });

  test.skipIf(!has('strace'))('and nothing outside is even opened (skipped without strace)', async () => {
    const root = rootfs(
      { 'etc/hostname': 'inside' },
      {
        [DATABASE]: `${CANARY}/status`,
        'var/lib/rpm': CANARY,
        'etc/os-release': `${CANARY}/os-release`,
        lib: `${CANARY}/lib`,
      },
    );
    const trace = join(place, 'trace');
    const under = [
      'strace',
      '-f',
      '-qq',
      '-e',
      'trace=open,openat,openat2,readlink,readlinkat,stat,newfstatat,statx',
      '-o',
      trace,
    ];
    const { code } = await runCommand(['scan', '--db', 'starter', '--no-cache', `rootfs:${root}`], '', {
      under,
      timeoutMs: 60_000,
    });
    expect(code).toBe(3);
    const { stdout } = spawnSync('grep', ['-F', `"${CANARY}`, trace], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(spawnSync('grep', ['-c', '-F', `${root}`, trace]).status).toBe(0);
  });

  test('circles, and more links than Linux follows', async () => {
    const chain = Object.fromEntries(Array.from({ length: 45 }, (_, i) => [`l/${i}`, `${i + 1}`]));
    for (const links of [
      { [DATABASE]: 'status' },
      { 'var/lib/dpkg': '/x', x: '/var/lib/dpkg' },
      { ...chain, [DATABASE]: '/l/0' },
    ]) {
      const report = await scanned(
        rootfs(
          {
            'etc/os-release': OS_RELEASE.debian,
            'lib/apk/db/installed': apkInstalled([{ name: 'decoy', version: '1' }]),
          },
          links,
        ),
      );
      expect(gapCodes(report)).toContain('wanted-file-unreadable');
    }
  });

  test('the root itself may be a link; a file or nothing is an error', async () => {
    const link = join(place, 'link-to-root');
    symlinkSync(rootfs(GOOD), link);
    expect(await endOf(scanned(link))).toBe('complete');
    expect(await endOf(scanned(`${link}/`))).toBe('complete');
    expect(await endOf(scanned(join(link, DATABASE)))).toBe('TARGET_UNREADABLE');
    expect(await endOf(scanned(join(link, 'absent')))).toBe('TARGET_NOT_FOUND');
  });
});

describe('what is no regular file', () => {
  test('a FIFO at the database, and FIFOs everywhere: no hang', { timeout: 15_000 }, async () => {
    const root = rootfs({
      'etc/os-release': OS_RELEASE.debian,
      'var/lib/dpkg/x': '',
      'lib/apk/db/x': '',
      'usr/bin/x': '',
    });
    for (const path of [DATABASE, 'lib/apk/db/installed', 'etc/lsb-release', 'usr/bin/fifo'])
      execFileSync('mkfifo', [join(root, path)]);
    const report = await scan(`rootfs:${root}`, { fullInventory: true });
    expect(report.packages).toEqual([]);
    const unreadable = report.completeness.gaps
      .filter(({ code }) => code === 'wanted-file-unreadable')
      .map(({ path }) => path);
    expect(unreadable).toEqual(expect.arrayContaining([DATABASE, 'lib/apk/db/installed']));
  });

  test('a socket at the database', async () => {
    const root = rootfs({ 'etc/os-release': OS_RELEASE.debian, 'var/lib/dpkg/x': '' });
    const server = createServer().listen(join(root, DATABASE));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    expect(gapCodes(await scanned(root))).toEqual(['no-packages', 'wanted-file-unreadable']);
  });

  test.skipIf(!asRoot)(
    'a device that never ends, at the database (skipped unless root)',
    { timeout: 15_000 },
    async () => {
      const root = rootfs({ 'etc/os-release': OS_RELEASE.debian, 'var/lib/dpkg/x': '' });
      if (spawnSync('mknod', [join(root, DATABASE), 'c', '1', '5']).status !== 0) return;
      expect(gapCodes(await scanned(root))).toEqual(['no-packages', 'wanted-file-unreadable']);
    },
  );

  test('/proc, /sys and /dev are left out by name', async () => {
    const root = rootfs({ ...GOOD, 'proc/1/environ': 'x', 'sys/x': 'x', 'dev/x': 'x', 'usr/dev/var/x': 'x' });
    symlinkSync('/proc/self', join(root, 'proc/self'));
    const report = await scanned(root, { limits: { layerEntries: 11 } });
    expect(gapCodes(report)).toEqual([]);
  });

  test.skipIf(!has('setpriv') || !asRoot)(
    'what may not be read is a gap, blocking where a database may be (skipped unless root)',
    async () => {
      const locked = (path: string) => {
        const root = rootfs({ ...GOOD, 'srv/secret/x': 'x' });
        chmodSync(join(root, path), 0);
        return `rootfs:${root}`;
      };
      chmodSync(place, 0o755);
      const under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const asNobody = async (target: string) => {
        const { code, stdout } = await runCommand(
          ['scan', '--db', 'starter', '--no-cache', '--format', 'json', target],
          '',
          { under },
        );
        const { completeness } = JSON.parse(stdout);
        return { code, gaps: completeness.gaps.map((gap: { code: string }) => gap.code) };
      };
      expect(await asNobody(locked('srv/secret'))).toEqual({ code: 0, gaps: ['starter-database', 'unreadable-path'] });
      expect(await asNobody(locked(DATABASE))).toMatchObject({
        code: 3,
        gaps: expect.arrayContaining(['wanted-file-unreadable']),
      });
      expect(await asNobody(locked('var/lib'))).toMatchObject({
        code: 3,
        gaps: expect.arrayContaining(['wanted-file-unreadable']),
      });
      const { code, stderr } = await runCommand(['scan', '--db', 'starter', '--no-cache', locked('.')], '', { under });
      expect({ code, stderr }).toEqual({
        code: expect.toBeOneOf([1, 3]),
        stderr: expect.not.stringContaining('internal error'),
      });
    },
  );
});

describe.skipIf(!mayMount)('another file system below the root (skipped where none may be mounted)', () => {
  function mounted(at: string, files: Readonly<Record<string, string>>): string {
    const root = rootfs({ ...GOOD, [`${at}/.keep`]: '' });
    const point = join(root, at);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', point]);
    onTestFinished(() => void spawnSync('umount', ['-l', point]));
    write(point, files);
    return root;
  }

  test('is a gap, listed or blocking, and read with --cross-mounts', async () => {
    const data = mounted('srv', { 'lib/apk/db/installed': apkInstalled([{ name: 'b', version: '1' }]) });
    expect(gapCodes(await scanned(data))).toEqual(['other-filesystem-skipped']);
    expect(gapCodes(await scanned(data, { crossMounts: true }))).toEqual([]);
    const database = mounted('lib/apk', { 'db/installed': apkInstalled([{ name: 'b', version: '1' }]) });
    const report = await scanned(database);
    expect(gapCodes(report)).toEqual(['wanted-file-unreadable']);
    expect(packagesOf(report)).toEqual(['a 1']);
    expect(packagesOf(await scanned(database, { crossMounts: true })).sort()).toEqual(['a 1', 'b 1']);
  });
});

describe('shapes', () => {
  test('directories deeper than paths can be', async () => {
    const root = rootfs(GOOD);
    // By relative steps, as no path can name the deepest.
    const script =
      'process.chdir(process.argv[1]); for (let i = 0; i < 700; i++) { fs.mkdirSync("deeper"); process.chdir("deeper"); }';
    execFileSync(process.execPath, ['-e', script, root]);
    const report = await scanned(root);
    expect(packagesOf(report)).toEqual(['a 1']);
    expect(gapCodes(report)).toEqual(['limit-reached']);
    const removed = spawnSync('rm', ['-rf', join(root, 'deeper')]);
    expect(removed.status).toBe(0);
  });

  test('a huge directory', { timeout: 30_000 }, async () => {
    const root = rootfs({ ...GOOD, 'srv/x': '' });
    execFileSync('sh', ['-c', 'cd "$1" && seq 1 8000 | xargs touch', 'sh', join(root, 'srv')]);
    expect(await endOf(scanned(root))).toBe('complete');
    expect(await endOf(scanned(root, { limits: { layerEntries: 5_000 } }))).toMatch(/limit-reached/);
  });

  test('names that are no text', async () => {
    const root = rootfs({ ...GOOD, 'var/lib/dpkg/status.d/x': 'Package: x\nVersion: 1\n' });
    for (const name of ['y\xff', 'z\xfe', '\n', '\x1b[2J']) {
      writeFileSync(
        Buffer.concat([Buffer.from(`${root}/var/lib/dpkg/status.d/`), Buffer.from(name, 'latin1')]),
        `Package: p${name.charCodeAt(0)}\nVersion: 1\n`,
      );
    }
    const report = await scanned(root);
    expect(packagesOf(report).sort()).toEqual(['a 1', 'p10 1', 'p121 1', 'p122 1', 'p27 1', 'x 1']);
  });

  test('a database that grows while it is read ends at the limit, not never', { timeout: 15_000 }, async () => {
    const root = rootfs(GOOD);
    const path = join(root, DATABASE);
    const fd = openSync(path, 'a');
    // Just fits when the scan begins, and grows by each reading: the walk asks for the next piece, and there is one.
    const limit = 8 << 20;
    writeSync(fd, Buffer.alloc(limit - fstatSync(fd).size, 'x'));
    const chunk = Buffer.alloc(1 << 20, 'x');
    const writer = setInterval(() => writeSync(fd, chunk), 0);
    try {
      const report = await scan(`rootfs:${root}`, { limits: { wantedFileBytes: limit } });
      const { gaps } = report.completeness;
      expect(gaps).toContainEqual(expect.objectContaining({ message: expect.stringContaining('wantedFileBytes') }));
    } finally {
      clearInterval(writer);
    }
  });

  test('a directory that is swapped for a link to the outside, over and over', { timeout: 30_000 }, async () => {
    const root = rootfs({
      'etc/os-release': OS_RELEASE.debian,
      'lib/apk/db/installed': apkInstalled([{ name: 'a', version: '1' }]),
      [DATABASE]: STATUS,
    });
    const swapper = spawn(
      process.execPath,
      [
        fileURLToPath(new URL('../support/swap-directory.ts', import.meta.url)),
        join(root, 'var/lib/dpkg'),
        `${CANARY}/dpkg`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      await once(swapper.stdout, 'data');
      let seen = 0;
      for (let round = 0; round < 100; round++) {
        const report = await scanned(root, { fullInventory: round % 2 === 0 });
        const names = packagesOf(report);
        expect(names).not.toContain('canary 1');
        if (names.length === 2) seen++;
      }
      expect(seen).toBeGreaterThan(0);
    } finally {
      swapper.kill('SIGKILL');
    }
  });
});
