import type { Report } from '../report/report.ts';
import { type Gate, isJudged } from './gate.ts';
import { type PlannedRule, paramsOf, type Subject } from './plan.ts';
import type { PolicyInput } from './policy-input.ts';
import type { Stage } from './stage.ts';

/** What policies see of a report. `now` is the moment of the scan, so that a report is judged alike whenever it is read. */
export function buildPolicyInput(
  report: Report,
  stage: Stage,
  plan: ReadonlyMap<string, PlannedRule>,
  gate: Gate,
): PolicyInput {
  const { verdict: _verdict, timings: _timings, ...facts } = report;
  const { target, vulnerabilities, createdAt } = report;
  const judged = vulnerabilities?.filter((row) => isJudged(row, gate));
  // What a VEX document came to is worth knowing; its text is for whoever verifies it.
  const findings = facts.findings.map(({ document: _document, bundle: _bundle, ...finding }) => finding);
  const input = {
    stage,
    image: { reference: target.reference, digest: target.digest, platform: target.platform },
    report: { ...facts, findings, ...(judged !== undefined && { vulnerabilities: judged }) },
    images: null,
    workload: null,
    request: null,
    now: createdAt,
    params: paramsOf(plan),
  };
  // Reports are frozen values, and the schema's types are not.
  return input as unknown as PolicyInput;
}

export function subjectOf({ target, image }: Report, stage: Stage): Subject {
  const { kind, reference, digest } = target;
  const names = [reference, `${kind}:${reference}`, digest, image.id];
  return { stage, images: [names.filter((name) => name !== null)], namespace: null };
}
