import { PlimsollError } from '../errors.ts';

/** `sha256:` and 64 lower-case hex digits (OCI image-spec, descriptor.md). Also SHA-512, which the spec registers. */
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: unknown): text is string {
  return typeof text === 'string' && DIGEST.test(text);
}

/** Splits a digest; anything else raises MANIFEST_INVALID, so that a digest can never smuggle a path. */
export function parseDigest(text: string): { algorithm: 'sha256' | 'sha512'; hex: string } {
  if (!DIGEST.test(text)) {
    throw new PlimsollError('MANIFEST_INVALID', `${JSON.stringify(text.slice(0, 100))} is no sha256 or sha512 digest`);
  }
  const colon = text.indexOf(':');
  return { algorithm: text.slice(0, colon) as 'sha256' | 'sha512', hex: text.slice(colon + 1) };
}
