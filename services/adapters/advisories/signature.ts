import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf, PlimsollError } from '../../domain/errors.ts';

/*
 * A database is signed by an Ed25519 signature (RFC 8032) over the bytes of its manifest, which names the SHA-256 of
 * all the rest. It stands beside the manifest, in base64.
 */
export const SIGNATURE = 'manifest.json.sig';

/** A signature as it stands in a file. `keyFile` is a private key in PEM; USAGE where it is none of Ed25519. */
export async function signManifest(manifest: Uint8Array, keyFile: string): Promise<Buffer> {
  const key = await readKey(keyFile, createPrivateKey);
  return Buffer.from(`${sign(null, manifest, key).toString('base64')}\n`);
}

/** The public keys in PEM files; USAGE where one is none of Ed25519. */
export function readTrustedKeys(files: readonly string[]): Promise<KeyObject[]> {
  return Promise.all(files.map((file) => readKey(file, createPublicKey)));
}

export function isSignedBy(manifest: Uint8Array, signature: Uint8Array, keys: readonly KeyObject[]): boolean {
  const text = Buffer.from(signature).toString('latin1').trim();
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 64 && keys.some((key) => verify(null, manifest, key, bytes));
}

async function readKey(file: string, parse: (pem: Buffer) => KeyObject): Promise<KeyObject> {
  let key: KeyObject;
  try {
    key = parse(await readFile(file));
  } catch (cause) {
    throw new PlimsollError('USAGE', `${file} is no key in PEM: ${messageOf(cause)}`, { cause });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new PlimsollError('USAGE', `${file} is a key of ${key.asymmetricKeyType}; databases are signed with Ed25519`);
}
