import { readFileSync } from 'node:fs';
import type { Comparison } from '../../services/domain/packages/ecosystem.ts';

export interface VersionRow {
  readonly a: string;
  readonly b: string;
  readonly expected: Comparison;
}

const SIGNS: Readonly<Record<string, Comparison>> = { '<': -1, '=': 0, '>': 1, '?': 'incomparable' };

/** Rows `a SIGN b`, divided by blanks (versions.txt) or tabs (corpora); `#` starts a comment. `?` is incomparable. */
export function versionRows(file: string): VersionRow[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const [a, sign, b] = line.split(line.includes('\t') ? '\t' : ' ');
    const expected = SIGNS[sign ?? ''];
    if (a === undefined || b === undefined || expected === undefined) throw new Error(`no row of versions: ${line}`);
    return [{ a, b, expected }];
  });
}

/** The rows that `compare` answers otherwise, in either direction. */
export function wrongRows(rows: readonly VersionRow[], compare: (a: string, b: string) => Comparison): string[] {
  return rows.flatMap(({ a, b, expected }) => {
    const there = compare(a, b);
    const back = compare(b, a);
    const opposite = typeof expected === 'number' ? 0 - expected : expected;
    return there === expected && back === opposite ? [] : [`${a} ${b}: expected ${expected}, got ${there} and ${back}`];
  });
}
