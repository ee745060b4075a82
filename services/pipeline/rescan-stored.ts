import { report as reportSchema } from '../domain/report/report.ts';
import type { JobResult } from './job-ports.ts';
import { type JudgeDependencies, judgeDocument } from './judge-document.ts';
import { judgedImage } from './judged-image.ts';
import type { Judgement } from './scan-and-store.ts';
import type { RejudgedReports } from './store-ports.ts';

export interface RescanDependencies extends JudgeDependencies {
  readonly reports: RejudgedReports;
  readonly openJudgement: () => Promise<Judgement>;
  /** Now, as an ISO moment. */
  readonly moment: () => string;
}

/** Digests that are asked for at once. */
const PART = 500;

/**
 * Judges stored reports again by what holds now, without their images: those that name this vulnerability, or all (null). Of each
 * image the newest; one that is scanned meanwhile is left as that scan left it. How many were judged, and of how many the verdict or
 * the counts became others. Raises what judging raises.
 */
export async function rescanStored(
  vulnerability: string | null,
  signal: AbortSignal,
  dependencies: RescanDependencies,
): Promise<JobResult> {
  const { reports, openJudgement } = dependencies;
  let judgement = await openJudgement();
  const outcomes = { judged: 0, changed: 0 };
  try {
    let after: string | null = null;
    for (;;) {
      const digests: readonly string[] = await reports.reported(vulnerability, after, PART);
      for (const digest of digests) {
        for (;;) {
          signal.throwIfAborted();
          const outcome = await rejudge(digest, judgement, dependencies);
          if (outcome !== 'overtaken') {
            if (outcome !== 'absent') outcomes.judged++;
            if (outcome === 'changed') outcomes.changed++;
            break;
          }
          await judgement.close();
          judgement = await openJudgement();
        }
      }
      if (digests.length < PART) return outcomes;
      after = digests.at(-1)!;
    }
  } finally {
    await judgement.close();
  }
}

type Outcome = 'same' | 'changed' | 'absent' | 'overtaken';

async function rejudge(
  digest: string,
  judgement: Judgement,
  { reports, moment, ...dependencies }: RescanDependencies,
): Promise<Outcome> {
  const stored = await reports.stored(digest);
  if (stored === null) return 'absent';
  const { document, readBy, decision, counts } = stored;
  // What has a date (ends of support, ages of feeds) is judged as of now.
  const report = { ...reportSchema.parse(JSON.parse(document)), createdAt: moment() };
  const judged = await judgeDocument(report, judgement, dependencies);
  if ('reports' in judged) throw new Error('a report was judged, and became several');
  const image = judgedImage(judged, digest, readBy, dependencies.sha256);
  const outcome = await reports.replace(image, stored.documentDigest, judgement.revision);
  if (outcome !== 'stored') return outcome === 'overtaken' ? 'overtaken' : 'absent';
  return image.decision === decision && sameCounts(image.counts, counts) ? 'same' : 'changed';
}

function sameCounts(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
