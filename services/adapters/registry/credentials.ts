import { PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';

/** What proves to a registry who asks. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** Exchanged at the token server (OAuth 2 refresh token). */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** Sent as it is. */
  | { readonly kind: 'bearer-token'; readonly token: string };

/** Has the credentials of registries. */
export interface CredentialSource {
  /** null where it has none. `registry` as in Registration. REGISTRY_DENIED where what should have them fails. */
  credentials(registry: string, signal: AbortSignal): Promise<Credentials | null>;
}

/** The first that has some. */
export function firstCredentials(sources: readonly CredentialSource[]): CredentialSource {
  return {
    credentials: async (registry, signal) => {
      for (const source of sources) {
        const found = await source.credentials(registry, signal);
        if (found !== null) return found;
      }
      return null;
    },
  };
}

/** What was given for one registry, by option and environment: never for another, nor for its mirrors. */
export interface GivenCredentials {
  readonly registry: string | null;
  readonly username: string | null;
  /** The password comes on standard input. */
  readonly passwordStdin: boolean;
}

const VARIABLES = ['PLIMSOLL_REGISTRY_USERNAME', 'PLIMSOLL_REGISTRY_PASSWORD', 'PLIMSOLL_REGISTRY_TOKEN'] as const;

/**
 * A source for what was given. USAGE where it is half a pair; LIMIT_EXCEEDED (credentialBytes). There is no option for a
 * password: everybody on a machine can read the arguments of its processes.
 */
export async function givenCredentials(
  { registry, username, passwordStdin }: GivenCredentials,
  environment: Readonly<Record<string, string | undefined>>,
  limits: Limits,
): Promise<CredentialSource> {
  const [userVariable, passwordVariable, tokenVariable] = VARIABLES.map((name) => environment[name] || null);
  const name = username ?? userVariable ?? null;
  const password = passwordStdin ? await passwordOfStandardInput(limits) : passwordVariable;
  const token = passwordStdin ? null : tokenVariable;
  if (passwordStdin && username === null) throw new PlimsollError('USAGE', '--password-stdin needs --username');
  if (!token && (name === null) !== !password) {
    throw new PlimsollError(
      'USAGE',
      name === null
        ? 'PLIMSOLL_REGISTRY_PASSWORD needs PLIMSOLL_REGISTRY_USERNAME or --username'
        : `there is no password for ${name}: give it with --password-stdin or PLIMSOLL_REGISTRY_PASSWORD`,
    );
  }
  const given: Credentials | null = token
    ? { kind: 'bearer-token', token }
    : name !== null && password
      ? { kind: 'password', username: name, password }
      : null;
  return { credentials: async (asked) => (asked === registry ? given : null) };
}

/** The first line, as docker login takes it. */
async function passwordOfStandardInput({ credentialBytes }: Limits): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > credentialBytes) {
      throw new PlimsollError(
        'LIMIT_EXCEEDED',
        `the password has more than ${credentialBytes} bytes (credentialBytes)`,
        {
          details: { limit: 'credentialBytes' },
        },
      );
    }
    chunks.push(chunk);
  }
  const password = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (password === '') throw new PlimsollError('USAGE', '--password-stdin: standard input is empty');
  return password;
}
