import { execFile, spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loopbackServer } from '../support/loopback-server.ts';
import { REPOSITORY } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { zip } from '../support/zip-builder.ts';

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real command, with the database and its downloads in a directory of the test's own. */
function plimsoll(data: string, ...args: string[]): Promise<Run> {
  const env = { ...process.env, XDG_DATA_HOME: data, PLIMSOLL_DB_DIR: '', NO_PROXY: '*' };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(REPOSITORY, 'services/main.ts'), ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const record = (id: string) => ({
  name: `${id}.json`,
  content: JSON.stringify({
    id,
    modified: '2024-01-01T00:00:00Z',
    affected: ['npm', 'NuGet'].map((ecosystem) => ({ package: { ecosystem, name: 'lodash' }, versions: ['1.0.0'] })),
  }),
});
const FEEDS = ['--feeds', 'osv:npm,kev', '--quiet'];
const KEV = JSON.stringify({
  catalogVersion: '1',
  vulnerabilities: [{ cveID: 'CVE-2024-0001', dateAdded: '2024-01-01' }],
});

describe('plimsoll db update from a mirror', () => {
  test('builds, asks only for what is new, and keeps the installed one when the mirror fails', {
    timeout: 60_000,
  }, async () => {
    const data = await temporaryDirectory();
    let npm: Buffer = zip([record('GHSA-1')]);
    let broken = false;
    const asked: string[] = [];
    const { url } = await loopbackServer((request: IncomingMessage, response: ServerResponse) => {
      const isNpm = request.url!.endsWith('/npm/all.zip');
      const etag = `"${createHash('sha256')
        .update(isNpm ? npm : KEV)
        .digest('hex')
        .slice(0, 8)}"`;
      if (broken) response.writeHead(404).end();
      else if (request.headers['if-none-match'] === etag) {
        asked.push('304');
        response.writeHead(304).end();
      } else if (isNpm || request.url!.includes('known_exploited')) {
        asked.push('200');
        response.writeHead(200, { etag }).end(isNpm ? npm : KEV);
      } else response.writeHead(404).end();
    });
    const update = ['db', 'update', '--mirror', url, ...FEEDS];

    const first = await plimsoll(data, ...update);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    // A record of npm names a package of NuGet too, for which nothing else speaks.
    expect(first.stdout).toContain('1 advisories for 2 packages in 2 feeds');
    expect(asked.sort()).toEqual(['200', '200']);

    npm = zip([record('GHSA-1'), record('GHSA-2')]);
    const second = await plimsoll(data, ...update);
    expect(second.stdout).toContain('2 advisories');
    expect(asked.sort()).toEqual(['200', '200', '200', '304']);
    const status = JSON.parse((await plimsoll(data, 'db', 'status', '--json')).stdout);
    expect(status.feeds).toMatchObject([
      { ecosystem: 'KEV' },
      { ecosystem: 'npm', records: 2, fetched: expect.stringMatching(/^20/) },
    ]);

    broken = true;
    const third = await plimsoll(data, ...update);
    expect(third).toMatchObject({ code: 0 });
    expect(third.stderr).toMatch(/warning: osv:npm: .*status 404.*The copy of 20.* is used/);

    // What comes whole and is no feed replaces nothing, and is asked for anew next time.
    broken = false;
    npm = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(500)]);
    const fourth = await plimsoll(data, ...update);
    expect(fourth.code).toBe(0);
    expect(fourth.stderr).toMatch(/no end record[\s\S]*the installed one is used: built 20.*old/);
    expect(JSON.parse((await plimsoll(data, 'db', 'status', '--json')).stdout).counts.records).toBe(2);
  });

  test('a feed that shrinks is not taken silently', { timeout: 60_000 }, async () => {
    const data = await temporaryDirectory();
    const many = (count: number) => zip(Array.from({ length: count }, (_, i) => record(`GHSA-${i}`)));
    let npm: Buffer = many(200);
    const { url } = await loopbackServer((request, response) => {
      response.end(request.url!.endsWith('/npm/all.zip') ? npm : KEV);
    });
    const update = ['db', 'update', '--mirror', url, ...FEEDS];
    const records = async () => JSON.parse((await plimsoll(data, 'db', 'status', '--json')).stdout).counts.records;
    expect(await plimsoll(data, ...update)).toMatchObject({ code: 0, stderr: '' });

    // Half of the bytes are gone: the last copy is used.
    npm = many(80);
    const smaller = await plimsoll(data, ...update);
    expect(smaller.code).toBe(0);
    expect(smaller.stderr).toMatch(
      /warning: osv:npm: It has shrunk: \d+ bytes, and \d+ before .*The copy of 20.* is used/,
    );
    expect(await records()).toBe(200);

    // As many bytes, and hardly a record that is read: the installed database is used.
    npm = zip([
      ...Array.from({ length: 190 }, (_, i) => ({
        ...record(`GHSA-${i}`),
        content: `{"id": "", "pad": "${'x'.repeat(99)}"}`,
      })),
      record('GHSA-1'),
    ]);
    const empty = await plimsoll(data, ...update);
    expect(empty.code).toBe(0);
    expect(empty.stderr).toMatch(/npm \(osv\): 1 records, and 200 before[\s\S]*the installed one is used: built 20/);
    expect(await records()).toBe(200);

    npm = many(80);
    expect(await plimsoll(data, ...update, '--allow-shrunk')).toMatchObject({ code: 0, stderr: '' });
    expect(await records()).toBe(80);
  });

  test('errata of rpm repositories, which move, are found by what names them; one that cannot be had is told', {
    timeout: 60_000,
  }, async () => {
    const data = await temporaryDirectory();
    const repository = '/cdn.amazonlinux.com/al2023/core/guids/0a1b';
    let isHalf = false;
    const errata = `<updates><update type="security"><id>ALAS2023-2024-1</id><issued date="2024-01-01 00:00:00"/>
      <references><reference id="CVE-2024-0001" type="cve"/></references>
      <pkglist><collection><name>Amazon Linux 2023</name>
      <package name="curl" version="8.5.0" release="1.amzn2023" epoch="0" arch="aarch64"/></collection></pkglist></update></updates>`;
    const { url } = await loopbackServer((request, response) => {
      const path = request.url!;
      if (path.includes('known_exploited')) response.end(KEV);
      else if (path.endsWith('/mirror.list') && !(isHalf && path.includes('x86_64')))
        response.end(`https:/${repository}/\n`);
      else if (path === `${repository}/repodata/repomd.xml`) {
        response.end('<repomd><data type="updateinfo"><location href="repodata/u.xml.gz"/></data></repomd>');
      } else if (path === `${repository}/repodata/u.xml.gz`) response.end(gzipSync(errata));
      else response.writeHead(404).end();
    });
    const feeds = ['updateinfo:amazon-2023-aarch64', 'updateinfo:oracle-9-baseos-x86_64', 'kev'];
    const { code, stderr } = await plimsoll(data, 'db', 'update', '--mirror', url, '--feeds', feeds.join(), '--quiet');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: updateinfo:oracle-9-baseos-x86_64: .*status 404.*$/m);
    const status = JSON.parse((await plimsoll(data, 'db', 'status', '--json')).stdout);
    expect(status.feeds).toMatchObject([{ ecosystem: 'Amazon Linux:2023', records: 1 }, { ecosystem: 'KEV' }]);

    // With one architecture missing, the other would make all packages of the missing one seem sound.
    isHalf = true;
    const other = await temporaryDirectory();
    const half = await plimsoll(other, 'db', 'update', '--mirror', url, '--feeds', feeds.join(), '--quiet');
    expect(half.code).toBe(0);
    expect(half.stderr).toMatch(/Nothing is taken of Amazon Linux 2023, .* missing: updateinfo:amazon-2023-x86_64/);
    const halfStatus = JSON.parse((await plimsoll(other, 'db', 'status', '--json')).stdout);
    expect(halfStatus.feeds).toMatchObject([{ ecosystem: 'KEV' }]);
  });

  test('without a database, a failure is an error; with --allow-missing it is told', { timeout: 60_000 }, async () => {
    const data = await temporaryDirectory();
    const { url } = await loopbackServer((request, response) => {
      if (request.url!.includes('known_exploited')) response.end(KEV);
      else response.writeHead(404).end();
    });
    const failed = await plimsoll(data, 'db', 'update', '--mirror', url, ...FEEDS);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/1 feed could not be fetched: osv:npm\..*\[DOWNLOAD_FAILED\]/);
    const without = await plimsoll(data, 'db', 'update', '--mirror', url, ...FEEDS, '--allow-missing');
    expect(without.code).toBe(0);
  });

  test('--offline asks nobody', async () => {
    const { url, requests } = await loopbackServer((_, response) => response.end());
    const { code, stderr } = await plimsoll(await temporaryDirectory(), 'db', 'update', '--offline', '--mirror', url);
    expect([code, requests.length]).toEqual([1, 0]);
    expect(stderr).toContain('--offline');
  });
});

