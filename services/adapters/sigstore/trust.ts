import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type TrustedRoot, TrustedRoot as TrustedRootJson } from '@sigstore/protobuf-specs';
import { toTrustMaterial, Verifier } from '@sigstore/verify';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { SignerTrust } from '../../pipeline/verdict-ports.ts';

/** A public key that signatures are believed of. */
export interface TrustedKey {
  readonly key: KeyObject;
  /** `key sha256:HEX`, over its SubjectPublicKeyInfo: the same for every file that holds it. */
  readonly name: string;
}

/** What signatures are held against, read and checked. */
export interface Trust {
  readonly keys: readonly TrustedKey[];
  readonly identities: SignerTrust['identities'];
  /** One for each trusted root. */
  readonly verifiers: readonly Verifier[];
}

/** Raises USAGE, which names the file. */
export async function readTrust({ keys, identities, trustedRoot }: SignerTrust): Promise<Trust> {
  return {
    keys: await Promise.all(keys.map(readKey)),
    identities,
    verifiers: trustedRoot === null ? [] : (await readRoots(trustedRoot)).map(verifierOf),
  };
}

async function readKey(file: string): Promise<TrustedKey> {
  const text = (await read(file)).toString('latin1');
  if (/PRIVATE KEY/.test(text)) throw refusal(file, 'it is a private key; give the public one');
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch (cause) {
    throw refusal(file, `it is no public key in PEM: ${messageOf(cause)}`, cause);
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type !== 'ec' && type !== 'ed25519' && type !== 'rsa') {
    throw refusal(file, `it is a key of ${type}; Sigstore's clients sign with ECDSA, Ed25519 and RSA`);
  }
  if (type === 'rsa' && (details?.modulusLength ?? 0) < 2_048)
    throw refusal(file, 'its RSA key has less than 2048 bits');
  const spki = key.export({ format: 'der', type: 'spki' });
  return { key, name: `key sha256:${createHash('sha256').update(spki).digest('hex')}` };
}

/** A trusted root as `cosign trusted-root create` writes it, or several, one a line, as `gh attestation trusted-root` does. */
async function readRoots(file: string): Promise<TrustedRoot[]> {
  const text = (await read(file)).toString('utf8').trim();
  try {
    return documentsOf(text).map((document) => {
      const root = TrustedRootJson.fromJSON(document);
      if (root.certificateAuthorities.length === 0) throw new Error('it names no certificate authority');
      return root;
    });
  } catch (cause) {
    throw refusal(file, `it is no trusted root of Sigstore (JSON): ${messageOf(cause)}`, cause);
  }
}

function documentsOf(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return text.split('\n').map((line) => JSON.parse(line));
  }
}

/**
 * Every kind of proof that the root knows a service for is demanded: an entry in a transparency log, a certificate that was logged. A
 * moment always is: certificates live for minutes.
 */
function verifierOf(root: TrustedRoot): Verifier {
  return new Verifier(toTrustMaterial(root), {
    tlogThreshold: root.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
}

async function read(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > LIMITS.policyDocumentBytes) throw new Error(`it has more than ${LIMITS.policyDocumentBytes} bytes`);
    return await readFile(file);
  } catch (cause) {
    throw refusal(file, messageOf(cause), cause);
  }
}

function refusal(file: string, why: string, cause?: unknown): PlimsollError {
  return new PlimsollError('USAGE', `${file} cannot be used: ${why}`, { cause });
}
