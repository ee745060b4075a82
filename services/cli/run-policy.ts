import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import picocolors from 'picocolors';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Report, ReportDocument } from '../domain/report/report.ts';
import { planRules, stagesOf } from '../domain/verdict/plan.ts';
import { exitCodeOf, openJudge, reportsOf } from './judge.ts';
import { printable } from './printable.ts';
import { readDocument } from './read-document.ts';
import { readReportDocument } from './read-report.ts';
import { tableOptions } from './render-table.ts';
import { renderVerdict } from './render-verdict.ts';
import type { Session } from './session.ts';
import { readSettingsFile } from './settings-file.ts';
import { layTable } from './table.ts';
import type { VerdictOptions } from './verdict-options.ts';

export interface TestPolicyOptions {
  readonly opa: string;
}
export interface BuildPolicyOptions extends TestPolicyOptions {
  readonly output: string;
  readonly name?: string;
}
export interface EvaluateOptions extends VerdictOptions {
  readonly json?: boolean;
}
export interface ListOptions {
  readonly config?: string;
  readonly policy?: readonly string[];
  readonly json?: boolean;
}

/** `plimsoll policy build` */
export async function runPolicyBuild(session: Session, directory: string, options: BuildPolicyOptions): Promise<void> {
  const { rules, digest } = await session.buildPolicy(directory, options);
  session.stdout.write(`${printable(options.output)}@${digest}: ${rules.join(', ')}\n`);
}

/** `plimsoll policy test`: 0 where every Rego test and every sample holds, else 2. */
export async function runPolicyTest(session: Session, directory: string, { opa }: TestPolicyOptions): Promise<number> {
  const { passed, output } = await session.testPolicy(directory, { opa });
  session.stdout.write(`${output.trimEnd().split('\n').map(printable).join('\n')}\n`);
  const { checkSample } = await import('../pipeline/check-sample.ts');
  const files = sampleFiles(directory);
  const policies = await session.openPolicies({ builtin: false, paths: [directory], opa });
  let failed = 0;
  try {
    for (const file of files) {
      const sample = await readSample(file);
      const problem = await checkSample(sample, policies);
      if (problem === null) continue;
      failed += 1;
      session.stdout.write(`${printable(file)}: ${problem.split('\n').map(printable).join('\n  ')}\n`);
    }
  } finally {
    await policies.close();
  }
  session.stdout.write(`SAMPLES: ${files.length - failed}/${files.length}\n`);
  return passed && failed === 0 ? 0 : 2;
}

function sampleFiles(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => /(?:^|\/)samples\/[^/]+\.json$/.test(name))
    .toSorted()
    .map((name) => join(directory, name));
}

async function readSample(file: string) {
  const { sample } = await import('../domain/verdict/sample.ts');
  const refuse = (why: string) => new PlimsollError('POLICY_INVALID', `The sample ${file} cannot be used: ${why}.`);
  let document: unknown;
  try {
    document = JSON.parse(readDocument(file, LIMITS.policyDocumentBytes).text);
  } catch (error) {
    throw refuse(messageOf(error));
  }
  const { data, error } = sample.safeParse(document);
  if (data === undefined)
    throw refuse(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  const denies = basename(file).startsWith('deny');
  if (!denies && !/^(?:allow|near-miss)/.test(basename(file)))
    throw refuse('its name begins with none of allow, deny, near-miss');
  if (denies !== data.violations.length > 0) throw refuse('a deny expects violations, an allow and a near-miss none');
  return data;
}

/** `plimsoll policy eval` */
export async function runPolicyEval(session: Session, file: string, options: EvaluateOptions): Promise<number> {
  const { document } = await readReportDocument(file);
  const config = await readSettingsFile(options.config);
  const judging = await openJudge(session, options, config);
  try {
    const { judgeDocument } = await import('../pipeline/judge-document.ts');
    const dependencies = { sha256: session.sha256, clock: { elapsed: () => performance.now() } };
    const judged = await judgeDocument(document, { matching: null, judging }, dependencies);
    const texts = reportsOf(judged).map((report) => verdictText(session, report, 'reports' in judged));
    session.stdout.write(options.json ? `${JSON.stringify(verdictJson(judged), null, 2)}\n` : texts.join('\n'));
    return exitCodeOf(judged);
  } finally {
    await judging.evaluator.close();
  }
}

/** For people; of several platforms each under its name. */
function verdictText(session: Session, { verdict, completeness, target }: Report, isOneOfSeveral: boolean): string {
  const { width, colour } = tableOptions(session.stdout, session.environment);
  const paint = picocolors.createColors(colour);
  const title = isOneOfSeveral ? [paint.bold(printable(target.platform ?? 'platform unknown'))] : [];
  return `${[...title, ...renderVerdict(verdict!, completeness.feeds, width, paint)].join('\n')}\n`;
}

/** For machines: the verdict; of several platforms one for each. */
function verdictJson(document: ReportDocument): unknown {
  if (!('reports' in document)) return document.verdict;
  const verdicts = document.reports.map(({ target, verdict }) => ({
    platform: target.platform,
    digest: target.digest,
    verdict,
  }));
  return { index: document.index, verdicts };
}

/** `plimsoll policy list` */
export async function runPolicyList(session: Session, options: ListOptions): Promise<void> {
  const config = await readSettingsFile(options.config);
  const { evaluator, options: verdictOptions } = await openJudge(session, options, config);
  await evaluator.close();
  const { policies } = evaluator;
  const everywhere = { ...verdictOptions.settings, scopes: [] };
  const rules = policies.flatMap((policy) =>
    policy.rules.map((rule) => {
      const stages = stagesOf(rule);
      const subject = { stage: stages[0]!, images: [], namespace: null };
      const { mode, params } = planRules([policy], everywhere, subject).get(rule.id)!;
      return { policy: policy.name, ...rule, stages, mode, params };
    }),
  );
  if (options.json) {
    session.stdout.write(`${JSON.stringify(rules, null, 2)}\n`);
    return;
  }
  const { width, colour } = tableOptions(session.stdout, session.environment);
  const columns = ['RULE', 'MODE', 'LEVEL', 'STAGES', 'POLICY', 'TITLE'].map((header) => ({
    header,
    overflow: 'wrap' as const,
  }));
  const rows = rules.map(({ id, mode, level, stages, policy, title }) =>
    [id, mode, level, stages.join(', '), policy, title].map((text) => ({ text })),
  );
  session.stdout.write(`${layTable(columns, rows, width, picocolors.createColors(colour).bold).join('\n')}\n`);
}
