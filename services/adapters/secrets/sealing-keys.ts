import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { PlimsollError } from '../../domain/errors.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^v1\.(?<key>[0-9a-f]{8})\.(?<box>[A-Za-z0-9_-]{38,})$/;

interface SealingKey {
  /** The first eight hexadecimal digits of the key's SHA-256. */
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Keys that secrets are sealed with, AES-256-GCM (NIST SP 800-38D). The first one seals, each opens what it sealed: a new key
 * goes on top, and the old one leaves once nothing sealed with it is left. A sealed secret is `v1.KEY.BOX`, where BOX is
 * nonce, ciphertext and tag in base64url. What it is for is authenticated with it, so that it serves in no other place.
 */
export class SealingKeys {
  readonly #keys: readonly SealingKey[];

  constructor(keys: readonly SealingKey[]) {
    this.#keys = keys;
  }

  /** One key a line, 32 bytes in base64; lines that begin with # are none. `place` is for messages. Raises SECRET_UNREADABLE. */
  static parse(text: string, place: string): SealingKeys {
    const lines = text.split('\n').map((line) => line.trim());
    const keys = lines.flatMap((line, index) => {
      if (line === '' || line.startsWith('#')) return [];
      const bytes = Buffer.from(line, 'base64');
      if (bytes.length !== KEY_BYTES || !/^[A-Za-z0-9+/]{43}=$/.test(line)) {
        throw refuse(`line ${index + 1} of ${place} is no key: 32 bytes in base64, as "plimsoll secret key" makes one`);
      }
      return [{ id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes }];
    });
    return new SealingKeys(keys);
  }

  /** A line for `parse`. */
  static generate(): string {
    return randomBytes(KEY_BYTES).toString('base64');
  }

  /** Raises SECRET_UNREADABLE where there is no key. */
  seal(secret: string, use: string): string {
    const key = this.#keys[0];
    if (key === undefined) throw refuse('there is no key to seal with: set PLIMSOLL_SEALING_KEYS_FILE');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key.bytes, nonce, { authTagLength: TAG_BYTES }).setAAD(associated(use));
    const box = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `v1.${key.id}.${box.toString('base64url')}`;
  }

  /** Raises SECRET_UNREADABLE. */
  open(sealed: string, use: string): string {
    const { key: id, box } = SEALED.exec(sealed)?.groups ?? {};
    if (id === undefined || box === undefined) throw refuse(`what is sealed for ${use} is no sealed secret`);
    const key = this.#keys.find((each) => each.id === id);
    if (key === undefined)
      throw refuse(`the key ${id}, which sealed the secret for ${use}, is not among those that are set`);
    const bytes = Buffer.from(box, 'base64url');
    const tagAt = bytes.length - TAG_BYTES;
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv(CIPHER, key.bytes, nonce, { authTagLength: TAG_BYTES }).setAAD(associated(use));
      decipher.setAuthTag(bytes.subarray(tagAt));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, tagAt)), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw refuse(`the secret sealed for ${use} was changed, or was sealed for something else`, cause);
    }
  }
}

function associated(use: string): Buffer {
  return Buffer.from(`plimsoll sealed secret v1\n${use}`, 'utf8');
}

function refuse(why: string, cause?: unknown): PlimsollError {
  return new PlimsollError('SECRET_UNREADABLE', `A secret cannot be had: ${why}.`, { cause });
}
