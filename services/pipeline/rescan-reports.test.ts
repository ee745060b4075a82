import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { advisory, affectedPackage } from '../../test/support/advisory.ts';
import { MemoryAdvisories } from '../../test/support/memory-advisories.ts';
import { samplePackage, sampleReport } from '../../test/support/sample-report.ts';
import type { Report } from '../domain/report/report.ts';
import { DEFAULT_POLICY_SETTINGS } from '../domain/verdict/plan.ts';
import type { Policy } from '../domain/verdict/policy.ts';
import type { AdvisoryDatabase } from './advisory-ports.ts';
import { judgeDocument } from './judge-document.ts';
import { judgedImage, judgedWith } from './judged-image.ts';
import type { RejudgedReport, StoredReport } from './rescan-ports.ts';
import { isRescanDue, rescanReports } from './rescan-reports.ts';
import type { Judgement } from './scan-and-store.ts';
import type { JudgedImage } from './store-ports.ts';

const MOMENT = '2026-06-01T00:00:00.000Z';
const scan = {
  analyzers: [],
  version: '1.0.0',
  sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex'),
  breathe: () => Promise.resolve(),
  clock: { moment: () => MOMENT, elapsed: () => 0 },
};
const READ_BY = 'sha256:readers';
const rule = { title: 'any', description: '', level: 'error', critical: false, mode: 'deny', needs: [], params: {} };
const digest = `sha256:${'a'.repeat(64)}`;
const policy = { name: 'test', digest, builtin: false, rules: [{ id: 'any', ...rule }] } as unknown as Policy;
const options = { settings: DEFAULT_POLICY_SETTINGS, settingsDigest: null, failOn: null, against: null };

const databaseOf = (...ids: readonly string[]) => {
  const affected = [affectedPackage({ ecosystem: 'Debian:12', name: 'curl', nameOf: 'source' })];
  return new MemoryAdvisories(
    ids.map((id) => advisory({ id, affected })),
    [],
    { digest: `sha256:${ids.length}${ids.join('')}` },
  );
};

const NOTHING_GIVEN = { exceptions: [], vex: [], digests: { exceptions: null, vex: null } };
const byNow = (by: Pick<Judgement, 'matching' | 'judging' | 'given'>, now = MOMENT, version = scan.version) =>
  judgedWith(by, now, version, scan.sha256);

/** Denies every vulnerability. */
const judgement = (database: AdvisoryDatabase | null): Judgement => ({
  matching: {
    database,
    suppressions: NOTHING_GIVEN,
    bundleVerifier: () => Promise.reject(new Error('there is no VEX')),
  },
  judging: {
    evaluator: {
      policies: [policy],
      evaluate: async ({ report }) => {
        const violations = (report?.vulnerabilities ?? []).map(({ id }) => ({ rule: 'any', message: id }));
        return [{ policy, violations }];
      },
    },
    options: { ...options, stage: 'ship', gate: { severities: null, ignoreUnfixed: false } },
  },
  given: NOTHING_GIVEN,
  revision: '1',
  close: () => Promise.resolve(),
});

async function scanned(name: string, by: Judgement): Promise<StoredReport & JudgedImage> {
  const packages = [samplePackage({ name: 'curl', version: '8' }), samplePackage({ name, version: '1' })];
  const target = { ...sampleReport().target, digest: `sha256:${name.repeat(64)}` };
  const report = (await judgeDocument({ ...sampleReport(), packages, target }, by, scan)) as Report;
  return { id: name, ...judgedImage(report, target.digest, READ_BY, byNow(by), scan.sha256) };
}

