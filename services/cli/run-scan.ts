import type { Report, ReportDocument } from '../domain/report/report.ts';
import { scanTarget } from '../pipeline/scan-target.ts';
import type { EngineOptions } from './engine-options.ts';
import { parseOutputs, writeOutputs } from './output.ts';
import { expectRoom, renderDocument } from './render-document.ts';
import { tableOptions } from './render-table.ts';
import type { ScanOptions } from './scan-options.ts';
import type { Session } from './session.ts';
import { withScan } from './with-scan.ts';

export interface ScanCommandOptions extends ScanOptions, EngineOptions {
  readonly format?: readonly string[];
  readonly output?: string;
  readonly packages?: boolean;
}

/** `plimsoll scan`: reads the target, writes every output, and answers with the exit code. */
export async function runScan(session: Session, target: string, options: ScanCommandOptions): Promise<number> {
  const outputs = parseOutputs(options.format ?? [], options.output);
  expectRoom(
    outputs.map(({ format }) => format),
    options.platform,
  );
  const document = await withScan(session, target, options, scanTarget);
  const toTerminal = tableOptions(session.stdout, session.environment);
  const render = ({ format, file }: (typeof outputs)[number]): Promise<string> =>
    renderDocument(document, format, {
      ...(file === null ? toTerminal : tableOptions({}, session.environment)),
      packages: options.packages ?? false,
    });
  await writeOutputs(outputs, render, session.stdout);
  return reportsOf(document).every(({ completeness }) => completeness.status === 'complete') ? 0 : 3;
}

function reportsOf(document: ReportDocument): readonly Report[] {
  return 'reports' in document ? document.reports : [document];
}
