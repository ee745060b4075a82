import picomatch from 'picomatch/posix.js';
import { z } from 'zod';
import { PlimsollError } from '../errors.ts';
import { parseTarget, type Target } from '../image/target.ts';
import { LIMITS } from '../limits.ts';
import { REGISTRY_KINDS, type RegistryKind } from './registry-kind.ts';
import { isRepositoryName } from './repository-name.ts';
import { SNS_TOPIC } from './sns-message.ts';

/*
 * The registries file: which registries may send webhooks, and how each proves who it is. Nothing of it comes from a
 * payload, and no secret stands in it in the clear.
 */

/** Where a secret is. A sealed one is opened by the key that Plimsoll is started with. */
const secretSource = z.union([
  z.strictObject({ file: z.string().min(1).describe('Its content, without the line break at its end') }),
  z.strictObject({ environment: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
  z.strictObject({ sealed: z.string().min(1).max(4_096).describe('What "plimsoll secret seal" wrote') }),
]);

export type SecretSource = z.infer<typeof secretSource>;

const secrets = z
  .array(secretSource)
  .min(1)
  .max(4)
  .describe('Any of them is taken, so that a new one can be set before the old one goes');

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'no name of a header (RFC 9110)')
  .transform((name) => name.toLowerCase());

const authentication = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('bearer'), secrets }).describe('Authorization: Bearer SECRET, or SECRET alone'),
  z.strictObject({ method: z.literal('basic'), username: z.string().min(1).max(256), secrets }),
  z
    .strictObject({ method: z.literal('header'), header: headerName, secrets })
    .describe('A header whose value is the secret'),
  z.strictObject({ method: z.literal('hmac'), secrets }).describe('X-Hub-Signature-256 over the body'),
  z.strictObject({ method: z.literal('path'), secrets }).describe('The last part of the path is the secret'),
  z
    .strictObject({ method: z.literal('sns'), topic: z.string().regex(SNS_TOPIC, 'no ARN of an SNS topic') })
    .describe("Amazon SNS's signature, of this topic"),
]);

export type Authentication = z.infer<typeof authentication>;
export type AuthenticationMethod = Authentication['method'];

/** What each kind of registry is able to send. */
export const METHODS: Readonly<Record<RegistryKind, readonly AuthenticationMethod[]>> = {
  acr: ['bearer', 'basic', 'header'],
  distribution: ['bearer', 'basic', 'header'],
  'docker-hub': ['path'],
  ecr: ['sns', 'bearer', 'basic', 'header'],
  ghcr: ['hmac'],
  gitlab: ['bearer', 'basic', 'header'],
  harbor: ['bearer', 'basic'],
  quay: ['path'],
};

/** Where registries are that are at one place. */
const HOSTS: Partial<Record<RegistryKind, string>> = { 'docker-hub': 'docker.io', ghcr: 'ghcr.io' };

const pull = z
  .strictObject({
    credentials: z
      .union([
        z.strictObject({ username: z.string().min(1).max(256), password: secretSource }),
        z.strictObject({ token: secretSource }),
      ])
      .optional()
      .describe("Without: what docker's and podman's files, or AWS, have for the host"),
    ca: z.string().min(1).max(4_096).optional().describe('A file of certificates in PEM that are trusted too'),
    allow: z
      .array(z.string().min(1).max(255))
      .max(100)
      .default([])
      .describe('Hosts and networks that it may send us to'),
    mirrors: z.array(z.string().min(1).max(255)).max(10).default([]).describe('Asked first, for the same names'),
    scansAtOnce: z.int().positive().max(1_000).optional().describe('At most, in all workers together'),
  })
  .describe('How its images are asked for');

