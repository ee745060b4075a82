import { type GapCode, MATCHING_GAPS } from '../completeness.ts';
import { PlimsollError } from '../errors.ts';
import type { DatabaseUnit, PackageRecord } from '../packages/ecosystem.ts';
import { UnitGaps } from '../packages/unit-gaps.ts';
import type { ReportPackage } from '../report/report.ts';
import type { SbomContent } from './sbom.ts';

/** What one SBOM says that is used beside an image. `text` is not null where it could be read. */
export type SbomUnit = Pick<DatabaseUnit, 'packages' | 'gaps' | 'text'>;

/** The packages of an SBOM that is used beside what was found, and what of it could not be. */
export function usedSbom(content: SbomContent): SbomUnit {
  const gaps = new UnitGaps();
  const behind = content.scanGaps.filter(({ code }) => !MATCHING_GAPS.has(code)).length;
  if (behind > 0) gaps.add('sbom-incomplete', `the scan behind the SBOM had ${behind} gaps of its own`);
  for (const { code, message } of content.gaps) {
    const own = OWN_CODES.get(code);
    if (own !== undefined) gaps.add(own, message);
  }
  return { packages: content.packages.map(recordOf), gaps: gaps.all(), text: '' };
}

/** One that could not be read at all: why, as `readSbom` raised it. Raises anything else. */
export function unusedSbom(error: unknown): SbomUnit {
  if (!(error instanceof PlimsollError)) throw error;
  const code = error.code === 'LIMIT_EXCEEDED' ? 'limit-reached' : 'sbom-unusable';
  return { packages: [], gaps: [{ code, message: error.message }], text: null };
}

/**
 * Flaws of an SBOM, to what they are of one that is only used beside. That it names no package, or no distribution, is
 * none: the image does.
 */
const OWN_CODES: ReadonlyMap<
  GapCode,
  'limit-reached' | 'sbom-unusable' | 'sbom-incomplete' | 'package-record-invalid'
> = new Map([
  ['limit-reached', 'limit-reached'],
  ['package-database-broken', 'sbom-unusable'],
  ['sbom-incomplete', 'sbom-incomplete'],
  ['package-record-invalid', 'package-record-invalid'],
]);

/** Where it lies and what owns it is told by the SBOM's file, not by the SBOM. */
function recordOf(each: ReportPackage): PackageRecord {
  const { purl, type, name, version, arch, source, epoch, modularity, origin, vendor, licenses, dependsOn } = each;
  return {
    purl,
    type,
    name,
    version,
    arch,
    source,
    epoch,
    modularity,
    origin,
    vendor,
    licenses,
    dependsOn,
    provides: [],
    development: each.development,
  };
}
