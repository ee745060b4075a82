import { eachLockLine } from '../../locked-packages.ts';
import type { PackageFile } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';

/** One block of a yarn.lock. */
export interface YarnEntry {
  /** `NAME@RANGE`; since version 2 the range has its protocol (`npm:^1.0.0`). */
  readonly descriptors: readonly string[];
  readonly version: string | null;
  /** `NAME@PROTOCOL:REFERENCE`, since version 2. */
  readonly resolution: string | null;
  readonly dependencies: readonly (readonly [name: string, range: string])[];
}

/** A key or a value, plain or between quotes, and what is behind it. */
const QUOTED = /^"([^"\\]*(?:\\.[^"\\]*)*)"/;
const GROUPS: ReadonlySet<string> = new Set(['dependencies', 'optionalDependencies']);

interface Block {
  descriptors: readonly string[];
  version: string | null;
  resolution: string | null;
  dependencies: [name: string, range: string][];
}

/**
 * Both formats are lines by indentation: blocks, their fields two spaces deeper, and lists of `NAME RANGE` four. Version
 * 1 writes `NAME VALUE`, later ones `NAME: VALUE`, and a long key as `? KEY` with a colon in the next line.
 */
export function readYarnEntries(file: PackageFile): YarnEntry[] {
  const { gaps } = file;
  const blocks: Block[] = [];
  let block: Block | null = null;
  let group: string | null = null;
  let isLock = false;
  const odd = (line: string, number: number): void => {
    gaps.add('package-file-unparsable', `line ${number} is no line of yarn.lock: ${quote(line)}`);
  };
  eachLockLine(file, (line, number) => {
    const text = line.trim();
    if (text.startsWith('#')) isLock ||= text.startsWith('# yarn lockfile v1');
    if (text === '' || text.startsWith('#') || text === ':') return;
    const indent = line.length - line.trimStart().length;
    if (indent === 0) {
      group = null;
      block = null;
      if (text === '__metadata:') {
        isLock = true;
        return;
      }
      const descriptors = descriptorsOf(text);
      if (descriptors === null) {
        odd(line, number);
        return;
      }
      block = { descriptors, version: null, resolution: null, dependencies: [] };
      blocks.push(block);
      return;
    }
    // Fields of `__metadata`, and of a block whose head was told to be odd.
    if (block === null) return;
    const [key, value] = fieldOf(text);
    if (indent === 2) {
      group = value === '' ? key : null;
      if (key === 'version') block.version = value;
      else if (key === 'resolution') block.resolution = value;
    } else if (group !== null && GROUPS.has(group)) {
      if (key === '' || value === '') odd(line, number);
      else block.dependencies.push([key, value]);
    }
  });
  if (!isLock && blocks.length === 0)
    gaps.add('package-file-unparsable', 'it has neither the head line of yarn.lock nor any entry');
  return blocks;
}

/** `"a@1", b@2:` of version 1, `"a@npm:1, a@npm:2":` since. Null where it is none. */
function descriptorsOf(text: string): string[] | null {
  const isLong = text.startsWith('? ');
  if (!isLong && !text.endsWith(':')) return null;
  let rest = isLong ? text.slice(2) : text.slice(0, -1);
  const found: string[] = [];
  while (rest !== '') {
    const quoted = QUOTED.exec(rest);
    const plain = quoted === null ? /^[^,]+/.exec(rest)?.[0] : undefined;
    if (quoted === null && plain === undefined) return null;
    found.push(...(quoted === null ? [plain!.trim()] : quoted[1]!.split(/, (?=@?[^@,\s]+@)/)));
    rest = rest.slice((quoted?.[0] ?? plain!).length).replace(/^\s*,\s*/, '');
  }
  return found.length > 0 && found.every((descriptor) => descriptor.indexOf('@', 1) > 0) ? found : null;
}

/** `KEY VALUE` or `KEY: VALUE`, each plain or quoted; the value is empty where a list follows. */
function fieldOf(text: string): [key: string, value: string] {
  const quoted = QUOTED.exec(text);
  const key = quoted?.[1] ?? /^[^\s:]*(?::[^\s:]+)*/.exec(text)![0];
  const rest = text
    .slice(quoted?.[0].length ?? key.length)
    .replace(/^:/, '')
    .trim();
  return [key, QUOTED.exec(rest)?.[1] ?? rest];
}
