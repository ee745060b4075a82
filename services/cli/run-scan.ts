import type { Report, ReportDocument } from '../domain/report/report.ts';
import { scanTarget } from '../pipeline/scan-target.ts';
import type { EngineOptions } from './engine-options.ts';
import { exitCodeOf, narrowed, openJudge } from './judge.ts';
import type { MatchingOptions } from './matching-options.ts';
import { parseOutputs, writeOutputs } from './output.ts';
import { printable } from './printable.ts';
import { expectRoom, renderDocument } from './render-document.ts';
import { tableOptions } from './render-table.ts';
import { type AllScanned, scanAll } from './scan-all.ts';
import type { ScanOptions } from './scan-options.ts';
import type { Session } from './session.ts';
import { readSettingsFile, type SettingsFile } from './settings-file.ts';
import type { VerdictOptions } from './verdict-options.ts';
import { isUnjudged, withMatching } from './with-matching.ts';
import { withScan } from './with-scan.ts';

export interface ScanCommandOptions extends ScanOptions, EngineOptions, MatchingOptions, VerdictOptions {
  readonly format?: readonly string[];
  readonly output?: string;
  readonly packages?: boolean;
  readonly all?: boolean;
}

/** `plimsoll scan`: reads the target, writes every output, and answers with the exit code. */
export async function runScan(session: Session, target: string, options: ScanCommandOptions): Promise<number> {
  const outputs = parseOutputs(options.format ?? [], options.output);
  expectRoom(
    outputs.map(({ format }) => format),
    options.all ? 'all' : options.platform,
  );
  let failures: AllScanned['failures'] = [];
  const config = await readSettingsFile(options.config);
  const judge = options.policy === false || isUnjudged(options) ? null : await openJudge(session, options, config);
  const read = async (): Promise<ReportDocument> => {
    const wanted = { ...options, engineSettings: config?.settings.engines };
    let scanned: ReportDocument;
    if (options.all) {
      const all = await scanAll(session, target, wanted);
      failures = all.failures;
      scanned = all.document;
    } else scanned = await withScan(session, target, wanted, scanTarget);
    return config === null ? scanned : shapedBy(config, scanned);
  };
  let document: ReportDocument;
  try {
    document = await withMatching(session, options, read, judge, config);
  } finally {
    await judge?.evaluator.close();
  }
  const toTerminal = tableOptions(session.stdout, session.environment);
  const render = ({ format, file }: (typeof outputs)[number]): Promise<string> =>
    renderDocument(format === 'table' ? narrowed(document, options) : document, format, {
      ...(file === null ? toTerminal : tableOptions({}, session.environment)),
      packages: options.packages ?? false,
    });
  await writeOutputs(outputs, render, session.stdout);
  for (const { image, error } of failures) {
    session.stderr.write(`${printable(`plimsoll: ${image}: ${error.message} [${error.code}]`)}\n`);
  }
  // There is no report of some: whatever the others say, that is an error.
  return failures.length > 0 ? 1 : exitCodeOf(document);
}

/** Settings name engines too, so that they shape a report that nobody judges. */
function shapedBy({ digest }: SettingsFile, document: ReportDocument): ReportDocument {
  const shaped = (report: Report): Report => ({ ...report, inputs: { ...report.inputs, config: digest } });
  return 'reports' in document ? { ...document, reports: document.reports.map(shaped) } : shaped(document);
}