describe('connections, as strace sees them (skipped where there is none)', () => {
  const strace = spawnSync('strace', ['-V']).status === 0;
  const inet = async (...args: string[]): Promise<boolean> => {
    const work = await temporaryDirectory();
    const log = join(work, 'strace');
    const command = [process.execPath, join(REPOSITORY, 'services/main.ts'), ...args];
    const env = { ...process.env, XDG_DATA_HOME: work, XDG_CACHE_HOME: work, PLIMSOLL_DB_DIR: '', NO_PROXY: '*' };
    await new Promise((resolve) => {
      execFile('strace', ['-f', '-o', log, '-e', 'trace=socket,connect', ...command], { env }, resolve);
    });
    return /AF_INET6?\b/.test(await readFile(log, 'utf8'));
  };

  test.skipIf(!strace)('a scan opens none; an update does', { timeout: 120_000 }, async () => {
    const { url } = await loopbackServer((_, response) => response.writeHead(404).end());
    const built = await temporaryDirectory();
    await writeFile(join(built, 'all.zip'), zip([record('GHSA-1')]));
    await plimsoll(built, 'db', 'build', '--from', join(built, 'all.zip'), '--output', join(built, 'db'), '--quiet');
    expect(await inet('scan', '--offline', '--db', join(built, 'db'), `rootfs:${join(REPOSITORY, 'docs')}`)).toBe(
      false,
    );
    expect(await inet('scan', '--offline', '--db', 'starter', `rootfs:${join(REPOSITORY, 'docs')}`)).toBe(false);
    expect(await inet('db', 'update', '--offline', '--mirror', url)).toBe(false);
    expect(await inet('db', 'update', '--mirror', url, '--feeds', 'kev', '--quiet')).toBe(true);
  });
});

