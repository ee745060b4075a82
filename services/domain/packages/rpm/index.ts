import { baseOf, isBelow, parentOf } from '../../layers/path.ts';
import type { Limits } from '../../limits.ts';
import type { DatabaseFile, DatabaseUnit, Ecosystem } from '../ecosystem.ts';
import { readBuildInfo } from './content-sets.ts';
import { readLoneSidecar, readPackages } from './database.ts';
import { readManifest } from './manifest.ts';
import { compareVersions } from './version.ts';

/** By age: /var/lib/rpm everywhere, /usr/lib/sysimage/rpm (SUSE, Fedora ≥ 36), /usr/share/rpm (ostree). */
const DATABASE_FOLDERS = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'];
const DATABASES = ['Packages', 'Packages.db', 'rpmdb.sqlite'];
const SIDECARS = ['rpmdb.sqlite-wal', 'rpmdb.sqlite-journal'];

const MANIFEST = 'var/lib/rpmmanifest/container-manifest-2';

/** Red Hat's images in the first, its CoreOS in the second. */
const BUILD_INFO_FOLDERS = ['root/buildinfo', 'usr/share/buildinfo'];

/** Built by Konflux, images have SBOMs beside their content manifest; they name no content set. */
const isSbom = (base: string) => base.startsWith('sbom-');

/** Red Hat's packages, by rpm's own database or by what stands in for it, with the repositories they come from. */
export const rpm: Ecosystem = {
  id: 'rpm',
  version: 1,
  roots: [...DATABASE_FOLDERS, 'var/lib/rpmmanifest', ...BUILD_INFO_FOLDERS],

  wants({ path, type }) {
    if (type !== 'file') return 'no';
    const base = baseOf(path);
    const isOfDatabase = DATABASE_FOLDERS.includes(parentOf(path)) && [...DATABASES, ...SIDECARS].includes(base);
    return isOfDatabase || path === MANIFEST || isBuildInfo(path) ? 'whole' : 'no';
  },

  readDatabase(files, { limits }) {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const units = files.map((file) => readUnit(file, byPath, limits)).filter((unit) => unit !== null);
    return { units };
  },

  compare: compareVersions,
};

function isBuildInfo(path: string): boolean {
  if (!path.endsWith('.json') || isSbom(baseOf(path))) return false;
  if (path === 'root/buildinfo/labels.json') return true;
  return isBelow(path, 'root/buildinfo/content_manifests') || parentOf(path) === 'usr/share/buildinfo';
}

function readUnit(file: DatabaseFile, byPath: ReadonlyMap<string, DatabaseFile>, limits: Limits): DatabaseUnit | null {
  if (file.path === MANIFEST) return readManifest(file, limits);
  if (isBuildInfo(file.path)) return readBuildInfo(file, limits);
  if (SIDECARS.includes(baseOf(file.path))) {
    const database = file.path.slice(0, file.path.lastIndexOf('-'));
    return byPath.has(database) ? null : readLoneSidecar(file, limits);
  }
  const sidecars = { wal: byPath.get(`${file.path}-wal`), journal: byPath.get(`${file.path}-journal`) };
  return readPackages(file, sidecars, limits);
}
