import { PlimsollError } from '../../domain/errors.ts';
import type { FetchOptions } from '../../pipeline/image-ports.ts';
import type { CredentialSource, Credentials } from './credentials.ts';

/** Hosts of Amazon's private registries, of all its partitions, with the account and the region in them. */
const ECR_HOST =
  /^(?<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/;
/** A token is renewed before it ends; ECR's last for twelve hours. */
const MARGIN_MS = 5 * 60_000;
/** In one answer; ECR API reference, DescribeRepositories. */
const MOST_REPOSITORIES = 1_000;

/**
 * Credentials for Amazon ECR, by the AWS identity of this process: environment, shared files, web identity, instance role
 * (AWS SDK, "default credential provider chain"). The SDK is loaded when a registry of ECR asks for credentials.
 */
export class EcrCredentials implements CredentialSource {
  readonly #kept = new Map<string, { readonly credentials: Credentials; readonly until: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async credentials(registry: string, signal: AbortSignal): Promise<Credentials | null> {
    const { region } = ECR_HOST.exec(registry)?.groups ?? {};
    if (region === undefined) return null;
    const kept = this.#kept.get(registry);
    if (kept !== undefined && kept.until > this.#now()) return kept.credentials;
    const { ECRClient, GetAuthorizationTokenCommand } = await loadSdk(registry);
    const client = new ECRClient({ region });
    const answer = await client
      .send(new GetAuthorizationTokenCommand({}), { abortSignal: signal as never })
      .catch((cause: unknown) => {
        signal.throwIfAborted();
        // By its name only: what AWS says may quote what it was sent.
        const name = cause instanceof Error ? cause.name : 'it';
        const hint = 'check the AWS credentials of this process';
        throw new PlimsollError('REGISTRY_DENIED', `${registry}: AWS gave no token (${name}); ${hint}`);
      })
      .finally(() => client.destroy());
    const { authorizationToken, expiresAt } = answer.authorizationData?.[0] ?? {};
    const [username, password] = splitOnce(Buffer.from(authorizationToken ?? '', 'base64').toString('utf8'));
    if (password === '') throw new PlimsollError('REGISTRY_DENIED', `${registry}: AWS answered without a token`);
    const credentials = { kind: 'password', username, password } as const;
    if (expiresAt !== undefined) this.#kept.set(registry, { credentials, until: expiresAt.getTime() - MARGIN_MS });
    return credentials;
  }
}

export function isEcrHost(registry: string): boolean {
  return ECR_HOST.test(registry);
}

/**
 * The repositories of a private registry of ECR, by its own API (DescribeRepositories): the distribution API has no catalog there.
 * Raises REGISTRY_DENIED, REGISTRY_UNAVAILABLE, LIMIT_EXCEEDED (registryPages), CANCELLED.
 */
export async function* ecrRepositories(registry: string, { limits, signal }: FetchOptions): AsyncGenerator<string> {
  const { account, region } = ECR_HOST.exec(registry)!.groups!;
  const { ECRClient, DescribeRepositoriesCommand } = await loadSdk(registry);
  const client = new ECRClient({ region: region! });
  const seen = new Set<string>();
  try {
    for (let nextToken: string | undefined; ; ) {
      const within = {
        registryId: account,
        maxResults: MOST_REPOSITORIES,
        ...(nextToken !== undefined && { nextToken }),
      };
      const { repositories = [], nextToken: next } = await client
        .send(new DescribeRepositoriesCommand(within), { abortSignal: signal as never })
        .catch((cause: unknown) => {
          signal.throwIfAborted();
          throw listingFailed(registry, cause);
        });
      for (const { repositoryName } of repositories) if (repositoryName !== undefined) yield repositoryName;
      if (!next) return;
      if (seen.has(next) || seen.size >= limits.registryPages) {
        const why = seen.has(next) ? 'goes in a circle' : `has more than ${limits.registryPages} pages (registryPages)`;
        throw new PlimsollError('LIMIT_EXCEEDED', `the list of the repositories of ${registry} ${why}`);
      }
      seen.add(next);
      nextToken = next;
    }
  } finally {
    client.destroy();
  }
}

/** By its name only: what AWS says may quote what it was sent. */
function listingFailed(registry: string, cause: unknown): PlimsollError {
  const { name, $fault } = cause as { readonly name?: string; readonly $fault?: string };
  const message = `${registry}: AWS did not list its repositories (${name ?? 'it'})`;
  if ($fault !== 'client') return new PlimsollError('REGISTRY_UNAVAILABLE', message);
  return new PlimsollError('REGISTRY_DENIED', `${message}; it needs the permission ecr:DescribeRepositories`);
}

async function loadSdk(registry: string): Promise<typeof import('@aws-sdk/client-ecr')> {
  try {
    return await import('@aws-sdk/client-ecr');
  } catch (cause) {
    const hint = 'install @aws-sdk/client-ecr beside Plimsoll, or log in with docker and "aws ecr get-login-password"';
    throw new PlimsollError('REGISTRY_DENIED', `${registry} is Amazon's; ${hint}`, { cause });
  }
}

function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? ['', ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
