import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Authentication } from '../../services/domain/registries/registration.ts';
import { Refusal } from './refusal.ts';

/** What is known of a request before its body. */
export interface RequestHead {
  readonly headers: IncomingHttpHeaders;
  /** The last part of the path, behind the registration; null without one. */
  readonly token: string | null;
}

/** Whether the request head proves who sent it; of HMAC and SNS only whether the body may. Raises Refusal. */
export function checkHead(webhook: Authentication, secrets: readonly string[], { headers, token }: RequestHead): void {
  if (webhook.method !== 'path' && token !== null)
    throw unauthenticated('there is more in the path than the registration');
  switch (webhook.method) {
    case 'path':
      demand(token, secrets, 'the secret in the path');
      break;
    case 'header':
      demand(single(headers[webhook.header]), secrets, `the header ${webhook.header}`);
      break;
    case 'bearer':
      demand(stripScheme(headers.authorization, 'bearer'), secrets, 'the bearer token');
      break;
    case 'basic': {
      const given = stripScheme(headers.authorization, 'basic');
      // Node takes what is no base64 as well.
      const pair = given !== null && BASE64.test(given) ? Buffer.from(given, 'base64').toString('utf8') : null;
      const accepted = secrets.map((secret) => `${webhook.username}:${secret}`);
      demand(pair, accepted, 'user and password');
      break;
    }
    case 'hmac':
      if (!SIGNATURE.test(single(headers['x-hub-signature-256']) ?? '')) throw unauthenticated('there is no signature');
      break;
    case 'sns':
      if (single(headers['x-amz-sns-message-type']) === null) throw unauthenticated('it does not come from SNS');
  }
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const SIGNATURE = /^sha256=[0-9a-f]{64}$/;

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries. Raises Refusal. */
export function checkSignature(body: Uint8Array, headers: IncomingHttpHeaders, secrets: readonly string[]): void {
  const signatures = secrets.map((secret) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  demand(single(headers['x-hub-signature-256']), signatures, 'the signature');
}

function demand(given: string | null, accepted: readonly string[], what: string): void {
  if (given === null || given === '') throw unauthenticated(`${what} is missing`);
  if (!isOneOf(given, accepted)) throw unauthenticated(`${what} is wrong`);
}

/** In a time that depends on neither: digests are compared, and all of them. */
function isOneOf(given: string, accepted: readonly string[]): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const own = digest(given);
  return accepted.reduce((found, each) => timingSafeEqual(own, digest(each)) || found, false);
}

function unauthenticated(why: string): Refusal {
  return new Refusal('unauthenticated', why);
}

/** A header that came once: of two, nobody can tell which counts. */
function single(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** The value behind a scheme; of a bearer also a value alone, as GitLab and Harbor send what was entered. */
function stripScheme(header: string | undefined, scheme: 'bearer' | 'basic'): string | null {
  if (header === undefined) return null;
  const space = header.indexOf(' ');
  if (space < 0) return scheme === 'bearer' ? header : null;
  return header.slice(0, space).toLowerCase() === scheme ? header.slice(space + 1).trim() : null;
}
