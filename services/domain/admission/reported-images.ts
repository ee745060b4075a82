import { formatReference, parseReference } from '../image/reference.ts';
import type { Report } from '../report/report.ts';
import { imageVerdictOf, type KnownImage } from './judged-images.ts';
import type { WorkloadImage } from './workload.ts';

/** What reports say of images: by digest, and by the reference that was scanned. Of several of one image the newest. */
export function reportedImages(reports: readonly Report[]): (image: WorkloadImage) => KnownImage | null {
  const known = new Map<string, KnownImage>();
  for (const report of reports.toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))) {
    const verdict = imageVerdictOf(report);
    if (verdict === null) continue;
    for (const name of [verdict.digest, referenceOf(report)]) {
      if (name !== null) known.set(name, { verdict, failingSince: null });
    }
  }
  return ({ reference }) => {
    if (reference === null) return null;
    return known.get(reference.digest ?? formatReference(reference)) ?? null;
  };
}

/** Targets in files are called by their paths, which name no image. */
function referenceOf({ target }: Report): string | null {
  if (!['registry', 'docker', 'podman', 'containerd'].includes(target.kind)) return null;
  try {
    const reference = parseReference(target.reference);
    return reference.digest === null ? formatReference(reference) : null;
  } catch {
    return null;
  }
}
