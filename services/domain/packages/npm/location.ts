import { haveFixtures } from '../fixture-folders.ts';

const MODULES = 'node_modules';

/** Stores from which package managers link: `node_modules/.pnpm/NAME@VERSION/node_modules/NAME`. */
const STORES = new Set(['.pnpm', '.bun', '.deno', '.store']);

/** One package, or one place of a store, and the index behind its own folders. */
interface Module {
  readonly name: string;
  readonly behind: number;
}

/**
 * The name by which Node.js finds the package that a `package.json` describes; null for any other file, and for a
 * `package.json` that describes no package as installed: those deeper inside a package (`dist/cjs/package.json`), in
 * folders that npm and Node.js pass over (`.cache`), and packages that another one carries to test itself.
 */
export function installedName(path: string): string | null {
  if (!path.endsWith('/package.json')) return null;
  const folders = path.split('/').slice(0, -1);
  let at = firstModule(folders);
  while (at > 0) {
    const module = storedAt(folders, at) ?? moduleAt(folders, at);
    if (module === null || module.behind === folders.length) return module?.name ?? null;
    const next = folders.indexOf(MODULES, module.behind);
    if (next < 0 || haveFixtures(folders.slice(module.behind, next))) return null;
    at = next + 1;
  }
  return null;
}

/** The index behind the first folder of modules; 0 where there is none. */
function firstModule(folders: readonly string[]): number {
  const modules = folders.indexOf(MODULES) + 1;
  const debian = debianRoot(folders);
  return debian > 0 && (modules === 0 || debian < modules) ? debian : modules;
}

/** `usr/share/nodejs`, `usr/lib/nodejs` and `usr/lib/TRIPLET/nodejs`: the NODE_PATH that Debian builds in. */
function debianRoot([usr, base, third, fourth]: readonly string[]): number {
  if (usr !== 'usr') return 0;
  if ((base === 'share' || base === 'lib') && third === 'nodejs') return 3;
  return base === 'lib' && third?.includes('-linux-') && fourth === 'nodejs' ? 4 : 0;
}

/** `NAME` or `@SCOPE/NAME`. */
function moduleAt(folders: readonly string[], at: number): Module | null {
  const [first, second] = [folders[at], folders[at + 1]];
  if (!isName(first)) return null;
  if (!first.startsWith('@')) return { name: first, behind: at + 1 };
  return isName(second) ? { name: `${first}/${second}`, behind: at + 2 } : null;
}

function isName(folder: string | undefined): folder is string {
  return folder !== undefined && !folder.startsWith('.') && folder !== MODULES;
}

/** A place that has modules of its own; yarn puts the package itself there, or into `package` below it. */
function storedAt(folders: readonly string[], at: number): Module | null {
  const [store, name] = [folders[at], folders[at + 1]];
  if (store === undefined || !STORES.has(store) || name === undefined) return null;
  if (name === MODULES) return { name: store, behind: at + 1 };
  return { name, behind: folders[at + 2] === 'package' ? at + 3 : at + 2 };
}
