import { z } from 'zod';
import { PlimsollError } from '../domain/errors.ts';
import { ISOLATIONS } from '../domain/report/isolation.ts';
import { selectSources } from '../domain/vulnerabilities/feed-sources.ts';
import { admissionServer } from './admission-server-settings.ts';

/*
 * What `plimsoll serve` is told: one file (YAML), and environment variables that go before it. Whatever is misspelt is refused.
 * docs/serve.md lists the same keys.
 */

const path = z.string().min(1).max(4_096);
const url = z.string().min(1).max(4_096);
const count = z.int().positive();
const days = count.max(36_500);
const globs = z.array(z.string().min(1).max(256)).min(1).max(100);

/** No name or password: what is asked for stands in errors and logs. */
const address = (schemes: string) =>
  url.regex(new RegExp(`^(?:${schemes})://[^\\s@/?#]+(?:[/?#]\\S*)?$`), 'write SCHEME://HOST/…, without a user');

/** http:// only where it stays on this machine. */
const webAddress = url.regex(
  /^(?:https:\/\/[^\s@/?#]+|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?)(?:\/[^\s?#]*)?$/,
  'write https://HOST/…, without user, query and fragment',
);
const groups = z.array(z.string().min(1).max(1_024)).max(1_000).default([]);

const server = z.strictObject({
  listen: z
    .string()
    .regex(/^(?:\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'write ADDRESS:PORT, as in 127.0.0.1:8300')
    .default('127.0.0.1:8300'),
  tls: z
    .strictObject({
      certificate: path.describe('PEM, with those that lead to its authority behind it'),
      key: path,
    })
    .optional()
    .describe('Files; without them it speaks plain HTTP'),
  dataDirectory: path.default('/var/lib/plimsoll'),
  store: z
    .strictObject({
      url: url.optional().describe('postgres://… of an external PostgreSQL; without one, a private one is run'),
      urlFile: path.optional(),
      account: z.string().min(1).optional().describe('Whom the private PostgreSQL runs as, where we are root'),
      binaries: path.optional().describe('Directory of postgres and initdb'),
    })
    .prefault({}),
  queue: z
    .strictObject({
      url: url.optional().describe('redis:// or rediss://; without one, the store carries the queue'),
      urlFile: path.optional(),
    })
    .prefault({}),
  workers: z
    .strictObject({
      concurrency: count.max(64).default(3).describe('Scans at once in one process, of one registry one less'),
      isolation: z
        .enum(ISOLATIONS)
        .default('process')
        .describe('What reads a layer: a process that can do nothing else, or a thread of the worker'),
      drainSeconds: z.int().nonnegative().max(3_600).default(30).describe('How long a stop waits for jobs'),
    })
    .prefault({}),
  scan: z
    .strictObject({
      localDirectories: z.array(path).default([]).describe('Below them archives and layouts may be scanned by request'),
      db: path.optional(),
      policies: z.array(path).default([]),
      settings: path.optional(),
      exceptions: path.optional(),
      vex: z.array(path).default([]),
    })
    .prefault({}),
  advisories: z
    .strictObject({
      refreshMinutes: count
        .max(43_200)
        .optional()
        .describe('How long after a refresh of the advisory database the next is due; without it there is none'),
      feeds: z
        .array(
          z
            .string()
            .refine((word) => selectSources([word]).unknown.length === 0, 'see "plimsoll db update --list" for feeds'),
        )
        .default([]),
      mirrors: z.array(address('https?')).default([]),
      pull: address('https?|oci').optional().describe('A database that is built already'),
      keys: z.array(path).default([]).describe('Public keys, one of which has signed it'),
      allowMissing: z.boolean().default(false),
    })
    .prefault({}),
  registries: z
    .strictObject({
      file: path.optional().describe('The registered registries: their webhooks are received, their images scanned'),
      sweepMinutes: count.max(43_200).default(360).describe('How long after a sweep of a registry the next is due'),
    })
    .prefault({}),
  admission: admissionServer.optional().describe('The admission webhook of Kubernetes; without it there is none'),
  retention: z
    .strictObject({
      jobsDays: days.default(30).describe('Jobs that are over'),
      reportsDays: days.default(90).describe('Reports that a newer one of the same image has replaced'),
      changesDays: days.default(365).describe('What changed in reports that were judged again'),
      deliveriesDays: days.default(90).describe('Messages of registries'),
      auditDays: days.default(365).describe('The audit log'),
      admissionDays: days.default(90).describe('Decisions of admission'),
      factsMegabytes: count
        .max(10_000_000)
        .default(2_048)
        .describe('Facts of layers on this host; the least recently used go first'),
      images: z
        .array(
          z
            .strictObject({
              registry: z.string().min(1).max(256).optional(),
              repositories: globs.optional(),
              tags: globs.optional(),
              keepLast: z.int().nonnegative().max(1_000_000).optional(),
              maxAgeDays: days.optional(),
              deletedDays: days.optional(),
            })
            .refine(
              ({ keepLast, maxAgeDays, deletedDays }) => (keepLast ?? maxAgeDays ?? deletedDays) !== undefined,
              'name keepLast, maxAgeDays or deletedDays; a rule with none of them keeps nothing and takes nothing',
            ),
        )
        .max(1_000)
        .default([])
        .describe('Which images are kept: of each, the first rule that speaks of it decides'),
    })
    .prefault({}),
  api: z
    .strictObject({
      requestsPerMinute: count.default(600).describe('Of one token, or of one address without one'),
      firstTokenFile: path.optional().describe('Where the first token is written, in the place of standard output'),
    })
    .prefault({}),
  oidc: z
    .strictObject({
      issuer: webAddress.describe('The identity provider, as its tokens name it'),
      publicUrl: webAddress.describe('Where people reach the API'),
      clientId: z.string().min(1).max(1_024),
      clientSecret: z.string().min(1).max(4_096).optional().describe('Without one it is a public client'),
      clientSecretFile: path.optional(),
      scopes: z.array(z.string().min(1)).default(['openid', 'profile', 'email']),
      claim: z.string().min(1).max(256).default('groups').describe('Whose values are groups; dots lead into objects'),
      roles: z
        .strictObject({ admin: groups, editor: groups, viewer: groups })
        .prefault({})
        .describe('The groups whose members get each role'),
      sessionMinutes: count.max(43_200).default(480),
      clockSkewSeconds: z.int().nonnegative().max(300).default(30),
      allowed: z
        .array(z.string().min(1).max(256))
        .default([])
        .describe('Hosts and networks that are not public and that the provider may send us to'),
      caFile: path.optional().describe('Certificates in PEM that are trusted beside the usual ones'),
    })
    .optional()
    .describe('Where people log in; without it there are tokens alone'),
  traces: z
    .strictObject({
      endpoint: address('https?').optional().describe('Of a collector (OTLP over HTTP); without it nothing is traced'),
      ratio: z.number().min(0).max(1).default(1).describe('Of the traces, how many are kept'),
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') }).prefault({}),
});

export type ServerSettings = z.infer<typeof server>;

/** Variables that stand for one key each. A …_FILE names a file that holds the secret. */
const VARIABLES = {
  PLIMSOLL_LISTEN: ['listen'],
  PLIMSOLL_ADMISSION_LISTEN: ['admission', 'listen'],
  PLIMSOLL_DATA_DIR: ['dataDirectory'],
  DATABASE_URL: ['store', 'url'],
  DATABASE_URL_FILE: ['store', 'urlFile'],
  REDIS_URL: ['queue', 'url'],
  REDIS_URL_FILE: ['queue', 'urlFile'],
  PLIMSOLL_OIDC_CLIENT_SECRET: ['oidc', 'clientSecret'],
  PLIMSOLL_OIDC_CLIENT_SECRET_FILE: ['oidc', 'clientSecretFile'],
  PLIMSOLL_REGISTRIES: ['registries', 'file'],
  OTEL_EXPORTER_OTLP_ENDPOINT: ['traces', 'endpoint'],
  PLIMSOLL_LOG_LEVEL: ['log', 'level'],
} as const satisfies Record<string, readonly [string] | readonly [string, string]>;

/**
 * The settings of a parsed file, with what the environment says in its place. Raises SETTINGS_INVALID, which names the key and
 * never a value: it may be a secret.
 */
export function readServerSettings(
  document: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  file: string,
): ServerSettings {
  const { data, error } = server.safeParse(withVariables(document ?? {}, environment));
  if (data === undefined) {
    const problems = error.issues.map(({ path: at, message }) => `${at.join('.') || 'the whole'}: ${message}`);
    throw new PlimsollError('SETTINGS_INVALID', `The settings of ${file} do not fit: ${problems.join('; ')}`);
  }
  const contradiction = contradictionOf(data);
  if (contradiction !== null) {
    throw new PlimsollError('SETTINGS_INVALID', `The settings of ${file} do not fit: ${contradiction}`);
  }
  return data;
}

function contradictionOf({ store, queue, oidc, advisories, scan }: ServerSettings): string | null {
  if (store.url !== undefined && store.urlFile !== undefined) return 'store.url and store.urlFile exclude each other';
  if (queue.url !== undefined && queue.urlFile !== undefined) return 'queue.url and queue.urlFile exclude each other';
  if (oidc?.clientSecret !== undefined && oidc.clientSecretFile !== undefined) {
    return 'oidc.clientSecret and oidc.clientSecretFile exclude each other';
  }
  if (oidc !== undefined && Object.values(oidc.roles).every((named) => named.length === 0)) {
    return 'oidc.roles names no group: nobody who logs in could do anything';
  }
  const { refreshMinutes, feeds, mirrors, pull, keys, allowMissing } = advisories;
  const given = feeds.length + mirrors.length + keys.length > 0 || pull !== undefined || allowMissing;
  if (refreshMinutes === undefined && given) {
    return 'advisories.refreshMinutes is not set: without it nothing is refreshed, and the rest of advisories is for nothing';
  }
  if (refreshMinutes !== undefined && scan.db === 'starter') {
    return 'advisories.refreshMinutes: the starter database (scan.db) comes with Plimsoll and cannot be refreshed';
  }
  if (pull !== undefined && feeds.length + mirrors.length > 0) {
    return 'advisories.pull takes a built database; advisories.feeds and advisories.mirrors are for building one';
  }
  if (pull === undefined && keys.length > 0) return 'advisories.keys are for advisories.pull';
  return null;
}

function withVariables(document: unknown, environment: Readonly<Record<string, string | undefined>>): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  const settings: Record<string, unknown> = { ...document };
  for (const [variable, [first, second]] of Object.entries(VARIABLES)) {
    const value = environment[variable];
    if (value === undefined || value === '') continue;
    if (second === undefined) {
      settings[first] = value;
      continue;
    }
    const part = settings[first];
    const rest = typeof part === 'object' && part !== null && !Array.isArray(part) ? { ...part } : {};
    // The environment goes before the file, in either spelling.
    const secret = /^(?<name>url|clientSecret)(?:File)?$/.exec(second)?.groups?.name;
    if (secret !== undefined) Object.assign(rest, { [secret]: undefined, [`${secret}File`]: undefined });
    settings[first] = { ...rest, [second]: value };
  }
  return settings;
}
