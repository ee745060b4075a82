import { z } from 'zod';
import { admissionSettings } from '../admission/admission-settings.ts';
import { PlimsollError } from '../errors.ts';
import { ENGINE_NAMES } from '../report/engines.ts';
import { mode, type Policy, ruleId } from './policy.ts';
import { STAGES } from './stage.ts';

/*
 * The settings file (`--config policy.yaml`): schema/settings-v1.schema.json is generated from these types. Nothing is read that was
 * not named; unknown keys, unknown rules and parameters that do not fit are refused.
 */

const stage = z.enum(STAGES);
const glob = z.string().min(1).max(1_024);

const ruleSettings = z
  .strictObject({
    mode: mode.optional(),
    params: z.record(z.string(), z.json()).optional(),
  })
  .describe('What is not named stays as it was');

const rules = z.record(ruleId, ruleSettings);

export const match = z
  .strictObject({
    stages: z.array(stage).min(1).optional(),
    images: z
      .array(glob)
      .min(1)
      .optional()
      .describe('References as they are given, or digests; * stays within a path segment, ** does not'),
    namespaces: z.array(glob).min(1).optional().describe('Kubernetes namespaces'),
  })
  .describe('All that is named must hold; nothing named: everything');

export const exception = z.strictObject({
  rule: ruleId,
  match: match.optional(),
  packages: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Package URLs without version and qualifiers; only violations that name one of them'),
  reason: z.string().min(1),
  owner: z.string().min(1),
  expires: z.iso.date().describe('The last day on which it holds, UTC'),
});

const engine = z
  .strictObject({
    path: z
      .string()
      .startsWith('/', 'it is no absolute path')
      .optional()
      .describe('The executable; without it the first of that name in PATH'),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, 'it is no SHA-256 in hexadecimal')
      .optional()
      .describe('Run this very executable or none'),
  })
  .describe('What --engine-path and --engine-sha256 say stands above it');

const vex = z
  .strictObject({
    keys: z.array(z.string().min(1)).max(1_000).default([]).describe('Files of public keys in PEM'),
    identities: z
      .array(z.strictObject({ subject: z.string().min(1), issuer: z.string().min(1) }))
      .max(1_000)
      .default([])
      .describe('Names in Sigstore certificates, to the letter, with who vouched for them'),
    trustedRoot: z.string().min(1).optional().describe('File of the services that certificates must come from'),
  })
  .describe('Whose VEX inside and beside images is applied; files lie below the directory of this file');

export const settings = z
  .strictObject({
    vex: vex.prefault({}),
    policy: z
      .strictObject({
        builtin: z.boolean().default(true).describe('false: only bundles given by --policy judge'),
        rules: rules.default({}),
        scopes: z
          .array(z.strictObject({ name: z.string().min(1), match, rules }))
          .max(1_000)
          .default([])
          .describe('The last one that matches decides'),
        exceptions: z.array(exception).max(10_000).default([]),
      })
      .prefault({}),
    admission: admissionSettings.prefault({}),
    engines: z
      .partialRecord(z.enum(ENGINE_NAMES), engine)
      .default({})
      .describe('Where scanners of others are; which of them run, --engine says'),
  })
  .meta({ id: 'Settings' });

export type Settings = z.infer<typeof settings>;
export type PolicySettings = Settings['policy'];
export type EngineSettings = Settings['engines'];
export type PolicyException = z.infer<typeof exception>;
export type Match = z.infer<typeof match>;

/** The settings of a parsed file. Raises SETTINGS_INVALID, which says where. */
export function readSettings(document: unknown, file: string): Settings {
  const { data, error } = settings.safeParse(document);
  if (data !== undefined) return data;
  throw new PlimsollError('SETTINGS_INVALID', `The settings in ${file} do not fit: ${problems(error)}`);
}

/** Settings against the rules that are there: a misspelt rule would never be asked. Raises SETTINGS_INVALID. */
export function checkRules({ policy }: Settings, policies: readonly Policy[], file: string): void {
  const known = new Map(policies.flatMap((each) => each.rules).map((rule) => [rule.id, rule]));
  const refuse = (message: string): never => {
    throw new PlimsollError('SETTINGS_INVALID', `The settings in ${file} do not fit: ${message}`);
  };
  const ruleOf = (id: string, where: string) => {
    return known.get(id) ?? refuse(`${where} names the rule ${id}; there are ${[...known.keys()].join(', ')}`);
  };
  const tables = [{ name: 'policy.rules', rules: policy.rules }, ...policy.scopes];
  for (const table of tables) {
    for (const [id, { params = {} }] of Object.entries(table.rules)) {
      const { params: properties } = ruleOf(id, table.name);
      const schema = z.fromJSONSchema({ type: 'object', properties, additionalProperties: false } as never);
      const { error } = schema.safeParse(params);
      if (error !== undefined) refuse(`${table.name}, rule ${id}, params: ${problems(error)}`);
    }
  }
  for (const { rule } of policy.exceptions) ruleOf(rule, 'policy.exceptions');
}

function problems(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`).join('; ');
}
