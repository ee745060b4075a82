import { PlimsollError } from '../domain/errors.ts';
import type { Report, ReportDocument } from '../domain/report/report.ts';
import { type Gate, passesGate, SEVERITIES } from '../domain/verdict/gate.ts';
import { DEFAULT_POLICY_SETTINGS } from '../domain/verdict/plan.ts';
import type { Stage } from '../domain/verdict/stage.ts';
import type { Judging } from '../pipeline/judge-document.ts';
import type { BundleFiles } from '../pipeline/policy-ports.ts';
import { readReportDocument } from './read-report.ts';
import type { PolicySession, Session } from './session.ts';
import type { SettingsFile } from './settings-file.ts';
import type { VerdictOptions } from './verdict-options.ts';

/** What verdicts are made with. Everything that can be refused was read: a scan must not end in a misspelt setting. */
export interface Judge extends Judging {
  readonly evaluator: PolicySession;
}

export async function openJudge(
  session: Session,
  options: VerdictOptions,
  config: SettingsFile | null,
  stage: Stage = 'build',
  bundles: readonly BundleFiles[] = [],
): Promise<Judge> {
  const gate = gateOf(options);
  const older = options.against === undefined ? null : await readReportDocument(options.against);
  const against = older && { reports: reportsOf(older.document), digest: older.digest };
  const settings = config?.settings.policy ?? DEFAULT_POLICY_SETTINGS;
  const paths = options.policy === false ? [] : (options.policy ?? []);
  const evaluator = await session.openPolicies({ builtin: settings.builtin, paths, bundles });
  try {
    config?.check(evaluator);
  } catch (error) {
    await evaluator.close();
    throw error;
  }
  const settingsDigest = config?.digest ?? null;
  const failOn = options.failOn ?? null;
  return { evaluator, options: { stage, settings, settingsDigest, gate, failOn, against } };
}

/** The reports of all platforms, or the one that there is. */
export function reportsOf(document: ReportDocument): readonly Report[] {
  return 'reports' in document ? document.reports : [document];
}

/** The exit code: that of the worst verdict; without verdicts, whether everything was read. */
export function exitCodeOf(document: ReportDocument): 0 | 2 | 3 {
  const reports = reportsOf(document);
  const decisions = reports.map(({ verdict, completeness }) => {
    return verdict?.decision ?? (completeness.status === 'complete' ? 'pass' : 'unknown');
  });
  if (decisions.includes('fail')) return 2;
  return decisions.includes('unknown') || reports.length === 0 ? 3 : 0;
}

/** The document with the vulnerabilities that `--severity` and `--ignore-unfixed` leave: what is shown to people. */
export function narrowed(document: ReportDocument, options: VerdictOptions): ReportDocument {
  const gate = gateOf(options);
  const narrow = (report: Report): Report => {
    const { vulnerabilities } = report;
    if (vulnerabilities === undefined) return report;
    return { ...report, vulnerabilities: vulnerabilities.filter((row) => passesGate(row, gate)) };
  };
  return 'reports' in document ? { ...document, reports: document.reports.map(narrow) } : narrow(document);
}

function gateOf({ severity, ignoreUnfixed = false }: VerdictOptions): Gate {
  if (severity === undefined) return { severities: null, ignoreUnfixed };
  const severities = severity.split(',').map((word) => {
    const level = SEVERITIES.find((each) => each === word.trim().toLowerCase());
    if (level !== undefined) return level;
    throw new PlimsollError('USAGE', `--severity: "${word}" is none of ${SEVERITIES.join(', ')}`);
  });
  return { severities, ignoreUnfixed };
}
