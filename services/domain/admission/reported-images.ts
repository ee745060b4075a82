import { formatReference, type ImageReference, parseReference } from '../image/reference.ts';
import type { Report, ReportDocument } from '../report/report.ts';
import type { ImageVerdict } from '../verdict/judged-image.ts';
import { imageVerdictOf, type KnownImage, mergedVerdict } from './judged-images.ts';
import type { WorkloadImage } from './workload.ts';

/** Targets that are called as images are; files are called by their paths, which name none. */
const NAMED_KINDS: readonly string[] = ['registry', 'docker', 'podman', 'containerd'];

/**
 * What reports say of images: by digest, and by the reference that was scanned, which may name the digest of an index. A document of several
 * platforms answers for its index by all of them. Of several documents of one image the newest counts.
 */
export function reportedImages(documents: readonly ReportDocument[]): (image: WorkloadImage) => KnownImage | null {
  const known = new Map<string, KnownImage>();
  const add = (
    verdict: ImageVerdict | null,
    { kind, reference }: Pick<Report['target'], 'kind' | 'reference'>,
  ): void => {
    if (verdict === null) return;
    known.set(verdict.digest, { verdict, failingSince: null });
    const named = NAMED_KINDS.includes(kind) ? parsedOrNull(reference) : null;
    if (named === null) return;
    const digest = named.digest ?? verdict.digest;
    known.set(named.digest ?? formatReference(named), { verdict: { ...verdict, digest }, failingSince: null });
  };
  for (const document of documents.toSorted((a, b) => newestOf(a) - newestOf(b))) {
    const reports = reportsOf(document);
    const verdicts = reports.map(imageVerdictOf);
    for (const [i, { target }] of reports.entries()) add(verdicts[i]!, target);
    if (!('reports' in document) || document.index.digest === null) continue;
    add(mergedVerdict(document.index.digest, verdicts), document.index);
  }
  return ({ reference }) => {
    if (reference === null) return null;
    return known.get(reference.digest ?? formatReference(reference)) ?? null;
  };
}

function reportsOf(document: ReportDocument): readonly Report[] {
  return 'reports' in document ? document.reports : [document];
}

function newestOf(document: ReportDocument): number {
  return reportsOf(document).reduce((newest, { createdAt }) => Math.max(newest, Date.parse(createdAt)), 0);
}

function parsedOrNull(text: string): ImageReference | null {
  try {
    return parseReference(text);
  } catch {
    return null;
  }
}
