import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** How one module names another. 'opaque': loaded in a way that cannot be read off the source. */
type ImportKind = 'value' | 'type' | 'dynamic' | 'url' | 'opaque';

export interface Import {
  readonly kind: ImportKind;
  /** As written; for 'opaque' the expression. */
  readonly specifier: string;
  /** Path from the repository's root where the specifier is relative; null for libraries and node: modules. */
  readonly target: string | null;
}

/** Every TypeScript file, and the JavaScript among the product, by its path from the repository's root, with what it imports. */
export type ModuleGraph = ReadonlyMap<string, readonly Import[]>;

// The formatter sets import declarations in the first column, so the first pattern sees every one of them. The others
// look anywhere, comments included: a false alarm is reworded in a minute, a missed import is a hole.
const STATIC =
  /^(?:import|export)\s+(type\s+)?(?:(?:[\w$]+\s*,?\s*)?(?:\*(?:\s*as\s+[\w$]+)?|\{[^}]*\})?\s*from\s*)?(['"])([^'"\n]+)\2/gm;
const DYNAMIC = /\bimport\(\s*(?:(['"])([^'"\n]+)\1\s*[,)]|([^)]*))/g;
const URL_BESIDE = /\bnew URL\(([^;]*)/g;
const RELATIVE_LITERAL = /(['"])(\.{1,2}\/[^'"\n]+)\1/g;
const WORKER = /\bnew Worker\(\s*(['"`][^'"`\n]*['"`])/g;
const BACK_DOOR = /\b(?:createRequire|getBuiltinModule|registerHooks)\b/g;

/** What the source at `path` imports: static, type-only, re-exports, dynamic, and files named by `new URL(…, import.meta.url)`. */
export function scanImports(path: string, source: string): Import[] {
  const imports: Import[] = [];
  const add = (kind: ImportKind, specifier: string) => {
    const relative = kind !== 'opaque' && specifier.startsWith('.');
    imports.push({ kind, specifier, target: relative ? resolveModule(path, specifier, kind) : null });
  };
  for (const [, type, , specifier] of source.matchAll(STATIC)) add(type ? 'type' : 'value', specifier!);
  for (const [, , specifier, expression] of source.matchAll(DYNAMIC)) {
    if (specifier) add('dynamic', specifier);
    else add('opaque', `import(${expression})`);
  }
  for (const [, expression] of source.matchAll(URL_BESIDE)) {
    if (!expression!.includes('import.meta')) continue;
    const named = [...expression!.matchAll(RELATIVE_LITERAL)].map(([, , literal]) => literal!);
    if (named.length === 0) add('opaque', `new URL(${expression}`);
    for (const specifier of named) if (/\.[jt]s$/.test(specifier)) add('url', specifier);
  }
  for (const [, file] of source.matchAll(WORKER)) add('opaque', `new Worker(${file})`);
  for (const [name] of source.matchAll(BACK_DOOR)) add('opaque', name);
  return imports;
}

/** A built module that is started by its URL is the same module: './x.js' means './x.ts'. */
function resolveModule(from: string, specifier: string, kind: ImportKind): string {
  const path = posix.normalize(posix.join(posix.dirname(from), specifier));
  return kind === 'url' ? path.replace(/\.js$/, '.ts') : path;
}

export function readModuleGraph(root: string, files: readonly string[]): ModuleGraph {
  const sources = files.filter((file) => file.endsWith('.ts') || /^services\/.*\.js$/.test(file));
  return new Map(sources.map((file) => [file, scanImports(file, readFileSync(posix.join(root, file), 'utf8'))]));
}
