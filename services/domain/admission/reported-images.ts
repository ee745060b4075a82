import { formatReference, parseReference } from '../image/reference.ts';
import type { Report } from '../report/report.ts';
import { imageVerdictOf, type KnownImage } from './judged-images.ts';
import type { WorkloadImage } from './workload.ts';

/**
 * What reports say of images: by digest, and by the reference that was scanned. Of several of one image the newest. A reference may name
 * the digest of an index, of which the report is of one platform.
 */
export function reportedImages(reports: readonly Report[]): (image: WorkloadImage) => KnownImage | null {
  const known = new Map<string, KnownImage>();
  for (const report of reports.toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))) {
    const verdict = imageVerdictOf(report);
    if (verdict === null) continue;
    known.set(verdict.digest, { verdict, failingSince: null });
    const named = referenceOf(report);
    if (named === null) continue;
    const { digest } = named;
    known.set(digest ?? formatReference(named), {
      verdict: { ...verdict, digest: digest ?? verdict.digest },
      failingSince: null,
    });
  }
  return ({ reference }) => {
    if (reference === null) return null;
    return known.get(reference.digest ?? formatReference(reference)) ?? null;
  };
}

/** Targets in files are called by their paths, which name no image. */
function referenceOf({ target }: Report) {
  if (!['registry', 'docker', 'podman', 'containerd'].includes(target.kind)) return null;
  try {
    return parseReference(target.reference);
  } catch {
    return null;
  }
}
