import { describe, expect, it } from 'vitest';
import type { PostgresImages } from '../../services/adapters/store/postgres-images.ts';
import type { PostgresJobs } from '../../services/adapters/store/postgres-jobs.ts';
import type { PostgresPackages } from '../../services/adapters/store/postgres-packages.ts';
import type { PostgresRescans } from '../../services/adapters/store/postgres-rescans.ts';
import type { RejudgedReport, ReportChange, StoredReport } from '../../services/pipeline/rescan-ports.ts';
import type { JudgedImage, JudgedWith } from '../../services/pipeline/store-ports.ts';
import type { TermsReader } from '../../services/pipeline/terms.ts';
import { anotherDigest, judgedSample } from '../support/judged-images.ts';

export interface TestedRescans extends TermsReader {
  readonly jobs: PostgresJobs;
  readonly images: PostgresImages;
  readonly packages: PostgresPackages;
  readonly rescans: PostgresRescans;
  run(statement: string): Promise<void>;
}

const withDatabaseOf = (day: string): JudgedWith => {
  return { digest: anotherDigest(), databaseBuiltAt: `${day}T00:00:00.000Z` };
};
const ROW = {
  id: 'CVE-2024-0001',
  packageId: 'p1',
  severity: 'high',
  status: 'affected',
  fixedVersion: null,
  kev: false,
  suppressed: false,
} as const;
const CHANGE: ReportChange = {
  decision: { before: 'pass', after: 'fail' },
  appeared: [ROW],
  vanished: [],
  altered: [{ before: ROW, after: { ...ROW, kev: true } }],
};

