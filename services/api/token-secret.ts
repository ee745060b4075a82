import { createHash } from 'node:crypto';

/** 256 random bits: nobody guesses them, so that a plain SHA-256 of them tells nothing. */
const SECRET_BYTES = 32;
/** So that scanners of secrets know one when they see it. */
const PREFIX = 'plimsoll_';

export function newSecret(randomBytes: (count: number) => Buffer): { secret: string; secretDigest: string } {
  const secret = `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { secret, secretDigest: digestOfSecret(secret) };
}

/** What the store keeps of a secret. */
export function digestOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
