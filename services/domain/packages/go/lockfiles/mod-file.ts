import { eachLockLine } from '../../locked-packages.ts';
import type { PackageFile } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';

/** A module at a version; `version` null where the line gives none. */
export interface ModuleVersion {
  readonly path: string;
  readonly version: string | null;
}

/** What counts of a go.mod (go.dev/ref/mod, "go.mod files"), in the order of the file. */
export interface ModFile {
  /** `1.16`, `1.21.0`; null where the file has no such line. */
  readonly go: string | null;
  /** `go1.22.3`. */
  readonly toolchain: string | null;
  readonly requires: readonly { readonly path: string; readonly version: string }[];
  readonly excludes: readonly { readonly path: string; readonly version: string }[];
  readonly replaces: readonly { readonly old: ModuleVersion; readonly by: ModuleVersion }[];
}

/** How many words of each kind of line there are, at least and at most. The other kinds say nothing of versions. */
const WORDS: ReadonlyMap<string, readonly [least: number, most: number]> = new Map([
  ['module', [1, 1]],
  ['go', [1, 1]],
  ['toolchain', [1, 1]],
  ['require', [2, 2]],
  ['exclude', [2, 2]],
  ['replace', [3, 5]],
]);
const OTHERS: ReadonlySet<string> = new Set(['godebug', 'retract', 'tool', 'ignore']);

/** Text in quotes, `=>`, a bracket, or a word, which ends at a comment too. */
const TOKEN = /"(?:[^"\\]|\\.)*"|`[^`]*`|=>|[()[\],]|(?:(?!\/\/)[^\s()[\]{},"`])+/y;

/** The lines of go.mod. What is none, and of a kind that counts, is told. */
export function readModFile(file: PackageFile): ModFile {
  const { gaps } = file;
  let module: string | null = null;
  let go: string | null = null;
  let toolchain: string | null = null;
  const requires: { path: string; version: string }[] = [];
  const excludes: { path: string; version: string }[] = [];
  const replaces: { old: ModuleVersion; by: ModuleVersion }[] = [];
  /** The kind of all lines in round brackets. */
  let block: string | null = null;

  const readLine = (kind: string, words: readonly string[]): boolean => {
    const [least, greatest] = WORDS.get(kind)!;
    if (words.length < least || words.length > greatest) return false;
    const [first, second] = words as [string, string];
    if (kind === 'module') module = first;
    else if (kind === 'go') go = first;
    else if (kind === 'toolchain') toolchain = first;
    else if (kind === 'require') requires.push({ path: first, version: second });
    else if (kind === 'exclude') excludes.push({ path: first, version: second });
    else {
      const arrow = words.indexOf('=>');
      if (arrow !== 1 && arrow !== 2) return false;
      const [path, version = null, ...rest] = words.slice(arrow + 1);
      if (path === undefined || rest.length > 0) return false;
      replaces.push({ old: { path: first, version: arrow === 2 ? second : null }, by: { path, version } });
    }
    return true;
  };
  eachLockLine(file, (line, number) => {
    const words = wordsOf(line);
    if (words?.length === 0) return;
    const [first, second] = words ?? [];
    if (block !== null && first === ')') block = null;
    else if (block === null && second === '(') block = first!;
    else {
      const kind = block ?? first ?? '';
      const rest = (block === null ? words?.slice(1) : words) ?? [];
      if (words === null || (WORDS.has(kind) ? !readLine(kind, rest) : !OTHERS.has(kind))) {
        gaps.add('package-file-unparsable', `line ${number} is no line of go.mod: ${quote(line.trim())}`);
      }
    }
  });
  if (block !== null) gaps.add('package-file-unparsable', `its last ${quote(block)} has no end`);
  if (module === null) gaps.add('package-file-unparsable', 'it names no module');
  return { go, toolchain, requires, excludes, replaces };
}

/** The words of one line without its comment; null where it has what is none. */
function wordsOf(line: string): string[] | null {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t' || line[at] === '\r') at++;
    if (at === line.length || line.startsWith('//', at)) return words;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(line)?.[0];
    if (token === undefined) return null;
    words.push(unquoted(token));
    at += token.length;
  }
}

function unquoted(token: string): string {
  if (token.startsWith('`')) return token.slice(1, -1);
  return token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/g, '$1') : token;
}