async function rescanned(
  by: Judgement,
  stored: readonly StoredReport[],
  {
    scannedMeanwhile = [] as readonly string[],
    overtakenBy = null as Judgement | null,
    vulnerability = null as string | null,
    signal = new AbortController().signal,
  } = {},
) {
  const replaced: RejudgedReport[] = [];
  const left: string[] = [];
  const opened: Judgement[] = [];
  const after = (digest: string | null, limit: number) =>
    stored.filter((each) => digest === null || each.digest > digest).slice(0, limit);
  const result = await rescanReports(vulnerability, signal, {
    scan,
    openJudgement: async () => {
      opened.push(opened.length > 0 && overtakenBy !== null ? overtakenBy : by);
      return opened.at(-1)!;
    },
    giveWay: () => Promise.resolve(),
    reports: {
      outdated: async (asked, digest, limit) => {
        expect([vulnerability, asked]).toEqual([null, byNow(opened.at(-1)!)]);
        return after(digest, limit);
      },
      naming: async (named, digest, limit) => {
        expect(named).toBe(vulnerability);
        return after(digest, limit);
      },
      replace: async (rejudged, revision) => {
        if (overtakenBy !== null && revision !== overtakenBy.revision) return 'overtaken';
        const kept = rejudged.filter(({ basis }) => !scannedMeanwhile.includes(basis.id));
        replaced.push(...kept);
        return kept.map(({ image }) => image.digest);
      },
      leave: async (id) => void left.push(id),
    },
  });
  return { result, replaced, left };
}

const [FIRST, SECOND] = ['CVE-2024-0001', 'CVE-2024-0002'];

describe('a rescan', () => {
  it('comes to what a scan would, and says what changed', async () => {
    const [old, now] = [judgement(databaseOf(FIRST!)), judgement(databaseOf(FIRST!, SECOND!))];
    const before = await scanned('b', old);
    const { result, replaced } = await rescanned(now, [before]);
    expect(result).toEqual({ judged: 1, changed: 1, flipped: 0, overtaken: 0, failed: 0, failures: [] });
    const fresh = await scanned('b', now);
    const [again] = replaced;
    expect({ ...JSON.parse(again!.image.document), createdAt: '' }).toEqual({
      ...JSON.parse(fresh.document),
      createdAt: '',
    });
    expect(JSON.parse(again!.image.document).createdAt).toBe(MOMENT);
    expect(again).toMatchObject({
      basis: { id: 'b', documentDigest: before.documentDigest },
      image: { decision: 'fail', readBy: READ_BY, judgedWith: byNow(now), judgedBy: fresh.judgedBy },
      change: { appeared: [{ id: SECOND }], vanished: [], altered: [] },
      databases: { before: before.report.inputs.db, after: fresh.report.inputs.db },
    });
  });

  it('counts verdicts that became others', async () => {
    const before = await scanned('b', judgement(databaseOf()));
    const { result } = await rescanned(judgement(databaseOf(FIRST!)), [before]);
    expect(result).toMatchObject({ judged: 1, changed: 1, flipped: 1 });
  });

  it('goes on where one report cannot be judged, names it and leaves it', async () => {
    const old = judgement(databaseOf());
    const [one, two] = [await scanned('b', old), await scanned('c', old)];
    const broken = { ...one, document: '{"packages":' };
    const { result, replaced, left } = await rescanned(judgement(databaseOf(FIRST!)), [broken, two]);
    expect(result).toMatchObject({ judged: 1, failed: 1, failures: [expect.stringContaining(one.digest)] });
    expect(replaced.map(({ basis }) => basis.id)).toEqual(['c']);
    expect(left).toEqual(['b']);
  });

  it('counts what a scan was faster with', async () => {
    const before = await scanned('b', judgement(databaseOf()));
    const { result } = await rescanned(judgement(databaseOf(FIRST!)), [before], { scannedMeanwhile: ['b'] });
    expect(result).toMatchObject({ judged: 0, changed: 0, overtaken: 1 });
  });

  it('takes many in parts, each once', async () => {
    const one = await scanned('b', judgement(databaseOf()));
    const many = Array.from({ length: 45 }, (_, i) => ({ ...one, id: `${i}`, digest: `sha256:${100 + i}` }));
    const { replaced } = await rescanned(judgement(databaseOf(FIRST!)), many);
    expect(replaced.map(({ basis }) => basis.id)).toEqual(many.map(({ id }) => id));
  });

  it('judges nothing without an advisory database', async () => {
    const before = await scanned('b', judgement(databaseOf()));
    const { result, replaced } = await rescanned(judgement(null), [before]);
    expect(result).toMatchObject({ judged: 0 });
    expect(replaced).toEqual([]);
  });

  it('judges once more where an exception was changed meanwhile', async () => {
    const before = await scanned('b', judgement(databaseOf()));
    const overtakenBy = { ...judgement(databaseOf(FIRST!, SECOND!)), revision: '2' };
    const { result, replaced } = await rescanned(judgement(databaseOf(FIRST!)), [before], { overtakenBy });
    expect(result).toMatchObject({ judged: 1 });
    expect(replaced.map(({ change }) => change?.appeared.map(({ id }) => id))).toEqual([[FIRST, SECOND]]);
  });

  it('takes those that name a vulnerability, whatever they were judged with', async () => {
    const by = judgement(databaseOf(FIRST!));
    const { result } = await rescanned(by, [await scanned('b', by)], { vulnerability: FIRST! });
    expect(result).toMatchObject({ judged: 1, changed: 0 });
  });

  it('ends where it is stopped', async () => {
    const before = await scanned('b', judgement(databaseOf()));
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(rescanned(judgement(databaseOf(FIRST!)), [before], { signal })).rejects.toThrow('stopped');
  });
});

