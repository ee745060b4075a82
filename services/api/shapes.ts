import { z } from 'zod';
import { LIMITS } from '../domain/limits.ts';
import { mode, rule } from '../domain/verdict/policy.ts';
import { exception } from '../domain/vulnerabilities/exceptions.ts';
import { ROLES } from '../pipeline/access-ports.ts';
import { EXCEPTION_STATES } from '../pipeline/exception-ports.ts';
import { JOB_KINDS, JOB_STATES } from '../pipeline/job-ports.ts';
import type { Page } from '../pipeline/page.ts';

/* The shapes of requests and answers; the OpenAPI document is generated from them. */

export const nothing = z.strictObject({});
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/);
const uuid = z.uuid();
const moment = z.iso.datetime();

export const byDigest = z.strictObject({ digest });
export const byId = z.strictObject({ id: uuid });

/** Of lists: how many, and where the part before ended. */
export const paged = z.strictObject({
  limit: z.coerce.number().int().min(1).max(LIMITS.apiPageItems).default(50),
  after: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe('`next` of the part before'),
});

export function pageOf({ limit, after }: z.infer<typeof paged>): Page {
  return { limit, after: after ?? null };
}

export function listOf(item: z.ZodType) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

export const decision = z.enum(['pass', 'fail', 'unknown']);
const counts = z.record(z.string(), z.int()).describe('Vulnerabilities that are not suppressed, by severity');

export const image = z.object({
  digest,
  kind: z.enum(['image', 'index']),
  platform: z.string().nullable(),
  reference: z.string().describe('As it was asked for last'),
  firstScannedAt: moment,
  lastScannedAt: moment,
  verdict: z
    .object({ decision, counts, scannedAt: moment })
    .nullable()
    .describe('Of an index: the worst of its images'),
});

const place = z.object({
  registry: z.string().describe('Name of the registration'),
  repository: z.string(),
  tags: z.array(z.string()).describe('That point to it now'),
  pushedAt: moment.describe('When it was last told to be there'),
  deletedAt: moment.nullable(),
});

export const imageWithChildren = image.extend({
  images: z.array(image).describe('Of an index'),
  places: z.array(place).describe('Registered registries that have it, or had it'),
  deletedAt: moment.nullable().describe('Since when no registered registry has it that had it'),
});

export const tagChange = z.object({
  registry: z.string(),
  repository: z.string(),
  tag: z.string(),
  digest: digest.nullable().describe('null: it was deleted'),
  at: moment,
});

export const verdict = z.object({
  digest,
  kind: z.enum(['image', 'index']),
  decision,
  counts,
  scannedAt: moment,
  judgedAt: moment.nullable().describe('When it was judged last: at a scan, or again since; null for an index'),
  judgedBy: digest.nullable().describe('Of everything beside the image that shaped the report; null for an index'),
  reportDigest: digest.nullable(),
  images: z.array(z.object({ digest, platform: z.string().nullable(), decision: decision.nullable() })),
});

const changedVulnerability = z.object({
  id: z.string(),
  packageId: z.string().describe('As in the report'),
  severity: z.string(),
  status: z.string(),
  fixedVersion: z.string().nullable(),
  kev: z.boolean(),
  suppressed: z.boolean(),
});

export const change = z.object({
  digest,
  reference: z.string(),
  at: moment,
  database: z.object({ before: digest.nullable(), after: digest.nullable() }),
  decision: z.object({ before: decision, after: decision }),
  appeared: z.array(changedVulnerability),
  vanished: z.array(changedVulnerability),
  altered: z.array(z.object({ before: changedVulnerability, after: changedVulnerability })),
});

export const job = z.object({
  id: uuid,
  kind: z.enum(JOB_KINDS),
  key: z.string(),
  payload: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  priority: z.int().describe('Lower goes first'),
  registry: z.string().nullable().describe('Id of the registration whose registry it asks'),
  state: z.enum(JOB_STATES),
  attempts: z.int(),
  attemptsAllowed: z.int(),
  runAfter: moment,
  createdAt: moment,
  startedAt: moment.nullable(),
  finishedAt: moment.nullable(),
  progress: z
    .record(z.string(), z.number())
    .nullable()
    .describe('How far the last attempt has come. Of a scan: image of images, layersDone of layers, bytesRead'),
  result: z.record(z.string(), z.unknown()).nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export const token = z.object({
  id: uuid,
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: moment,
  expiresAt: moment.nullable(),
  revokedAt: moment.nullable(),
});

export const storedException = exception.extend({
  id: uuid,
  state: z.enum(EXCEPTION_STATES),
  createdAt: moment,
  createdBy: z.string(),
  endedAt: moment.nullable(),
  endedBy: z.string().nullable(),
});

export const changedException = storedException.extend({
  job: uuid.describe('It judges again what the exception touches'),
});

const ruleMode = z.object({ name: z.string(), mode });

/** A policy that judges. */
export const judgingPolicy = z.object({
  name: z.string(),
  digest,
  origin: z.enum(['builtin', 'settings', 'store']),
  rules: z.array(
    rule.pick({ id: true, title: true, description: true, level: true, critical: true }).extend({
      mode: mode.describe('Where no scope says otherwise'),
      scopes: z.array(ruleMode).describe('Of the settings, where another mode holds'),
    }),
  ),
});

export const storedBundle = z.object({
  name: z.string(),
  digest: digest.describe('Of its manifest, which has that of the WebAssembly'),
  builtin: z.literal(false),
  rules: z.array(rule),
  uploadedAt: moment,
  uploadedBy: z.string(),
  active: z.boolean().describe('Whether it judges'),
});

export const policyChange = z.object({
  at: moment,
  author: z.string(),
  action: z.enum(['activate', 'deactivate', 'roll-back']),
  name: z.string(),
  digest: digest.nullable().describe('What judges from then on; null: no bundle of this name'),
  previous: digest.nullable(),
  rules: z.array(
    z.object({
      rule: z.string(),
      scope: z.string().nullable().describe('Of the settings; null: everywhere'),
      before: mode.nullable().describe('null: there was no such rule'),
      after: mode.nullable(),
      redefined: z.boolean().describe('Another level, other parameters, or other needs'),
    }),
  ),
  weaker: z.boolean().describe('A rule that denied denies no more'),
});

export const changedPolicies = policyChange.extend({ job: uuid.describe('It judges every report again') });

export const session = z.object({
  actor: z.string().describe('As the audit log names you'),
  role: z.enum(ROLES),
  name: z.string().nullable().describe('null: a token'),
  expiresAt: moment.nullable(),
  csrfToken: z
    .string()
    .nullable()
    .describe('Of a session: whatever changes something needs it in the header x-csrf-token'),
});

export const auditEntry = z.object({
  at: moment,
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  outcome: z.enum(['done', 'refused']),
  address: z.string().nullable(),
  requestId: z.string().nullable(),
});

export const foundPackage = z.object({
  digest,
  reference: z.string(),
  platform: z.string().nullable(),
  type: z.string(),
  version: z.string(),
  purl: z.string(),
});

/** RFC 9457; `code` is a code of docs/errors.md. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  requestId: z.string(),
});
