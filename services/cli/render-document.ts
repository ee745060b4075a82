import { createHash } from 'node:crypto';
import { PlimsollError } from '../domain/errors.ts';
import type { ReportDocument } from '../domain/report/report.ts';
import { serializeReport } from '../domain/report/serialize.ts';
import type { OutputFormat } from './output-formats.ts';
import { renderTable, type TableOptions } from './render-table.ts';

/** The document as the text of one format. */
export async function renderDocument(
  document: ReportDocument,
  format: OutputFormat,
  table: TableOptions,
): Promise<string> {
  if (format === 'json') return serializeReport(document);
  if (format === 'table') return renderTable(document, table);
  if (format === 'sarif') {
    const { formatSarif } = await import('../domain/report/sarif.ts');
    return formatSarif(document, sha256);
  }
  if ('reports' in document) throw severalImages(format);
  const { formatReport } = await import('../pipeline/format-report.ts');
  return formatReport(document, format, sha256);
}

/** Raises USAGE where a format has no room for what `--platform all` gives. */
export function expectRoom(formats: readonly OutputFormat[], platform: string | undefined): void {
  const sbom = formats.find((format) => format !== 'json' && format !== 'table' && format !== 'sarif');
  if (platform === 'all' && sbom !== undefined) throw severalImages(sbom);
}

function severalImages(format: OutputFormat): PlimsollError {
  return new PlimsollError('USAGE', `--format ${format} is of one image; choose it with --platform OS/ARCHITECTURE`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
