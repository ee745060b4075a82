import type { Report } from '../domain/report/report.ts';
import { serializeReport } from '../domain/report/serialize.ts';
import type { Sha256 } from './layer-ports.ts';

/** Formats for machines that hold one image. */
export const FORMATS = ['json', 'cyclonedx', 'spdx', 'spdx-tag-value'] as const;

/** The report as the text of one format. What only SBOMs need is loaded with the first. */
export async function formatReport(report: Report, format: (typeof FORMATS)[number], sha256: Sha256): Promise<string> {
  if (format === 'json') return serializeReport(report);
  if (format === 'cyclonedx') {
    const { formatCycloneDx } = await import('../domain/sbom/cyclonedx-writer.ts');
    return formatCycloneDx(report, sha256);
  }
  const { formatSpdxJson, formatSpdxTagValue } = await import('../domain/sbom/spdx-writer.ts');
  return (format === 'spdx' ? formatSpdxJson : formatSpdxTagValue)(report, sha256);
}