const NONE = { outdated: async () => [], naming: async () => [], replace: async () => [], leave: async () => {} };

describe('what reports are judged with', () => {
  const due = async (by: Judgement, stored: readonly StoredReport[]) =>
    await isRescanDue({
      scan,
      openJudgement: async () => by,
      reports: { ...NONE, outdated: async () => stored },
    });

  it('is due for reports that were judged otherwise, and not without a database', async () => {
    const before = await scanned('b', judgement(databaseOf()));
    expect(await due(judgement(databaseOf(FIRST!)), [before])).toBe(true);
    expect(await due(judgement(databaseOf(FIRST!)), [])).toBe(false);
    expect(await due(judgement(null), [before])).toBe(false);
  });

  it('is another with another database, version, exception, or the end of one', () => {
    const by = judgement(databaseOf(FIRST!));
    const { matching, judging } = by;
    const exception = { vulnerability: FIRST!, reason: 'r', owner: 'o', expires: '2026-06-01', name: 'e #1' };
    const granted = { ...DEFAULT_POLICY_SETTINGS, exceptions: [{ rule: 'any', match: {}, ...exception }] };
    const settings = { ...judging!.options, settings: granted as typeof DEFAULT_POLICY_SETTINGS };
    const withSettings = { ...by, judging: { ...judging!, options: settings } };
    const digests = [
      byNow(by),
      byNow(by, MOMENT, '1.0.1'),
      byNow({ ...by, matching: { ...matching!, database: databaseOf(SECOND!) } }),
      byNow({ ...by, given: { ...NOTHING_GIVEN, exceptions: [exception] } }),
      byNow({ ...by, given: { ...NOTHING_GIVEN, digests: { exceptions: 'sha256:1', vex: null } } }),
      byNow(withSettings),
      byNow(withSettings, '2026-06-02T00:00:00Z'),
    ].map((each) => each!.digest);
    expect(new Set(digests).size).toBe(digests.length);
    expect(byNow(by, '2027-01-01T00:00:00Z')!.digest).toBe(digests[0]);
    // Changes of the store's exceptions are followed by jobs of their own, for what they touch.
    const stored = { ...matching!.suppressions, exceptions: [exception] };
    expect(byNow({ ...by, matching: { ...matching!, suppressions: stored } })!.digest).toBe(digests[0]);
  });
});
