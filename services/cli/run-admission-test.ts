import { admissionSettings } from '../domain/admission/admission-settings.ts';
import { creationOf, type Manifest, readManifests } from '../domain/admission/manifests.ts';
import { reportedImages } from '../domain/admission/reported-images.ts';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { DEFAULT_POLICY_SETTINGS } from '../domain/verdict/plan.ts';
import type { PolicySettings } from '../domain/verdict/settings.ts';
import { judgeReview, type ReviewContext } from '../pipeline/judge-review.ts';
import { readDocument, readStandardInput } from './read-document.ts';
import { readReportDocument } from './read-report.ts';
import { type JudgedManifest, renderAdmissions } from './render-admissions.ts';
import { tableOptions } from './render-table.ts';
import type { Session } from './session.ts';
import { readSettingsFile } from './settings-file.ts';

export interface AdmissionTestOptions {
  readonly namespace: string;
  readonly config?: string;
  readonly policy?: readonly string[];
  readonly params: readonly string[];
  readonly report: readonly string[];
  readonly unknown?: 'deny' | 'warn' | 'allow';
  readonly format: 'table' | 'json';
}

/** Who asks, where nobody does: rules that go by users are for the cluster. */
const USER = { name: 'plimsoll admission test', groups: [] };

/** `plimsoll admission test` */
export async function runAdmissionTest(
  session: Session,
  files: readonly string[],
  options: AdmissionTestOptions,
): Promise<number> {
  const manifests: Manifest[] = [];
  for (const file of files) manifests.push(...(await manifestsOf(file)));
  const reports = [];
  for (const file of options.report) reports.push((await readReportDocument(file)).document);
  const config = await readSettingsFile(options.config);
  const policy = await commandLine(config?.settings.policy ?? DEFAULT_POLICY_SETTINGS, options);
  const evaluator = await session.openPolicies({ builtin: policy.builtin, paths: options.policy ?? [] });
  try {
    config?.check(evaluator);
    const { checkRules, readSettings } = await import('../domain/verdict/settings.ts');
    checkRules({ ...readSettings({}, ''), policy }, evaluator.policies, 'the command line');
    const knowledge = reportedImages(reports);
    const context: ReviewContext = {
      rules: 'all',
      policy,
      settings: config?.settings.admission ?? admissionSettings.parse({}),
      evaluator,
      images: { find: async (images) => images.map(knowledge) },
      pods: { find: async () => null },
      onFailure: 'deny',
      breakGlass: false,
      now: new Date().toISOString(),
      limits: LIMITS,
    };
    const judged: JudgedManifest[] = [];
    for (const manifest of manifests) judged.push(await judge(manifest, options.namespace, context));
    session.stdout.write(options.format === 'json' ? jsonOf(judged) : tableOf(session, judged, context));
    return exitCodeOf(judged);
  } finally {
    await evaluator.close();
  }
}

async function manifestsOf(file: string): Promise<Manifest[]> {
  const most = LIMITS.manifestFileBytes;
  if (file === '-') return readManifests(await readStandardInput(most), 'standard input', LIMITS);
  return readManifests(readDocument(file, most).text, file, LIMITS);
}

async function judge(manifest: Manifest, namespace: string, context: ReviewContext): Promise<JudgedManifest> {
  const request = creationOf(manifest, namespace, USER);
  try {
    return { manifest, request, admission: await judgeReview(request, context) };
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error;
    throw new PlimsollError(error.code, `${manifest.place}: ${error.message}`, { cause: error });
  }
}

/** What the command line says stands above the settings: as scopes that come last. */
async function commandLine(
  settings: PolicySettings,
  { params, unknown }: AdmissionTestOptions,
): Promise<PolicySettings> {
  const { parse } = await import('yaml');
  const scopes = params.map((text): PolicySettings['scopes'][number] => {
    const { rule, name, value } =
      /^(?<rule>[a-z][a-z0-9_]*)\.(?<name>[a-z][a-z0-9_]*)=(?<value>.*)$/s.exec(text)?.groups ?? {};
    if (rule === undefined || name === undefined) throw usage(`--params: "${text}" is not RULE.NAME=VALUE`);
    try {
      return { name: '--params', match: {}, rules: { [rule]: { params: { [name]: parse(value ?? '') } } } };
    } catch (cause) {
      throw usage(`--params: the value of "${text}" is no YAML: ${messageOf(cause)}`, cause);
    }
  });
  if (unknown !== undefined) {
    const mode = unknown === 'allow' ? 'off' : unknown;
    scopes.push({ name: '--unknown', match: {}, rules: { image_unscanned: { mode } } });
  }
  return { ...settings, scopes: [...settings.scopes, ...scopes] };
}

function usage(message: string, cause?: unknown): PlimsollError {
  return new PlimsollError('USAGE', message, { cause });
}

/** The exit code of the worst. Nothing to judge is no pass. */
function exitCodeOf(judged: readonly JudgedManifest[]): 0 | 2 | 3 {
  const decisions = judged.map(({ admission }) => admission.decision);
  if (decisions.includes('fail')) return 2;
  return decisions.includes('unknown') || decisions.length === 0 ? 3 : 0;
}

function jsonOf(judged: readonly JudgedManifest[]): string {
  const objects = judged.map(({ manifest: { place, apiVersion }, request: { kind, namespace, name }, admission }) => {
    const { allowed, decision, violations, unknown, failures, unjudged } = admission;
    return { place, apiVersion, kind, namespace, name, allowed, decision, violations, unknown, failures, unjudged };
  });
  return `${JSON.stringify({ objects }, null, 2)}\n`;
}

function tableOf(session: Session, judged: readonly JudgedManifest[], { settings }: ReviewContext): string {
  const { width, colour } = tableOptions(session.stdout, session.environment);
  return `${renderAdmissions(judged, settings.exceptionHelp, width, colour).join('\n')}\n`;
}
