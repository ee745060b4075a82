import { compareEngines } from '../domain/report/compare-engines.ts';
import { ENGINE_NAMES } from '../domain/report/engines.ts';
import { jsonText } from '../domain/report/serialize.ts';
import { scanTarget } from '../pipeline/scan-target.ts';
import type { EngineOptions } from './engine-options.ts';
import { writeOutputs } from './output.ts';
import { renderComparison } from './render-comparison.ts';
import { tableOptions } from './render-table.ts';
import type { ScanOptions } from './scan-options.ts';
import type { Session } from './session.ts';
import { readSettingsFile } from './settings-file.ts';
import { withScan } from './with-scan.ts';

export interface CompareCommandOptions extends ScanOptions, EngineOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly output?: string;
}

/** `plimsoll compare`: scans with engines, shows where they differ, and answers with the exit code. */
export async function runCompare(session: Session, target: string, options: CompareCommandOptions): Promise<number> {
  const engine = options.engine ?? [ENGINE_NAMES.join(',')];
  const config = await readSettingsFile(options.config);
  const engineSettings = config?.settings.engines;
  const document = await withScan(session, target, { ...options, engine, engineSettings }, scanTarget);
  const reports = 'reports' in document ? document.reports : [document];
  const comparisons = reports.map(compareEngines);
  const output = { format: options.json ? 'json' : 'table', file: options.output ?? null } as const;
  const display = tableOptions(output.file === null ? session.stdout : {}, session.environment);
  const render = (): string => {
    if (options.json) return jsonText('reports' in document ? { schemaVersion: '1', comparisons } : comparisons[0]);
    return comparisons.map((comparison) => renderComparison(comparison, display)).join('\n');
  };
  await writeOutputs([output], render, session.stdout);
  return reports.every(({ completeness }) => completeness.status === 'complete') ? 0 : 3;
}
