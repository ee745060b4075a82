import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { apk } from '../../services/domain/packages/apk/index.ts';
import { readContext } from '../support/read-context.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';

const FIXTURES = join(SHARED_DATA, 'fixtures/apk');
const context = readContext();

/** apk itself reads no last record without the empty line behind it, so these files count as cut short. */
const CUT = 'the last record is not closed by an empty line';
const NO_VERSION = '"invalidPackageWithoutAVersion" has no version';

/** What is wrong with a fixture, in order; the packages are those of expected.tsv nevertheless. */
const FLAWS: Readonly<Record<string, readonly string[]>> = {
  scalibr: [CUT],
  'snyk-alpine_3_7_0': [CUT],
  stackrox: [NO_VERSION],
  'syft-corrupt': ['line 1 is no field: "this is a corrupt db"', CUT],
  'syft-multiple-1': [CUT],
  trivy: [NO_VERSION, CUT],
};

const names = HAS_SHARED_DATA
  ? readdirSync(FIXTURES).filter((name) => existsSync(join(FIXTURES, name, 'expected.tsv')))
  : ['(../shared/data is absent)'];

describe.skipIf(!HAS_SHARED_DATA)('apk databases of ../shared/data (skipped where it is absent)', () => {
  test.each(names)('%s equals a plain read of its fields', (name) => {
    const text = readFileSync(join(FIXTURES, name, 'installed'));
    const unit = apk.readDatabase([{ path: 'lib/apk/db/installed', bytes: text }], context).units[0]!;
    const rows = unit.packages.map((record) => {
      return [record.name, record.version, record.arch, record.origin ?? '', record.licenses.join()].join('\t');
    });
    const expected = readFileSync(join(FIXTURES, name, 'expected.tsv'), 'utf8')
      .split('\n')
      .slice(1);
    expect(rows.sort()).toEqual(expected.filter((row) => row !== '').sort());

    const flaws = FLAWS[name] ?? [];
    expect(unit.gaps).toHaveLength(flaws.length);
    for (const [i, flaw] of flaws.entries()) expect(unit.gaps[i]!.message).toContain(flaw);

    const files = text.toString('latin1').match(/^R:/gm)?.length ?? 0;
    const digests = text.toString('latin1').match(/^Z:Q1/gm)?.length ?? 0;
    expect(unit.fileLists.flatMap((list) => list.paths)).toHaveLength(files);
    expect(unit.fileLists.flatMap((list) => list.digests!.filter((digest) => digest !== null))).toHaveLength(digests);
  });

  test('every flaw names a fixture', () => expect(names).toEqual(expect.arrayContaining(Object.keys(FLAWS))));
});
