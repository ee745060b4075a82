import { PlimsollError } from '../domain/errors.ts';
import { parseTarget } from '../domain/image/target.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Report } from '../domain/report/report.ts';
import { serializeReport } from '../domain/report/serialize.ts';
import { parsePurl } from '../domain/vulnerabilities/purl-pattern.ts';
import type { Job } from './job-ports.ts';
import { type JudgeRequest, judgeDocument } from './judge-document.ts';
import type { JobEnd } from './run-job.ts';
import { type ScanDependencies, scanTarget } from './scan-target.ts';
import type { JudgedImage, ReportStore } from './store-ports.ts';

/** What judges, for one scan: the advisories and the policies of now. */
export interface Judgement extends JudgeRequest {
  close(): Promise<void>;
}

export interface ScanAndStoreDependencies {
  readonly scan: ScanDependencies;
  readonly openJudgement: () => Promise<Judgement>;
  readonly reports: ReportStore;
}

/**
 * What a scan job does: reads every platform of the target, judges each, and stores the reports together with the job's end.
 * Raises what scanning raises, TARGET_UNREADABLE where what was read has no digest to be stored under.
 */
export async function scanAndStore(
  job: Job,
  target: string,
  signal: AbortSignal,
  { scan, openJudgement, reports }: ScanAndStoreDependencies,
): Promise<JobEnd> {
  const judgement = await openJudgement();
  try {
    const document = await scanTarget(
      {
        target: parseTarget(target),
        platform: 'all',
        fullInventory: false,
        crossMounts: false,
        readLockfiles: false,
        useSboms: false,
        skipDirs: [],
        skipFiles: [],
        engines: [],
        limits: LIMITS,
        onProgress: () => {},
        signal,
      },
      scan,
    );
    const judged = await judgeDocument(document, judgement, scan);
    signal.throwIfAborted();
    const found = 'reports' in judged ? judged.reports : [judged];
    const images = found.map((report) => judgedImage(report, target, scan));
    const indexDigest = 'reports' in judged ? judged.index.digest : null;
    const digests = [...(indexDigest === null ? [] : [indexDigest]), ...images.map(({ digest }) => digest)];
    const stored = await reports.storeAndSettle(job, { reference: target, indexDigest, images }, { digests });
    if (!stored) throw new PlimsollError('CANCELLED', 'the job was given to another worker');
    return 'stored';
  } finally {
    await judgement.close();
  }
}

function judgedImage(report: Report, target: string, { analyzers, version, sha256 }: ScanDependencies): JudgedImage {
  const digest = report.target.digest ?? report.image.id;
  if (digest === null)
    throw new PlimsollError('TARGET_UNREADABLE', `${target} has no digest to store its report under.`);
  if (report.verdict === undefined) throw new Error('a report was judged, and has no verdict');
  const hash = (text: string): string => `sha256:${sha256(new TextEncoder().encode(text))}`;
  const document = serializeReport(report);
  const readBy = analyzers.map((analyzer) => `${analyzer.id}@${analyzer.version}`).toSorted();
  return {
    digest,
    report,
    judgedBy: hash(JSON.stringify([version, readBy, report.inputs])),
    decision: report.verdict.decision,
    counts: countBySeverity(report),
    document,
    documentDigest: hash(document),
    packageNames: report.packages.map(({ purl }) => packageName(purl)),
  };
}

function countBySeverity({ vulnerabilities = [] }: Report): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { severity, suppressed } of vulnerabilities) {
    if (suppressed === undefined) counts[severity] = (counts[severity] ?? 0) + 1;
  }
  return counts;
}

/** `pkg:type/namespace/name` of a package URL, in its canonical spelling; null: it is none. */
export function packageName(purl: string): string | null {
  const parsed = parsePurl(purl);
  if (parsed === null) return null;
  return ['pkg:', parsed.type, '/', parsed.namespace ? `${parsed.namespace}/` : '', parsed.name].join('');
}
