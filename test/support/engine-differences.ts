import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison } from '../../services/domain/report/compare-engines.ts';
import { REPOSITORY } from './repository.ts';

/** The reviewed file of what Plimsoll, Trivy and Syft list differently, and why that is right. */
const FILE = 'test/golden/engine-differences.tsv';

/** `fixture lacks reason package path why`: a row of it, or a difference that was found. */
export interface DifferenceRow {
  readonly fixture: string;
  /** The scanner that does not list the package. */
  readonly lacks: string;
  readonly reason: string;
  /** `type/name@version`; in the file with `*` for any text. */
  readonly package: string;
  /** Likewise; `-` where none is known. */
  readonly path: string;
  /** Source and argument, for people; empty where it was found. */
  readonly why: string;
}

export function reviewedDifferences(): DifferenceRow[] {
  const lines = readFileSync(join(REPOSITORY, FILE), 'utf8').split('\n').slice(1);
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [fixture = '', lacks = '', reason = '', name = '', path = '', why = ''] = line.split('\t');
      if (why === '') throw new Error(`${FILE}: a row lacks cells: ${line}`);
      return { fixture, lacks, reason, package: name, path, why };
    });
}

export function foundDifferences(fixture: string, { differences, engines }: Comparison): DifferenceRow[] {
  const failed = engines.filter(({ status }) => status === 'failed');
  return [
    ...failed.map(({ name }) => ({ fixture, lacks: name, reason: 'engine-failed', package: '-', path: '-', why: '' })),
    ...differences.flatMap(({ type, name, version, paths, missing }) =>
      missing.map(({ engine, reason }) => ({
        fixture,
        lacks: engine,
        reason,
        package: `${type}/${name}@${version}`,
        path: paths[0] ?? '-',
        why: '',
      })),
    ),
  ];
}

/** One line for each difference that no row explains, and for each row that explains none. */
export function differenceFaults(found: readonly DifferenceRow[], rows: readonly DifferenceRow[]): string[] {
  const used = new Set<DifferenceRow>();
  const unlisted = found.filter((difference) => {
    const explaining = rows.filter((row) => explains(row, difference));
    for (const row of explaining) used.add(row);
    return explaining.length === 0;
  });
  const unused = rows.filter((row) => !used.has(row));
  return [...unlisted.map((row) => `unlisted: ${text(row)}`), ...unused.map((row) => `unused: ${text(row)}`)];
}

function explains(row: DifferenceRow, found: DifferenceRow): boolean {
  if (row.fixture !== found.fixture || row.lacks !== found.lacks || row.reason !== found.reason) return false;
  return matches(row.package, found.package) && matches(row.path, found.path);
}

function matches(pattern: string, value: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(value);
}

function text({ fixture, lacks, reason, package: name, path }: DifferenceRow): string {
  return [fixture, lacks, reason, name, path].join('\t');
}
