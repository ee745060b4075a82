import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { allowedLocalTarget } from './local-directories.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-local-')));
afterAll(() => rmSync(root, { recursive: true }));
const images = join(root, 'images');
mkdirSync(join(images, 'layout'), { recursive: true });
mkdirSync(join(root, 'images-of-others'));
for (const file of ['images/a.tar', 'images/odd:1', 'images-of-others/b.tar', 'secret'])
  writeFileSync(join(root, file), '');
symlinkSync(join(root, 'secret'), join(images, 'link.tar'));
symlinkSync(images, join(root, 'linked-images'));

it('allows what lies below a named directory, by its real path', async () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  for (const [asked, allowed] of [
    [`oci-archive:${images}/a.tar`, `oci-archive:${images}/a.tar`],
    [`${images}/a.tar`, `${images}/a.tar`],
    [`docker-archive:${images}/a.tar:app:1.2`, `docker-archive:${images}/a.tar:app:1.2`],
    [`oci-dir:${images}/layout@${digest}`, `oci-dir:${images}/layout@${digest}`],
    [`oci-dir:${root}/linked-images/layout:v1`, `oci-dir:${images}/layout:v1`],
    [`oci-dir:${images}/../images/layout`, `oci-dir:${images}/layout`],
  ]) {
    expect(await allowedLocalTarget(asked!, [images])).toBe(allowed);
  }
});

it.each([
  `oci-archive:${images}/link.tar`,
  `oci-archive:${images}/../secret`,
  `oci-archive:${root}/images-of-others/b.tar`,
  `oci-archive:${images}/absent.tar`,
  `oci-archive:${images}/odd:1`,
  `oci-dir:${images}`,
  'oci-archive:-',
  'oci-archive:images/a.tar',
  `rootfs:${images}/layout`,
  `dir:${images}/layout`,
  `sbom:${images}/a.tar`,
])('refuses %s', async (target) => {
  await expect(allowedLocalTarget(target, [images])).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

it('allows nothing where no directory is named, or the named one is not there', async () => {
  for (const directories of [[], [join(root, 'absent')]]) {
    await expect(allowedLocalTarget(`${images}/a.tar`, directories)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  }
});
