import { z } from 'zod';
import type { Refusal } from '../../domain/vulnerabilities/feeds/refusals.ts';

/** What this version of Plimsoll reads and writes; a database of another is not opened. */
export const SCHEMA_VERSION = 2;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const moment = z.iso.datetime();
const texts = z.array(z.string().max(200)).max(10);

/** `manifest.json` of a database: what is in it, and what its one file must be. */
const manifestSchema = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  digest,
  builtAt: moment,
  builtBy: z.string().max(100),
  starter: z.boolean(),
  data: z.strictObject({ bytes: z.int().positive(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  counts: z.strictObject({ records: z.int().min(0), packages: z.int().min(0), enriched: z.int().min(0) }),
  feeds: z
    .array(
      z.strictObject({
        ecosystem: z.string().max(1_024),
        source: z.string().max(100),
        records: z.int().min(0),
        newest: z.string().max(100).nullable(),
        fetched: moment.nullable(),
      }),
    )
    .max(100_000),
  endOfLife: z
    .array(
      z.strictObject({
        ecosystem: z.string().max(1_024),
        eol: z.iso.date().nullable(),
        extendedEol: z.iso.date().nullable(),
        source: z.string().max(100),
      }),
    )
    .max(100_000),
  refusals: z
    .array(
      z.strictObject({
        kind: z.enum(['malformed', 'out-of-scope']),
        reason: z.string().max(500),
        count: z.int().min(0),
        examples: texts,
      }),
    )
    .max(1_000),
});

export type Manifest = z.infer<typeof manifestSchema> & { readonly refusals: readonly Refusal[] };

/** The manifest, or what is wrong with it. */
export function parseManifest(bytes: Uint8Array): Manifest | string {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return 'its manifest is no JSON';
  }
  const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version !== SCHEMA_VERSION) {
    return `it has schema version ${version}, and this Plimsoll reads version ${SCHEMA_VERSION}`;
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  return `its manifest is not valid (${z.prettifyError(parsed.error).split('\n').slice(0, 2).join(' ')})`;
}
