import type { Gap } from '../completeness.ts';
import type { Report, ReportImage, ReportPackage } from '../report/report.ts';

export type SbomFormat = 'cyclonedx-json' | 'cyclonedx-xml' | 'spdx-json' | 'spdx-tag-value' | 'report';

/** What an SBOM says, as far as a report needs it. Of what it does not say: null, or nothing in a list. */
export interface SbomContent {
  readonly format: SbomFormat;
  /** Of the format: `1.6` (CycloneDX), `2.3` (SPDX), `1` (Report). */
  readonly specVersion: string;
  /** Who wrote it; null where it does not say. */
  readonly tool: { readonly name: string; readonly version: string | null } | null;
  /** Digest of the image's manifest, and its platform as os/architecture[/variant]. */
  readonly digest: string | null;
  readonly platform: string | null;
  readonly image: ReportImage;
  readonly packages: readonly ReportPackage[];
  /** The engines that found the packages, beside the one that reads this. */
  readonly engines: Report['engines'];
  /** Beside packages: what the scan behind the SBOM found. */
  readonly findings: Report['findings'];
  readonly layersRead: number;
  /** What the scan behind the SBOM could not see, where Plimsoll wrote it. */
  readonly scanGaps: readonly Gap[];
  /** What of the SBOM could not be read. */
  readonly gaps: readonly Gap[];
}

/** Where an SBOM tells nothing of the image. */
export const UNKNOWN_IMAGE: ReportImage = {
  id: null,
  os: null,
  architecture: null,
  created: null,
  repositories: [],
  layers: [],
  config: null,
};
