import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LmdbAdvisories } from '../../services/adapters/advisories/lmdb-advisories.ts';
import { type JudgedLabel, judgeLabels, ratiosOf, unreviewed } from '../support/judged-labels.ts';
import { labelledImages, readLabels, readTable } from '../support/match-labels.ts';
import { HAS_SHARED_DATA } from '../support/repository.ts';
import { buildShared } from '../support/shared-advisories.ts';

/*
 * Vulnerabilities of packages in 60 real images, labelled by hand, against what we report of the same packages by all
 * advisories at hand. Precision and recall of each ecosystem may only rise; each row labelled false that we report, and each
 * labelled true that a record names and we do not report, has a reason.
 */

const without = HAS_SHARED_DATA ? '' : ' (skipped: ../shared/data is not beside this checkout)';

describe.skipIf(!HAS_SHARED_DATA)(`labelled vulnerabilities of real images${without}`, () => {
  let work: string;
  let judged: readonly JudgedLabel[];
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'plimsoll-test-'));
    const { root, read } = await buildShared(work, '.');
    const database = (await LmdbAdvisories.open(root))!;
    judged = judgeLabels(labelledImages(), database, new Set(read.flatMap(({ known }) => known)));
    await database.close();
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  test('there are as many as the index says', () => {
    const labels = readLabels();
    expect(new Set(labels.map(({ image }) => image)).size).toBe(60);
    expect(labels.reduce((sum, { rows }) => sum + rows, 0)).toBe(7_559 + 166 + 4_363);
  });

  test('precision and recall are those of the floor', () => {
    const measured = ratiosOf(judged);
    const floor = readTable('floor.tsv');
    const table = [Object.keys(measured[0]!), ...measured.map((row) => Object.values(row))];
    process.stdout.write(`${table.map((row) => row.join('\t')).join('\n')}\n`);
    // A lower number is a fault; a higher one raises the floor, so that it stays there.
    expect(measured).toEqual(floor);
  });

  test('each row labelled false that we report has a reason', () => {
    const reported = judged.filter(({ label, reported }) => label === 'false' && reported);
    expect(unreviewed(reported, 'reported-though-false.tsv')).toEqual([]);
  });

  test('each row labelled true that a record names beside the package, and we do not report, has a reason', () => {
    const missed = judged.filter(({ label, reported, named }) => label === 'true' && !reported && named);
    expect(unreviewed(missed, 'missed-though-true.tsv')).toEqual([]);
  });
});

describe('a label', () => {
  const label: JudgedLabel = {
    image: '524ff8a75f21',
    package: 'ruby-libs',
    version: '2.5.9-110',
    ids: new Set(['CVE-2021-33621']),
    label: 'true',
    rows: 1,
    packageId: 'rpm:ruby-libs',
    ownerId: null,
    ecosystem: 'Red Hat',
    reported: false,
    knowable: true,
    named: true,
  };
  const faults = (labels: JudgedLabel[]) =>
    unreviewed(labels, 'missed-though-true.tsv').map((line) => line.split(':')[0]);
  test('that no row explains, and a row that explains none, are faults', () => {
    const rows = readTable('missed-though-true.tsv').length;
    expect(faults([label])).toEqual(Array(rows - 1).fill('unused'));
    for (const other of [
      { ecosystem: 'Debian' },
      { package: 'perl' },
      { ids: new Set(['CVE-2021-1']) },
      { image: '0' },
    ]) {
      expect(faults([label, { ...label, ...other }])).toEqual(['unlisted', ...Array(rows - 1).fill('unused')]);
    }
  });

  test('counts for precision where it is false, for recall where a record bears its id', () => {
    const found = { ...label, reported: true };
    const labels: JudgedLabel[] = [found, found, label, { ...label, knowable: false, named: false }];
    const wrong: JudgedLabel = { ...found, label: 'false' };
    const neither = [
      { ...wrong, reported: false },
      { ...found, label: 'contradictory' as const },
    ];
    expect(ratiosOf([...labels, wrong, ...neither])).toEqual([
      {
        ecosystem: 'Red Hat',
        precision: '66.6',
        recall: '66.6',
        'recall-of-named': '66.6',
        'true-reported': '2',
        'false-reported': '1',
        'true-knowable': '3',
        'true-unknown-to-data': '1',
        'false-not-reported': '1',
        'no-verdict': '1',
      },
    ]);
  });
});