describe('plimsoll db update --pull', () => {
  /** A signed database in a file, its keys, and a registry that has it as an artifact behind an anonymous token. */
  async function published() {
    const work = await temporaryDirectory();
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    await writeFile(join(work, 'key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(join(work, 'key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(join(work, 'all.zip'), zip([record('GHSA-1')]));
    await plimsoll(work, 'db', 'build', '--from', join(work, 'all.zip'), '--quiet');
    const exported = await plimsoll(work, 'db', 'export', join(work, 'db.tar.zst'), '--sign', join(work, 'key'));
    expect(exported).toMatchObject({ code: 0 });
    const blob = await readFile(join(work, 'db.tar.zst'));
    const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
    const manifest = JSON.stringify({ schemaVersion: 2, layers: [{ digest, size: blob.length }] });
    return { blob, manifest, digest, key: join(work, 'key.pem') };
  }

  test('from an https or http address, and from a registry', { timeout: 60_000 }, async () => {
    const { blob, manifest, digest, key } = await published();
    const { url } = await loopbackServer((request, response) => {
      const path = request.url!;
      if (path === '/db.tar.zst') response.end(blob);
      else if (path.startsWith('/token')) response.end(JSON.stringify({ token: 'anonymous' }));
      else if (request.headers.authorization !== 'Bearer anonymous') {
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${url}/token",service="here"` }).end();
      } else if (path === '/v2/plimsoll/db/manifests/1') response.end(manifest);
      else if (path === `/v2/plimsoll/db/blobs/${digest}`) response.end(blob);
      else response.writeHead(404).end();
    });
    for (const address of [`${url}/db.tar.zst`, `${url.replace('http', 'oci')}/plimsoll/db:1`]) {
      const data = await temporaryDirectory();
      const unsigned = await plimsoll(data, 'db', 'update', '--pull', address);
      expect(unsigned.stderr).toMatch(/no key is trusted.*\[DATABASE_REFUSED\]/);
      expect(unsigned.code).toBe(1);
      const pulled = await plimsoll(data, 'db', 'update', '--pull', address, '--key', key);
      expect(pulled).toMatchObject({ code: 0, stderr: '' });
      expect((await plimsoll(data, 'db', 'verify')).code).toBe(0);
    }
  });

  test('a layer that is not that of its digest is not installed', { timeout: 60_000 }, async () => {
    const { blob, manifest, key } = await published();
    const { url } = await loopbackServer((request, response) => {
      if (request.url!.includes('/manifests/')) response.end(manifest);
      else response.end(Buffer.concat([blob, Buffer.alloc(1)]));
    });
    const data = await temporaryDirectory();
    const { code, stderr } = await plimsoll(
      data,
      'db',
      'update',
      '--pull',
      `${url.replace('http', 'oci')}/plimsoll/db:1`,
      '--key',
      key,
    );
    expect(code).toBe(1);
    expect(stderr).toContain('[DIGEST_MISMATCH]');
    expect((await plimsoll(data, 'db', 'status')).code).toBe(1);
  });
});
