import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, dockerArchive } from '../test/support/image-builder.ts';
import { file, type LayerEntry, whiteout } from '../test/support/layer-builder.ts';
import { apkInstalled, dpkgStatus, OS_RELEASE } from '../test/support/package-databases.ts';

/*
 * `npm run demo`: builds three small images in code, archives them as docker save does, and asks of each what a pipeline
 * asks: may this ship? The first has fixable vulnerabilities, the second their fixes, the third a broken package database.
 * Offline, with the starter set in the place of a real advisory database.
 */

const BASE = [
  { name: 'base-files', version: '12.4+deb12u5' },
  { name: 'libc6', version: '2.36-9+deb12u9', source: 'glibc' },
  { name: 'zlib1g', version: '1:1.2.13.dfsg-1', source: 'zlib' },
];

/** Three layers: a Debian base, an upgrade beside an application, and one that deletes. */
async function image(
  tag: string,
  {
    openssl,
    lodash,
    damage = (text) => text,
    more = [],
  }: {
    openssl: string;
    lodash: string;
    damage?: (status: string) => string;
    more?: readonly LayerEntry[];
  },
) {
  const libssl3 = { name: 'libssl3', version: openssl, source: 'openssl' };
  const curl = { name: 'curl', version: '7.88.1-10+deb12u6' };
  const manifest = { name: 'lodash', version: lodash, license: 'MIT' };
  return buildImage({
    name: `demo/app:${tag}`,
    layers: [
      {
        createdBy: '/bin/sh -c #(nop) ADD file:rootfs.tar in / ',
        compression: 'none',
        entries: [
          file('usr/lib/os-release', OS_RELEASE.debian),
          { path: 'etc/os-release', type: 'symlink', target: '../usr/lib/os-release' },
          file('var/lib/dpkg/status', dpkgStatus([...BASE, { ...libssl3, version: '3.0.9-1' }])),
          file('var/cache/apt/archives/libssl3.deb', 'left behind'),
        ],
      },
      {
        createdBy: 'RUN /bin/sh -c apt-get install -y curl libssl3 # buildkit',
        compression: 'none',
        entries: [file('var/lib/dpkg/status', damage(dpkgStatus([...BASE, libssl3, curl]))), ...more],
      },
      {
        createdBy: 'RUN /bin/sh -c npm ci && rm -rf /var/cache/apt/archives # buildkit',
        compression: 'none',
        entries: [
          file('srv/app/node_modules/lodash/package.json', JSON.stringify(manifest)),
          whiteout('var/cache/apt/archives'),
        ],
      },
    ],
  });
}

const FIXED = { openssl: '3.0.17-1~deb12u2', lodash: '4.17.21' };

const IMAGES = [
  {
    title: 'An image with vulnerabilities that have a fix: fail',
    exit: 2,
    archive: await image('1.0', {
      openssl: '3.0.11-1~deb12u2',
      lodash: '4.17.20',
      // No feed of Debian speaks of what Alpine built.
      more: [file('lib/apk/db/installed', apkInstalled([{ name: 'busybox', version: '1.36.1-r29' }]))],
    }),
    options: [],
  },
  {
    title: 'The same with the fixed packages, and all that is in it: pass',
    exit: 0,
    archive: await image('1.1', FIXED),
    options: ['--packages'],
  },
  {
    title: 'The same with a package database that is cut short: nobody can say that it passes',
    exit: 3,
    archive: await image('1.2', { ...FIXED, damage: (status) => status.slice(0, -150) }),
    options: [],
  },
];

const directory = mkdtempSync(join(tmpdir(), 'plimsoll-demo-'));
const main = new URL('../services/main.ts', import.meta.url).pathname;
try {
  for (const [i, { title, exit, archive, options }] of IMAGES.entries()) {
    writeFileSync(join(directory, 'image.tar'), await dockerArchive([archive]));
    const args = ['scan', '--db', 'starter', ...options, 'docker-archive:image.tar'];
    process.stdout.write(`${i === 0 ? '' : '\n\n'}# ${title}\n$ plimsoll ${args.join(' ')}\n\n`);
    const { status } = spawnSync(process.execPath, [main, ...args, '--no-cache'], { cwd: directory, stdio: 'inherit' });
    process.stdout.write(`\nExit code ${status}.\n`);
    if (status !== exit) {
      process.stdout.write(`That should have been ${exit}.\n`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
