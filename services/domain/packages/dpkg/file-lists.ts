import { normalizePath } from '../../layers/path.ts';
import type { Limits } from '../../limits.ts';
import { type DatabaseUnit, EMPTY_UNIT } from '../ecosystem.ts';
import { eachLine } from '../text-lines.ts';
import { quote, UnitGaps } from '../unit-gaps.ts';

/** What is left of `ownedFiles` for the lists of one layer. */
export interface FileBudget {
  left: number;
  readonly limits: Limits;
}

/** `info/NAME[:ARCH].list`: absolute paths, directories among them. opkg adds a tab with mode and link target. */
export function readList(path: string, owner: string, bytes: Uint8Array, budget: FileBudget): DatabaseUnit {
  return readLines(path, owner, bytes, budget, (line) => {
    const tab = line.indexOf('\t');
    return { name: tab < 0 ? line : line.slice(0, tab), digest: null };
  });
}

const MD5_LINE = /^([0-9a-f]{32}) [ *](.+)$/s;

/** `NAME[:ARCH].md5sums` (deb-md5sums(5)): MD5, two blanks, path without leading slash. */
export function readMd5sums(path: string, owner: string, bytes: Uint8Array, budget: FileBudget): DatabaseUnit {
  return readLines(path, owner, bytes, budget, (line) => {
    const match = MD5_LINE.exec(line);
    return match === null ? null : { name: match[2]!, digest: `md5:${match[1]}` };
  });
}

function readLines(
  path: string,
  owner: string,
  bytes: Uint8Array,
  budget: FileBudget,
  parse: (line: string) => { name: string; digest: string | null } | null,
): DatabaseUnit {
  const { recordFieldBytes } = budget.limits;
  const gaps = new UnitGaps();
  const paths: string[] = [];
  const digests: (string | null)[] = [];
  let hasDigests = false;
  const facts = eachLine(
    bytes,
    (line, number) => {
      if (line === '') return true;
      const entry = line.includes('\0') ? null : parse(line);
      if (entry === null) {
        gaps.add(
          'package-record-invalid',
          `line ${number} of the file list of ${quote(owner)} is broken: ${quote(line)}`,
        );
        return true;
      }
      // Without its slash a path in order needs no further work.
      const name = normalizePath(entry.name[0] === '/' ? entry.name.slice(1) : entry.name).path;
      if (name === '') return true;
      if (budget.left === 0) {
        gaps.add(
          'limit-reached',
          `packages own more than ${budget.limits.ownedFiles} files (ownedFiles); the rest was not read`,
        );
        return false;
      }
      budget.left -= 1;
      paths.push(name);
      digests.push(entry.digest);
      hasDigests ||= entry.digest !== null;
      return true;
    },
    recordFieldBytes,
  );
  if (facts.overlong) gaps.add('limit-reached', `a line is longer than ${recordFieldBytes} bytes (recordFieldBytes)`);
  const list = hasDigests ? { package: owner, paths, digests } : { package: owner, paths };
  return { ...EMPTY_UNIT, path, fileLists: [list], gaps: gaps.all() };
}