/** What every store of reports that are judged again keeps to. */
export function rescansContract(name: string, open: () => TestedRescans): void {
  const store = async ({ jobs, images, terms }: TestedRescans, image: JudgedImage) => {
    const [job] = await jobs.request([{ kind: 'scan', key: anotherDigest(), payload: {}, priority: 5 }]);
    const attempt = (await jobs.begin(job!.id, 'worker-1'))!;
    const { revision } = await terms();
    await images.storeAndSettle(attempt, { reference: './app.tar', indexDigest: null, images: [image], revision }, {});
    return image;
  };
  const outdated = async ({ rescans }: TestedRescans, by: JudgedWith, of: readonly { digest: string }[]) => {
    const digests = of.map(({ digest }) => digest);
    return (await rescans.outdated(by, null, 10_000)).filter(({ digest }) => digests.includes(digest));
  };
  const again = (
    { id, digest, readBy, documentDigest }: StoredReport,
    by: JudgedWith,
    more: Partial<RejudgedReport> = {},
  ): RejudgedReport => ({
    image: judgedSample(digest, 'fail', { readBy, judgedWith: by, counts: { critical: 2 } }),
    basis: { id, documentDigest },
    databases: { before: null, after: anotherDigest() },
    change: CHANGE,
    ...more,
  });
  const replace = async ({ rescans, terms }: TestedRescans, rejudged: RejudgedReport) =>
    await rescans.replace([rejudged], (await terms()).revision);

  describe(`rescans: ${name}`, () => {
    it('find the newest report of each image that was judged otherwise, and no other', async () => {
      const tested = open();
      const [then, now] = [withDatabaseOf('2024-01-01'), withDatabaseOf('2024-01-02')];
      const old = await store(tested, judgedSample(anotherDigest(), 'pass', { judgedWith: then }));
      const unknown = await store(tested, judgedSample(anotherDigest()));
      const current = await store(tested, judgedSample(anotherDigest(), 'pass', { judgedWith: now }));
      const both = await store(tested, judgedSample(anotherDigest(), 'pass', { judgedWith: then }));
      await store(tested, judgedSample(both.digest, 'fail', { judgedWith: now }));
      const all = [old, unknown, current, both];
      const found = await outdated(tested, now, all);
      expect(found.map(({ digest }) => digest)).toEqual([old.digest, unknown.digest].toSorted());
      expect(found.find(({ digest }) => digest === old.digest)).toMatchObject({
        readBy: old.readBy,
        document: old.document,
        documentDigest: old.documentDigest,
      });
      // A host whose database is older judges nothing back.
      expect((await outdated(tested, then, all)).map(({ digest }) => digest)).toEqual([unknown.digest]);
      const [first, second] = [
        await tested.rescans.outdated(now, null, 1),
        await tested.rescans.outdated(now, null, 2),
      ];
      expect(await tested.rescans.outdated(now, first[0]!.digest, 1)).toEqual(second.slice(1));
    });

    it('put a report in the place of the one before, with what changed', async () => {
      const tested = open();
      const [then, now] = [withDatabaseOf('2024-01-01'), withDatabaseOf('2024-01-02')];
      const image = await store(tested, judgedSample(anotherDigest(), 'pass', { judgedWith: then }));
      const before = (await tested.images.verdict(image.digest))!;
      const [report] = await outdated(tested, now, [image]);
      const rejudged = again(report!, now);
      expect(await replace(tested, rejudged)).toEqual([image.digest]);
      expect(await outdated(tested, now, [image])).toEqual([]);
      expect(await tested.images.report(image.digest)).toEqual({
        document: rejudged.image.document,
        documentDigest: rejudged.image.documentDigest,
      });
      const verdict = (await tested.images.verdict(image.digest))!;
      expect(verdict).toMatchObject({ decision: 'fail', counts: { critical: 2 }, judgedBy: rejudged.image.judgedBy });
      expect(verdict.scannedAt).toBe(before.scannedAt);
      expect(Date.parse(verdict.judgedAt)).toBeGreaterThan(Date.parse(before.judgedAt));
      expect(
        await tested.packages.packagesNamed({ name: 'pkg:deb/debian/curl', images: 'all' }, null, 10_000),
      ).toContainEqual(expect.objectContaining({ digest: image.digest }));
      const { items } = await tested.rescans.changes({ digest: image.digest }, { limit: 10, after: null });
      expect(items).toEqual([
        {
          ...CHANGE,
          digest: image.digest,
          reference: './app.tar',
          at: expect.any(String),
          database: rejudged.databases,
        },
      ]);
      // Said again by somebody who began with the same report: it is no more what it was.
      expect(await replace(tested, again(report!, now))).toEqual([]);
      expect((await tested.rescans.changes({ digest: image.digest }, { limit: 10, after: null })).items).toHaveLength(
        1,
      );
    });

    it('leave alone what was scanned meanwhile', async () => {
      const tested = open();
      const [then, now] = [withDatabaseOf('2024-01-01'), withDatabaseOf('2024-01-02')];
      const image = await store(tested, judgedSample(anotherDigest(), 'pass', { judgedWith: then }));
      const [report] = await outdated(tested, now, [image]);
      await store(tested, { ...image, documentDigest: anotherDigest(), document: '{"scanned":"meanwhile"}' });
      expect(await replace(tested, again(report!, now))).toEqual([]);
      expect((await tested.images.report(image.digest))!.document).toBe('{"scanned":"meanwhile"}');
      expect((await tested.rescans.changes({ digest: image.digest }, { limit: 1, after: null })).items).toEqual([]);
    });

    it('leave one report where an earlier one had been judged in the same way', async () => {
      const tested = open();
      const [first, second] = [withDatabaseOf('2024-01-01'), withDatabaseOf('2024-01-01')];
      const earlier = await store(tested, judgedSample(anotherDigest(), 'pass', { judgedWith: first }));
      await store(tested, judgedSample(earlier.digest, 'fail', { judgedWith: second }));
      const [report] = await outdated(tested, first, [earlier]);
      const image = judgedSample(earlier.digest, 'pass', { judgedWith: first, judgedBy: earlier.judgedBy });
      expect(await replace(tested, again(report!, first, { image, change: null }))).toEqual([earlier.digest]);
      expect((await tested.images.report(earlier.digest))!.documentDigest).toBe(image.documentDigest);
      await tested.run(`do $$ begin if (select count(*) from reports where digest = '${earlier.digest}') <> 1
        then raise exception 'not one'; end if; end $$`);
    });

    it('find the newest reports that name a vulnerability', async () => {
      const tested = open();
      const by = withDatabaseOf('2024-01-02');
      const named = `CVE-2024-${anotherDigest().slice(-6)}`;
      const naming = { judgedWith: by, document: `{"id":"${named}"}` };
      const [one, two] = [
        await store(tested, judgedSample(anotherDigest(), 'pass', naming)),
        await store(tested, judgedSample(anotherDigest(), 'pass', naming)),
      ];
      await store(tested, judgedSample(anotherDigest(), 'pass', { document: `{"id":"${named}0"}` }));
      await store(tested, judgedSample(two.digest));
      const found = await tested.rescans.naming(named, null, 10);
      expect(found.map(({ digest }) => digest)).toEqual([one.digest]);
      expect(await tested.rescans.naming(named, one.digest, 10)).toEqual([]);
    });

    it('store nothing where the terms have changed since', async () => {
      const tested = open();
      const now = withDatabaseOf('2024-01-02');
      const image = await store(tested, judgedSample(anotherDigest()));
      const [report] = await outdated(tested, now, [image]);
      const { revision } = await tested.terms();
      await tested.run('update judgement_terms set revision = revision + 1');
      expect(await tested.rescans.replace([again(report!, now)], revision)).toBe('overtaken');
      expect((await tested.images.report(image.digest))!.documentDigest).toBe(image.documentDigest);
    });

    it('find what could not be judged again only when something else has changed', async () => {
      const tested = open();
      const [now, later] = [withDatabaseOf('2024-01-02'), withDatabaseOf('2024-01-03')];
      const image = await store(tested, judgedSample(anotherDigest()));
      const [report] = await outdated(tested, now, [image]);
      await tested.rescans.leave(report!.id, now);
      expect(await outdated(tested, now, [image])).toEqual([]);
      expect(await outdated(tested, later, [image])).toHaveLength(1);
    });

    it('list changes page by page, the newest first, of all or of those whose verdict became another', async () => {
      const tested = open();
      const now = withDatabaseOf('2024-01-02');
      const decisions = ['fail', 'pass', 'fail'] as const;
      const images: JudgedImage[] = [];
      for (const after of decisions) {
        const image = await store(tested, judgedSample(anotherDigest()));
        const [report] = await outdated(tested, now, [image]);
        const change = { ...CHANGE, decision: { before: 'pass', after } } as const;
        await replace(tested, again(report!, now, { change }));
        images.push(image);
      }
      const digests = images.map(({ digest }) => digest).toReversed();
      const first = await tested.rescans.changes({}, { limit: 2, after: null });
      const second = await tested.rescans.changes({}, { limit: 1, after: first.next });
      expect([...first.items, ...second.items].map(({ digest }) => digest)).toEqual(digests);
      const failed = await tested.rescans.changes({ decision: 'fail' }, { limit: 2, after: null });
      expect(failed.items.map(({ digest }) => digest)).toEqual([digests[0], digests[2]]);
      const passed = await tested.rescans.changes({ digest: digests[1]!, decision: 'pass' }, { limit: 2, after: null });
      expect(passed.items).toEqual([]);
    });
  });
}
