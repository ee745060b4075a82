import type { EndOfLife, FeedInfo } from '../../domain/vulnerabilities/advisory.ts';
import type { Refusal } from '../../domain/vulnerabilities/feeds/refusals.ts';

/** What this version of Plimsoll reads and writes; a database of another is not opened. */
export const SCHEMA_VERSION = 2;

/** `manifest.json` of a database: what is in it, and what its one file must be. */
export interface Manifest {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly digest: string;
  readonly builtAt: string;
  readonly builtBy: string;
  readonly starter: boolean;
  readonly data: { readonly bytes: number; readonly sha256: string };
  readonly counts: { readonly records: number; readonly packages: number; readonly enriched: number };
  readonly feeds: readonly FeedInfo[];
  readonly endOfLife: readonly EndOfLife[];
  readonly refusals: readonly Refusal[];
}

/**
 * The path of the first part that is not as it must be; null where all is. Written by hand, as each scan waits for it and
 * has no other use for a schema library.
 */
type Check = (value: unknown, path: string) => string | null;

const when =
  (holds: (value: unknown) => boolean): Check =>
  (value, path) =>
    holds(value) ? null : path;
const text = (max: number, pattern = /(?:)/): Check =>
  when((value) => typeof value === 'string' && value.length <= max && pattern.test(value));
const count = when((value) => Number.isSafeInteger(value) && (value as number) >= 0);
const flag = when((value) => typeof value === 'boolean');
const moment = when(
  (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(value) && isDate(value),
);
const day = when((value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && isDate(value));
const orNull =
  (check: Check): Check =>
  (value, path) =>
    value === null ? null : check(value, path);
const list =
  (item: Check, max: number): Check =>
  (value, path) => {
    if (!Array.isArray(value) || value.length > max) return path;
    for (const [at, each] of value.entries()) {
      const problem = item(each, `${path}[${at}]`);
      if (problem !== null) return problem;
    }
    return null;
  };
/** With these members and no other. */
const object =
  (members: Readonly<Record<string, Check>>): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return path;
    const odd = Object.keys(value).find((name) => !Object.hasOwn(members, name));
    if (odd !== undefined) return `${path}.${odd.slice(0, 100)}`;
    for (const [name, check] of Object.entries(members)) {
      const problem = Object.hasOwn(value, name)
        ? check((value as Record<string, unknown>)[name], `${path}.${name}`)
        : `${path}.${name}`;
      if (problem !== null) return problem;
    }
    return null;
  };

const NAMESPACE = text(1_024);
const SOURCE = text(100);
const MANIFEST = object({
  schemaVersion: when((value) => value === SCHEMA_VERSION),
  digest: text(71, /^sha256:[0-9a-f]{64}$/),
  builtAt: moment,
  builtBy: text(100),
  starter: flag,
  data: object({
    bytes: when((value) => Number.isSafeInteger(value) && (value as number) > 0),
    sha256: text(64, /^[0-9a-f]{64}$/),
  }),
  counts: object({ records: count, packages: count, enriched: count }),
  feeds: list(
    object({
      ecosystem: NAMESPACE,
      source: SOURCE,
      records: count,
      newest: orNull(text(100)),
      fetched: orNull(moment),
    }),
    100_000,
  ),
  endOfLife: list(
    object({ ecosystem: NAMESPACE, eol: orNull(day), extendedEol: orNull(day), source: SOURCE }),
    100_000,
  ),
  refusals: list(
    object({
      kind: when((value) => value === 'malformed' || value === 'out-of-scope'),
      reason: text(500),
      count,
      examples: list(text(200), 10),
    }),
    1_000,
  ),
});

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
  const problem = MANIFEST(value, 'manifest');
  return problem === null ? (value as Manifest) : `its ${problem} is not valid`;
}

/** The 30th of February is none. */
function isDate(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text.slice(0, 10));
}
