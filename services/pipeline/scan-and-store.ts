import { PlimsollError } from '../domain/errors.ts';
import { parseTarget } from '../domain/image/target.ts';
import { LIMITS } from '../domain/limits.ts';
import type { ReportDocument } from '../domain/report/report.ts';
import type { Job, JobProgress } from './job-ports.ts';
import { type JudgeRequest, judgeDocument, type Suppressions } from './judge-document.ts';
import { judgedImage, judgedWith, readersDigest } from './judged-image.ts';
import type { JobEnd } from './run-job.ts';
import { type ScanDependencies, type ScanProgress, scanTarget } from './scan-target.ts';
import type { JudgedTarget, ReportStore } from './store-ports.ts';

/** What judges, as of now: the advisories, the policies, the exceptions. */
export interface Judgement extends JudgeRequest {
  /** Of the terms in the store that it holds. */
  readonly revision: string;
  /** The exceptions and VEX of files, without those in the store. */
  readonly given: Suppressions;
  close(): Promise<void>;
}

export interface ScanAndStoreDependencies {
  readonly scan: ScanDependencies;
  readonly openJudgement: () => Promise<Judgement>;
  readonly reports: ReportStore;
}

/**
 * What a scan job does: reads every platform of the target, judges each by what holds then, and stores the reports together with the
 * job's end. Raises what scanning raises, TARGET_UNREADABLE where what was read has no digest to be stored under.
 */
export async function scanAndStore(
  job: Job,
  target: string,
  signal: AbortSignal,
  onProgress: (progress: JobProgress) => void,
  { scan, openJudgement, reports }: ScanAndStoreDependencies,
): Promise<JobEnd> {
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
      onProgress: summed(onProgress),
      signal,
    },
    scan,
  );
  for (;;) {
    const judgement = await openJudgement();
    try {
      const judged = judgedTarget(await judgeDocument(document, judgement, scan), target, judgement, scan);
      signal.throwIfAborted();
      const { indexDigest, images } = judged;
      const digests = [...(indexDigest === null ? [] : [indexDigest]), ...images.map(({ digest }) => digest)];
      const outcome = await reports.storeAndSettle(job, judged, { digests });
      if (outcome === 'stored') return 'stored';
      if (outcome === 'lost') throw new PlimsollError('CANCELLED', 'the job was given to another worker');
      // Overtaken: an exception or a policy was changed meanwhile. What was read is judged again.
    } finally {
      await judgement.close();
    }
  }
}

/** What was said of each layer, as one sum of the image that is read now. */
function summed(report: (progress: JobProgress) => void): (progress: ScanProgress) => void {
  let current = -1;
  const layers = new Map<number, ScanProgress>();
  return (progress) => {
    if (progress.image !== current) layers.clear();
    current = progress.image;
    layers.set(progress.layer, progress);
    const said = [...layers.values()];
    report({
      image: progress.image + 1,
      images: progress.images,
      layersDone: said.filter(({ state }) => state !== 'reading').length,
      layers: progress.layers,
      bytesRead: said.reduce((sum, { readBytes }) => sum + readBytes, 0),
    });
  };
}

function judgedTarget(
  document: ReportDocument,
  reference: string,
  judgement: Judgement,
  { analyzers, version, sha256 }: ScanDependencies,
): JudgedTarget {
  const found = 'reports' in document ? document.reports : [document];
  const readBy = readersDigest(version, analyzers, sha256);
  const images = found.map((report) => {
    const digest = report.target.digest ?? report.image.id;
    const by = judgedWith(judgement, report.createdAt, version, sha256);
    if (digest !== null) return judgedImage(report, digest, readBy, by, sha256);
    throw new PlimsollError('TARGET_UNREADABLE', `${reference} has no digest to store its report under.`);
  });
  const indexDigest = 'reports' in document ? document.index.digest : null;
  return { reference, indexDigest, images, revision: judgement.revision };
}