export const REGISTRATION_ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const registration = z
  .strictObject({
    id: z.string().regex(REGISTRATION_ID, 'up to 63 of a-z, 0-9 and -'),
    kind: z.enum(REGISTRY_KINDS),
    host: z
      .string()
      .regex(
        /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/,
        'HOST[:PORT] in lower case, without a scheme',
      )
      // Without any of these it would be the first part of a repository of Docker Hub (distribution/reference).
      .refine(
        (host) => /[.:[]/.test(host) || host === 'localhost',
        'a name without a dot or a port is no host in references',
      )
      .optional(),
    scheme: z.enum(['https', 'http']).default('https'),
    repositories: z
      .array(z.string().min(1).max(255))
      .min(1)
      .max(1_000)
      .default(['**'])
      .describe(
        'Globs: * stays within a path segment, ** does not; a leading ! takes out what the ones before took in',
      ),
    webhook: authentication,
    pull: pull.prefault({}),
  })
  .superRefine(({ kind, host, webhook }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (host === undefined && HOSTS[kind] === undefined) refuse('host', `a registry of kind ${kind} needs one`);
    if (!METHODS[kind].includes(webhook.method)) {
      refuse('webhook', `${kind} cannot send ${webhook.method}, but ${METHODS[kind].join(', ')}`);
    }
  })
  .transform(({ host, ...rest }) => ({ ...rest, host: host ?? HOSTS[rest.kind]! }));

const registriesFile = z.strictObject({ registries: z.array(registration).max(10_000) });

export type Registration = z.infer<typeof registration>;

/** The registrations of a parsed file, by id. Raises SETTINGS_INVALID, which says where. */
export function readRegistrations(document: unknown, file: string): ReadonlyMap<string, Registration> {
  const refuse = (why: string) => new PlimsollError('SETTINGS_INVALID', `The registries in ${file} do not fit: ${why}`);
  const { data, error } = registriesFile.safeParse(document);
  if (data === undefined) {
    throw refuse(error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`).join('; '));
  }
  const registrations = new Map<string, Registration>();
  const byHost = new Map<string, Registration>();
  for (const each of data.registries) {
    if (registrations.has(each.id)) throw refuse(`two have the id ${each.id}`);
    registrations.set(each.id, each);
    // One host is asked in one way, whichever registration an image came by.
    const other = byHost.get(each.host) ?? each;
    if (JSON.stringify([other.scheme, other.pull]) !== JSON.stringify([each.scheme, each.pull])) {
      throw refuse(`${other.id} and ${each.id} are of one host, and do not say the same of scheme and pull`);
    }
    byHost.set(each.host, each);
  }
  return registrations;
}

/** Whether a repository is one that the registration is about. */
export function repositoryFilter({ repositories }: Registration): (repository: string) => boolean {
  const steps = repositories.map((glob) => {
    const without = glob.startsWith('!');
    return { without, matches: picomatch(without ? glob.slice(1) : glob, { dot: true, nonegate: true }) };
  });
  return (repository) =>
    steps.reduce((taken, { without, matches }) => (matches(repository) ? !without : taken), steps[0]!.without);
}

/** Repositories that the registration names without a glob. */
export function repositoryNames({ repositories }: Registration): readonly string[] {
  return repositories.filter((each) => isRepositoryName(each, LIMITS));
}

/** An image of a registered registry, as references name it; the digest decides where there is one. */
export function registeredReference(
  { host }: Registration,
  {
    repository,
    tag,
    digest,
  }: { readonly repository: string; readonly tag: string | null; readonly digest: string | null },
): string {
  return `registry:${host}/${repository}${digest === null ? `:${tag}` : `@${digest}`}`;
}

/** What may be scanned, as the command line writes it, and the id of the registration that is asked for it. */
export interface AllowedTarget {
  readonly target: string;
  readonly registry: string | null;
}

/** What a target names, if it is an image of a registered registry, in a repository that its registration is about. */
export function registeredTarget(text: string, registrations: Iterable<Registration>): AllowedTarget | null {
  let target: Target;
  try {
    target = parseTarget(text);
  } catch {
    // What it is instead is for others to say.
    return null;
  }
  if (target.kind !== 'registry') return null;
  const { registry, repository } = target.reference;
  for (const registration of registrations) {
    if (registration.host === registry && repositoryFilter(registration)(repository)) {
      return { target: registeredReference(registration, target.reference), registry: registration.id };
    }
  }
  return null;
}
