import { messageOf } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Report } from '../domain/report/report.ts';
import type { JobResult } from './job-ports.ts';
import { judgeDocument } from './judge-document.ts';
import { judgedImage, judgedWith } from './judged-image.ts';
import { changeBetween } from './report-change.ts';
import type { RejudgedReport, RescanStore, StoredReport } from './rescan-ports.ts';
import type { Judgement } from './scan-and-store.ts';
import type { ScanDependencies } from './scan-target.ts';
import type { JudgedWith } from './store-ports.ts';

export interface RescanDependencies {
  readonly scan: Pick<ScanDependencies, 'sha256' | 'clock' | 'version' | 'breathe'>;
  readonly openJudgement: () => Promise<Judgement>;
  readonly reports: RescanStore;
  /** Resolves when nothing more urgent waits, or has waited long enough. */
  readonly giveWay: (signal: AbortSignal) => Promise<void>;
}

/** Reports of one transaction. What is cut short begins again behind the last one. */
const AT_ONCE = 20;

/**
 * Judges stored reports again by what holds now, from what they say of their images: those that name this vulnerability, or (null)
 * all that were judged otherwise than they would be today. What a report comes to is the same as that of a scan, and takes its
 * place. Raises what opening the database and policies raises, and the signal's reason.
 */
export async function rescanReports(
  vulnerability: string | null,
  signal: AbortSignal,
  { scan, openJudgement, reports, giveWay }: RescanDependencies,
): Promise<JobResult> {
  const sums = { judged: 0, changed: 0, flipped: 0, overtaken: 0 };
  const failures = new Map<string, string>();
  let judgement = await openJudgement();
  let by = judgedWith(judgement, scan.clock.moment(), scan.version, scan.sha256);
  const partAfter = async (after: string | null): Promise<readonly StoredReport[]> => {
    if (vulnerability !== null) return await reports.naming(vulnerability, after, AT_ONCE);
    await giveWay(signal);
    return by === null ? [] : await reports.outdated(by, after, AT_ONCE);
  };
  const rejudge = async (stored: StoredReport): Promise<RejudgedReport | null> => {
    try {
      await scan.breathe();
      return await rejudged(stored, judgement, by, scan);
    } catch (error) {
      failures.set(stored.digest, messageOf(error));
      if (by !== null) await reports.leave(stored.id, by);
      return null;
    }
  };
  try {
    for (let after: string | null = null; ; ) {
      const part = await partAfter(after);
      signal.throwIfAborted();
      if (part.length === 0) break;
      // Policies have processes of their own: while they judge one report, the next is matched.
      const judged = (await Promise.all(part.map(rejudge))).filter((each) => each !== null);
      const stored = await reports.replace(judged, judgement.revision);
      if (stored === 'overtaken') {
        // An exception or a policy was changed meanwhile: the same again, by what holds then.
        await judgement.close();
        judgement = await openJudgement();
        by = judgedWith(judgement, scan.clock.moment(), scan.version, scan.sha256);
        continue;
      }
      after = part.at(-1)!.digest;
      sums.overtaken += judged.length - stored.length;
      const changes = judged.flatMap(({ image, change }) => (stored.includes(image.digest) ? (change ?? []) : []));
      sums.judged += stored.length;
      sums.changed += changes.length;
      sums.flipped += changes.filter(({ decision }) => decision.before !== decision.after).length;
    }
  } finally {
    await judgement.close();
  }
  const listed = [...failures].slice(0, LIMITS.listedFlaws).map(([digest, why]) => `${digest}: ${why}`);
  return { ...sums, failed: failures.size, failures: listed };
}

async function rejudged(
  { id, digest, readBy, document, documentDigest }: StoredReport,
  judgement: Judgement,
  by: JudgedWith | null,
  scan: RescanDependencies['scan'],
): Promise<RejudgedReport> {
  const before = JSON.parse(document) as Report;
  // What has a date (ends of support, ages of feeds) is judged as of now.
  const after = await judgeDocument({ ...before, createdAt: scan.clock.moment() }, judgement, scan);
  if ('reports' in after) throw new Error('a report was judged, and became several');
  return {
    image: judgedImage(after, digest, readBy, by, scan.sha256),
    basis: { id, documentDigest },
    databases: { before: before.inputs.db, after: after.inputs.db },
    change: changeBetween(before, after),
  };
}

/** Whether reports are stored that would be judged otherwise today. Raises what opening the database and policies raises. */
export async function isRescanDue({
  scan,
  openJudgement,
  reports,
}: Omit<RescanDependencies, 'giveWay'>): Promise<boolean> {
  const judgement = await openJudgement();
  try {
    const by = judgedWith(judgement, scan.clock.moment(), scan.version, scan.sha256);
    return by !== null && (await reports.outdated(by, null, 1)).length > 0;
  } finally {
    await judgement.close();
  }
}
