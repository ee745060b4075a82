import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { loopbackServer } from './loopback-server.ts';

/** Who logs in, and what is wrong with what the provider then says. */
export interface LoginOptions {
  readonly claims?: Readonly<Record<string, unknown>>;
  /** In the place of a token signed as it should be. */
  readonly sign?: (claims: JWTPayload) => Promise<string>;
}

/** Of the client `plimsoll`. A text that stands nowhere else. */
export const CLIENT_SECRET = 'canary-of-the-client-secret';

/** An identity provider on this machine, with one client `plimsoll`. */
export class IdentityProvider {
  readonly issuer: string;
  /** Paths that it was asked for. */
  readonly asked: string[] = [];
  /** Answers in the place of its own, by path. */
  readonly broken = new Map<string, (response: ServerResponse) => void>();
  readonly #codes = new Map<string, { options: LoginOptions; challenge: string; nonce: string; redirect: string }>();
  #keys = new Map<string, GenerateKeyPairResult>();
  #newest = '';

  private constructor(issuer: string) {
    this.issuer = issuer;
  }

  static async start(): Promise<IdentityProvider> {
    let provider: IdentityProvider | null = null;
    const { url } = await loopbackServer((request, response) => {
      provider!.#answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
    });
    provider = new IdentityProvider(url);
    await provider.rotate();
    return provider;
  }

  /** From now on tokens are signed by another key, and the old one is gone. */
  async rotate(): Promise<void> {
    this.#newest = `key-${createHash('sha256').update(this.#newest).digest('hex').slice(0, 8)}`;
    this.#keys = new Map([[this.#newest, await generateKeyPair('ES256', { extractable: true })]]);
  }

  /** What a browser comes back with after somebody logged in at `url`. */
  login(url: string, options: LoginOptions = {}): string {
    const { pathname, searchParams: asked } = new URL(url);
    if (pathname !== '/authorize' || asked.get('code_challenge_method') !== 'S256')
      throw new Error(`not a login: ${url}`);
    const code = `code-${this.#codes.size}`;
    const [challenge, nonce, redirect] = [
      asked.get('code_challenge')!,
      asked.get('nonce')!,
      asked.get('redirect_uri')!,
    ];
    this.#codes.set(code, { options, challenge, nonce, redirect });
    return `${redirect}?${new URLSearchParams({ code, state: asked.get('state')!, iss: this.issuer })}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url!, this.issuer);
    this.asked.push(pathname);
    const broken = this.broken.get(pathname);
    if (broken !== undefined) return broken(response);
    const json = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (pathname === '/.well-known/openid-configuration') {
      json({
        issuer: this.issuer,
        authorization_endpoint: `${this.issuer}/authorize`,
        token_endpoint: `${this.issuer}/token`,
        jwks_uri: `${this.issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
        authorization_response_iss_parameter_supported: true,
      });
    } else if (pathname === '/keys') {
      const keys = [...this.#keys].map(async ([kid, { publicKey }]) => {
        return { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
      });
      json({ keys: await Promise.all(keys) });
    } else if (pathname === '/token') {
      const form = new URLSearchParams(await text(request));
      const login = this.#codes.get(form.get('code') ?? '');
      this.#codes.delete(form.get('code') ?? '');
      const proof = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      const [, basic = ''] = /^Basic (.+)$/.exec(request.headers.authorization ?? '') ?? [];
      // Form-encoded before it is joined (RFC 6749, 2.3.1).
      const client = decodeURIComponent(Buffer.from(basic, 'base64').toString());
      if (client !== `plimsoll:${CLIENT_SECRET}`) return void json({ error: 'invalid_client' }, 401);
      if (login?.challenge !== proof || login.redirect !== form.get('redirect_uri')) {
        return void json({ error: 'invalid_grant' }, 400);
      }
      json({ access_token: 'unused', token_type: 'Bearer', id_token: await this.#idToken(login.options, login.nonce) });
    } else json({}, 404);
  }

  #idToken({ claims = {}, sign = (all) => this.signed(all) }: LoginOptions, nonce: string): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    return sign({ iss: this.issuer, aud: 'plimsoll', sub: 'alice', iat: now, exp: now + 60, nonce, ...claims });
  }

  signed(claims: JWTPayload): Promise<string> {
    const { privateKey } = this.#keys.get(this.#newest)!;
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: this.#newest }).sign(privateKey);
  }
}

/** A token that nobody signed. */
export async function unsigned(claims: JWTPayload): Promise<string> {
  return new UnsecuredJWT(claims).encode();
}
