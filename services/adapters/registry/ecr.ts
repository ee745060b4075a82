import { PlimsollError } from '../../domain/errors.ts';
import type { CredentialSource, Credentials } from './credentials.ts';

/** Hosts of Amazon's private registries, of all its partitions, with the account and the region in them. */
const ECR_HOST =
  /^(?<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/;
/** A token is renewed before it ends; ECR's last for twelve hours. */
const MARGIN_MS = 5 * 60_000;

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
