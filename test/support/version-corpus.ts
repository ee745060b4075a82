import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Comparison } from '../../services/domain/packages/ecosystem.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from './repository.ts';
import { versionRows, wrongRows } from './version-rows.ts';

/** `compare` answers every row of a corpus of ../shared/data/versions, which has more than `least`. */
export function versionCorpus(file: string, least: number, compare: (a: string, b: string) => Comparison): void {
  test.skipIf(!HAS_SHARED_DATA)(`every row of ${file} (skipped where ../shared/data is absent)`, () => {
    const rows = versionRows(join(SHARED_DATA, 'versions', file));
    expect(rows.length).toBeGreaterThan(least);
    expect(wrongRows(rows, compare)).toEqual([]);
  });
}
