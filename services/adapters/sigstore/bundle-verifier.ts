import { verify } from 'node:crypto';
import { type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity } from '@sigstore/verify';
import { messageOf } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { BundleReading, BundleVerifier, SignerTrust } from '../../pipeline/verdict-ports.ts';
import { readTrust, type Trust } from './trust.ts';

/** Whose signature it is, or why nobody can tell. */
type Signer = Pick<BundleReading, 'signer' | 'refusal'>;

/** Verifies Sigstore bundles with nothing but what was configured: no connection, no keys from elsewhere. Raises USAGE. */
export async function openBundleVerifier(trust: SignerTrust): Promise<BundleVerifier> {
  const read = await readTrust(trust);
  return { read: (bundle, file) => readBundle(bundle, file, read) };
}

function readBundle(text: string, file: string | null, trust: Trust): BundleReading {
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(JSON.parse(text));
  } catch (error) {
    return { payload: null, signer: null, refusal: `the signature is no Sigstore bundle: ${sentence(error)}` };
  }
  const { content } = bundle;
  if (content.$case === 'dsseEnvelope') {
    const { payloadType, payload } = content.dsseEnvelope;
    const decoded = { type: payloadType, text: utf8(payload) };
    if (decoded.text === null) return { payload: null, signer: null, refusal: 'what was signed is no text' };
    return { payload: { ...decoded, text: decoded.text }, ...signerOf(bundle, undefined, trust) };
  }
  if (file === null) return { payload: null, signer: null, refusal: 'it signs a file, and there is none' };
  return { payload: null, ...signerOf(bundle, Buffer.from(file), trust) };
}

/** Never raises: a hostile bundle may break any of the readers below in any way. */
function signerOf(bundle: Bundle, file: Buffer | undefined, trust: Trust): Signer {
  const { content, tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  const entries = tlogEntries.length + (timestampVerificationData?.rfc3161Timestamps.length ?? 0);
  if (entries > LIMITS.bundleEntries) {
    return refused(
      `the bundle has ${entries} log entries and timestamps; ${LIMITS.bundleEntries} is the limit (bundleEntries)`,
    );
  }
  try {
    return content.$case === 'publicKey' ? signerByKey(bundle, file, trust) : signerByIdentity(bundle, file, trust);
  } catch (error) {
    return refused(`the signature cannot be verified: ${sentence(error)}`);
  }
}

/** Of a key only the signature is asked for: who holds the key may sign, whether logged or not. */
function signerByKey(bundle: Bundle, file: Buffer | undefined, { keys }: Trust): Signer {
  if (keys.length === 0) return refused('it is signed with a key, and no key is configured');
  const isSignedBy = ({ key }: (typeof keys)[number]): boolean => {
    // The library hashes first, which Ed25519 does itself.
    if (key.asymmetricKeyType === 'ed25519' && bundle.content.$case === 'messageSignature') {
      return verify(null, file!, key, bundle.content.messageSignature.signature);
    }
    return toSignedEntity(bundle, file).signature.verifySignature(key);
  };
  const signer = keys.find(isSignedBy);
  if (signer === undefined)
    return refused('no configured key made the signature: it is of another key, or of other bytes');
  return { signer: signer.name, refusal: null };
}

/** The identity must be the configured one to the letter: the library takes it for a pattern, in which a dot is any character. */
function signerByIdentity(bundle: Bundle, file: Buffer | undefined, { verifiers, identities }: Trust): Signer {
  if (verifiers.length === 0)
    return refused('it is signed with a certificate, and no trusted root and identity are configured');
  let failure: unknown;
  for (const verifier of verifiers) {
    try {
      const { identity } = verifier.verify(toSignedEntity(bundle, file));
      const { subjectAlternativeName: subject = '', extensions } = identity ?? {};
      const issuer = extensions?.issuer ?? '';
      const name = `${subject} (${issuer})`;
      const isTrusted = identities.some((each) => each.subject === subject && each.issuer === issuer);
      return isTrusted ? { signer: name, refusal: null } : refused(`it is signed by ${name}, who is not configured`);
    } catch (error) {
      failure = error;
    }
  }
  return refused(`the signature cannot be verified: ${sentence(failure)}`);
}

function refused(refusal: string): Signer {
  return { signer: null, refusal };
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function sentence(error: unknown): string {
  return messageOf(error).replace(/\s+/g, ' ').slice(0, 300);
}
