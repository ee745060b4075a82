import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, dockerArchive } from '../test/support/image-builder.ts';
import { file, whiteout } from '../test/support/layer-builder.ts';
import { apkInstalled, dpkgStatus, OS_RELEASE } from '../test/support/package-databases.ts';

/*
 * `npm run demo`: builds a small image in code, archives it as docker save does, and scans it as a user would.
 * Three layers: a Debian base, an upgrade beside a tool that brought an apk database along, and a layer that deletes.
 */

const BASE = [
  { name: 'base-files', version: '12.4+deb12u5' },
  { name: 'libc6', version: '2.36-9+deb12u4', source: 'glibc' },
  { name: 'libssl3', version: '3.0.11-1~deb12u2', source: 'openssl' },
  { name: 'zlib1g', version: '1:1.2.13.dfsg-1', source: 'zlib' },
];
const UPGRADED = [
  ...BASE.filter(({ name }) => name !== 'libssl3'),
  { name: 'libssl3', version: '3.0.14-1~deb12u1', source: 'openssl' },
  { name: 'curl', version: '7.88.1-10+deb12u6' },
];

const image = await buildImage({
  name: 'demo/app:1.0',
  layers: [
    {
      createdBy: '/bin/sh -c #(nop) ADD file:rootfs.tar in / ',
      compression: 'none',
      entries: [
        file('usr/lib/os-release', OS_RELEASE.debian),
        { path: 'etc/os-release', type: 'symlink', target: '../usr/lib/os-release' },
        file('var/lib/dpkg/status', dpkgStatus(BASE)),
        file('var/cache/apt/archives/libssl3.deb', 'left behind'),
      ],
    },
    {
      createdBy: 'RUN /bin/sh -c apt-get install -y curl libssl3 && add-busybox-tools # buildkit',
      compression: 'none',
      entries: [
        file('var/lib/dpkg/status', dpkgStatus(UPGRADED)),
        file('lib/apk/db/installed', apkInstalled([{ name: 'busybox', version: '1.36.1-r29' }])),
      ],
    },
    {
      createdBy: 'RUN /bin/sh -c rm -rf /var/cache/apt/archives # buildkit',
      compression: 'none',
      entries: [whiteout('var/cache/apt/archives')],
    },
  ],
});

const directory = mkdtempSync(join(tmpdir(), 'plimsoll-demo-'));
try {
  const archive = join(directory, 'image.tar');
  writeFileSync(archive, await dockerArchive([image]));
  process.stdout.write(`$ plimsoll scan --db starter docker-archive:image.tar\n\n`);
  const main = new URL('../services/main.ts', import.meta.url).pathname;
  const scan = spawnSync(
    process.execPath,
    [main, 'scan', '--no-policy', '--db', 'starter', '--no-cache', 'docker-archive:image.tar'],
    {
      cwd: directory,
      stdio: 'inherit',
    },
  );
  process.stdout.write(`\nExit code ${scan.status}: 0 says that everything was read.\n`);
  process.exitCode = scan.status ?? 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
