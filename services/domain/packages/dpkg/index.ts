import { baseOf, parentOf } from '../../layers/path.ts';
import type { DatabaseFile, DatabaseUnit, Ecosystem } from '../ecosystem.ts';
import { readDatabase } from './database.ts';
import { type FileBudget, readList, readMd5sums } from './file-lists.ts';
import { compare } from './version.ts';

/** Debian's dpkg, and opkg of OpenWrt and Yocto, which keeps the same files elsewhere. */
const ROOTS = new Map<string, 'deb' | 'opkg'>([
  ['var/lib/dpkg', 'deb'],
  ['var/lib/opkg', 'opkg'],
  ['usr/lib/opkg', 'opkg'],
]);

/** Files of a package that are neither its stanza nor a list of its files (deb(5), dpkg-query --control-list). */
const ACCOMPANYING =
  /\.(?:preinst|postinst|prerm|postrm|config|conffiles|triggers|shlibs|symbols|templates|list|control|sha256sums)$/;

type Role =
  | { readonly kind: 'status' | 'status.d'; readonly type: 'deb' | 'opkg' }
  | { readonly kind: 'list' | 'md5sums'; readonly owner: string };

/** What a path means, by its name alone. */
function roleOf(path: string): Role | null {
  const directory = parentOf(path);
  const base = baseOf(path);
  const inRoot = ROOTS.get(directory);
  if (inRoot !== undefined) return base === 'status' ? { kind: 'status', type: inRoot } : null;
  const type = ROOTS.get(parentOf(directory));
  if (type === undefined) return null;
  const folder = baseOf(directory);
  const stem = base.slice(0, base.lastIndexOf('.'));
  if (folder === 'info') {
    if (base.endsWith('.list') && stem !== '') return { kind: 'list', owner: stem };
    if (base.endsWith('.md5sums') && stem !== '') return { kind: 'md5sums', owner: stem };
  }
  if (folder === 'status.d') {
    if (base.endsWith('.md5sums')) return { kind: 'md5sums', owner: stem };
    if (!ACCOMPANYING.test(base)) return { kind: 'status.d', type };
  }
  return null;
}

function readUnit(file: DatabaseFile, budget: FileBudget): readonly DatabaseUnit[] {
  const role = roleOf(file.path);
  switch (role?.kind) {
    case 'status':
    case 'status.d':
      return [readDatabase(file.path, file.bytes, { type: role.type, form: role.kind }, budget.limits)];
    case 'list':
      return [readList(file.path, role.owner, file.bytes, budget)];
    case 'md5sums':
      return [readMd5sums(file.path, role.owner, file.bytes, budget)];
    default:
      return [];
  }
}

export const dpkg: Ecosystem = {
  id: 'dpkg',
  version: 3,
  roots: [...ROOTS.keys()],
  wants: (entry) => (roleOf(entry.path) === null ? 'no' : 'whole'),
  readDatabase(files, { limits }) {
    const budget = { left: limits.ownedFiles, limits };
    return { units: files.flatMap((file) => readUnit(file, budget)) };
  },
  compare,
};
