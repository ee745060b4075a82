import * as oidc from 'openid-client';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { Claims, IdentityProvider, PendingLogin } from '../../pipeline/session-ports.ts';

/** One request over a guarded connection; no redirects are followed. Raises EGRESS_REFUSED; else what the connection raises. */
export type Ask = (
  url: URL,
  request: {
    readonly method: 'GET' | 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal: AbortSignal;
  },
) => Promise<{
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}>;

export interface OidcOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** null: a public client, which proves itself by PKCE alone. */
  readonly clientSecret: string | null;
  /** Where the provider sends browsers back to; registered there to the letter. */
  readonly redirectUrl: string;
  readonly scopes: readonly string[];
  /** How far its clock may differ from ours. */
  readonly clockSkewSeconds: number;
  readonly ask: Ask;
}

const PATIENCE_MS = 10_000;

/**
 * Logins by OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636). Its metadata and keys are asked for at each
 * login, so that a key that it changes counts at once.
 */
export class OidcProvider implements IdentityProvider {
  readonly #options: OidcOptions;

  constructor(options: OidcOptions) {
    this.#options = options;
  }

  async begin(): Promise<{ url: string; pending: PendingLogin }> {
    const { redirectUrl, scopes } = this.#options;
    const config = await this.#discover();
    const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirectUrl,
      scope: scopes.join(' '),
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    return { url: url.href, pending: { state, nonce, verifier } };
  }

  async finish(query: string, { state, nonce, verifier }: PendingLogin): Promise<Claims> {
    const config = await this.#discover();
    // From our own settings: what the request says of its host proves nothing.
    const callback = new URL(this.#options.redirectUrl);
    callback.search = query;
    const outages: unknown[] = [];
    config[oidc.customFetch] = this.#fetch((error) => outages.push(error));
    try {
      const tokens = await oidc.authorizationCodeGrant(config, callback, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      return tokens.claims()!;
    } catch (error) {
      if (outages.length > 0) throw this.#unavailable(outages[0]);
      // A code that does not hold is the person's; all else that the provider refuses is our client's.
      if (error instanceof oidc.ResponseBodyError && error.error !== 'invalid_grant') throw this.#unavailable(error);
      throw new PlimsollError('UNAUTHENTICATED', `The login proves nothing: ${reasonOf(error)}. Log in again.`, {
        cause: error,
      });
    }
  }

  async #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret, clockSkewSeconds } = this.#options;
    const authentication = clientSecret === null ? oidc.None() : oidc.ClientSecretBasic(clientSecret);
    try {
      return await oidc.discovery(
        new URL(issuer),
        clientId,
        { [oidc.clockTolerance]: clockSkewSeconds },
        authentication,
        {
          // The settings take http:// for this machine alone.
          execute: [
            oidc.enableNonRepudiationChecks,
            ...(issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []),
          ],
          [oidc.customFetch]: this.#fetch(() => {}),
          timeout: PATIENCE_MS / 1_000,
        },
      );
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #fetch(onOutage: (error: unknown) => void): oidc.CustomFetch {
    return async (url, { method, headers, body, signal }) => {
      try {
        const answer = await this.#options.ask(new URL(url), {
          method: method === 'POST' ? 'POST' : 'GET',
          headers,
          ...(body !== null && body !== undefined && { body: String(body) }),
          signal: signal ?? AbortSignal.timeout(PATIENCE_MS),
        });
        const found = Object.entries(answer.headers).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, String(value)] as [string, string]],
        );
        return new Response(await bounded(answer.body), { status: answer.statusCode, headers: found });
      } catch (error) {
        onOutage(error);
        throw error;
      }
    };
  }

  #unavailable(error: unknown): PlimsollError {
    const known = [error, error instanceof Error ? error.cause : null].find((each) => each instanceof PlimsollError);
    if (known instanceof PlimsollError) return known;
    const message = `The identity provider ${this.#options.issuer} does not answer as it should: ${reasonOf(error)}`;
    return new PlimsollError('LOGIN_UNAVAILABLE', message, { cause: error });
  }
}

async function bounded(body: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > LIMITS.identityAnswerBytes) {
      throw new Error(`it sends more than identityAnswerBytes (${LIMITS.identityAnswerBytes})`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The library keeps what went wrong in the cause, and the provider's own word apart. */
function reasonOf(error: unknown): string {
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) {
    return `${error.error}${error.error_description === undefined ? '' : ` (${error.error_description})`}`;
  }
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${messageOf(error)}${cause}`;
}
