import { MATCHING_GAPS } from '../domain/completeness.ts';
import type { Target } from '../domain/image/target.ts';
import type { Limits } from '../domain/limits.ts';
import type { Report } from '../domain/report/report.ts';
import { readSbom } from '../domain/sbom/read-sbom.ts';

export interface SbomRequest {
  readonly target: Target;
  readonly limits: Limits;
}

export interface SbomDependencies {
  readonly clock: { moment(): string; elapsed(): number };
  readonly version: string;
}

/**
 * document → packages → report. An SBOM that Plimsoll wrote gives the packages, the image and the gaps of the scan behind
 * it as they were; what is then done with packages (matching, judging) does not ask where they came from.
 */
export function scanSbom(
  bytes: Uint8Array,
  { target, limits }: SbomRequest,
  { clock, version }: SbomDependencies,
): Report {
  const started = clock.elapsed();
  const { digest, platform, image, packages, engines, findings, layersRead, ...read } = readSbom(
    target.path === '-' ? 'standard input' : target.path,
    bytes,
    limits,
  );
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
    timings: { readMs: clock.elapsed() - started },
  };
}
