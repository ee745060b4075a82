import { MATCHING_GAPS } from '../domain/completeness.ts';
import type { Target } from '../domain/image/target.ts';
import type { Report } from '../domain/report/report.ts';
import type { SbomContent } from '../domain/sbom/sbom.ts';

export interface SbomRequest {
  readonly target: Target;
  /** How long it took to read the document. */
  readonly readMs: number;
}

export interface SbomDependencies {
  readonly clock: { moment(): string };
  readonly version: string;
}

/**
 * packages → report. An SBOM that Plimsoll wrote gives the packages, the image and the gaps of the scan behind
 * it as they were; what is then done with packages (matching, judging) does not ask where they came from.
 */
export function scanSbom(
  content: SbomContent,
  { target, readMs }: SbomRequest,
  { clock, version }: SbomDependencies,
): Report {
  const { digest, platform, image, packages, engines, findings, layersRead, ...read } = content;
  const gaps = [...read.scanGaps, ...read.gaps].filter(({ code }) => !MATCHING_GAPS.has(code));
  const blocking = gaps.filter((gap) => gap.class === 'blocking');
  // That another engine failed says nothing of our own reading.
  const ownPartial = blocking.some(({ code }) => code !== 'engine-failed');
  return {
    schemaVersion: '1',
    tool: { name: 'plimsoll', version },
    createdAt: clock.moment(),
    target: { kind: 'sbom', reference: target.path, digest, platform },
    inputs: { db: null, policy: null, exceptions: null, vex: null, config: null },
    engines: [{ name: 'plimsoll', version, status: ownPartial ? 'partial' : 'ok' }, ...engines],
    image,
    packages: [...packages],
    findings: [...findings],
    completeness: {
      status: blocking.length > 0 ? 'partial' : 'complete',
      layersRead,
      layersTotal: image.layers.length,
      gaps,
      feeds: [],
      withoutFeed: [],
    },
    timings: { readMs },
  };
}
