import { z } from 'zod';
import { LEVELS } from './level.ts';
import { STAGES } from './stage.ts';

/*
 * A policy is a bundle of rules: WebAssembly that `opa` compiled from Rego, and a manifest that says what is in it. Who only
 * needs the types imports them with `import type`: a scan loads zod for foreign bundles and settings only.
 */

/** deny: a violation fails. warn: it is shown. audit: it stands in the report only. off: it is dropped. */
export const mode = z.enum(['deny', 'warn', 'audit', 'off']);

/** The last part of `package plimsoll.rules.<id>`. */
export const ruleId = z.string().regex(/^[a-z][a-z0-9_]*$/);

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

export const rule = z.strictObject({
  id: ruleId,
  title: z.string().min(1),
  description: z.string(),
  level: z.enum(LEVELS).describe('Of its violations, where they name none of their own'),
  critical: z.boolean().describe('Where it cannot be asked at admission, nothing is admitted'),
  mode: mode.describe('Where no settings name one'),
  needs: z
    .array(z.string().regex(/^(?:report|images|workload|request)(?:\.[A-Za-z]+)*$/))
    .describe('Parts of the input without which the rule cannot judge'),
  stages: z
    .array(z.enum(STAGES))
    .min(1)
    .optional()
    .describe('Where it is asked (default: where there is what it needs)'),
  params: z.record(
    z.string().regex(/^[a-z][a-z0-9_]*$/),
    z.looseObject({ description: z.string(), default: z.json() }),
  ),
});

export const manifest = z.strictObject({
  schemaVersion: z.literal('1'),
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  opa: z.string().describe('Version of opa that compiled it'),
  entrypoint: z.literal('plimsoll/violations'),
  source: digest.describe('Of the Rego sources, those of lib included, and the capabilities'),
  wasm: digest.describe('Of policy.wasm'),
  rules: z.array(rule),
});

export type Mode = z.infer<typeof mode>;
export type Rule = z.infer<typeof rule>;
export type PolicyManifest = z.infer<typeof manifest>;

/** A loaded bundle. */
export interface Policy {
  readonly name: string;
  /** Of its manifest, which names the digest of the rest. */
  readonly digest: string;
  readonly builtin: boolean;
  readonly rules: readonly Rule[];
}

/** What one bundle answered: the value of its entrypoint as it is, or why there is none. */
export type PolicyOutcome =
  | { readonly policy: Policy; readonly violations: unknown }
  | { readonly policy: Policy; readonly failure: string };
