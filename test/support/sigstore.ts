import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';

/** Sigstore bundles as its clients write them, made here: by keys, and by a certificate authority and logs of our own. */

export const IN_TOTO = 'application/vnd.in-toto+json';
export const VEX_PREDICATE = 'https://openvex.dev/ns/v0.2.0';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

export type KeyKind = 'ec' | 'ed25519' | 'rsa';

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function signingKey(kind: KeyKind = 'ec'): SigningKey {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** Writes the public half; the path. */
export function publicKeyFile(directory: string, name: string, { publicKey }: SigningKey): string {
  const file = join(directory, name);
  writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }));
  return file;
}

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64');
const digest = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();

/** ECDSA and RSA over a SHA-256, Ed25519 over the bytes. */
function signed(bytes: Buffer, { privateKey }: SigningKey): Buffer {
  return sign(privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, privateKey);
}

/** DSSE, protocol.md: PAE. */
function preAuth(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

/** The bundle of a signature over a file. */
export function fileBundle(text: string, key: SigningKey): Record<string, unknown> {
  const bytes = Buffer.from(text);
  return {
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: '' }, tlogEntries: [] },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: base64(digest(bytes)) },
      signature: base64(signed(bytes, key)),
    },
  };
}

export interface StatementChange {
  readonly _type?: string;
  readonly predicateType?: string;
  readonly subject?: unknown;
}

/** An in-toto statement that says VEX of the manifest of this digest. */
export function vexStatement(manifestDigest: string, predicate: unknown, change: StatementChange = {}) {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'image', digest: { sha256: manifestDigest.replace('sha256:', '') } }],
    predicateType: VEX_PREDICATE,
    predicate,
    ...change,
  };
}

export function envelope(statement: unknown, key: SigningKey, payloadType = IN_TOTO) {
  const payload = Buffer.from(typeof statement === 'string' ? statement : JSON.stringify(statement));
  return {
    payload: base64(payload),
    payloadType,
    signatures: [{ keyid: '', sig: base64(signed(preAuth(payloadType, payload), key)) }],
  };
}

/** The bundle of an attestation. */
export function attestationBundle(statement: unknown, key: SigningKey, payloadType = IN_TOTO) {
  return {
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: '' }, tlogEntries: [] as unknown[] },
    dsseEnvelope: envelope(statement, key, payloadType),
  };
}

export interface Authority {
  /** `trusted_root.json`, as JSON. */
  readonly root: Record<string, unknown>;
  /** A bundle by a certificate for this name, in the log. */
  attest(statement: unknown, subject: string, issuer: string): Promise<CertifiedBundle>;
  /** What a timestamp authority says of a signature, as a bundle has it. */
  timestamp(signature: string): Promise<{ readonly signedTimestamp: string }>;
  signFile(text: string, subject: string, issuer: string): Promise<CertifiedBundle>;
}

/** An entry of the log, as a bundle has it; bytes in base64. */
export interface LoggedEntry {
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
  readonly kindVersion: { readonly kind: string; readonly version: string };
  readonly inclusionProof: object;
  readonly integratedTime: string;
  readonly inclusionPromise: { readonly signedEntryTimestamp: string };
  readonly canonicalizedBody: string;
}

/** The same as Rekor answers: bytes in hexadecimal, numbers. */
interface RekorEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logIndex: number;
  readonly logID: string;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: { readonly rootHash: string; readonly checkpoint: string };
  };
}

export interface CertifiedBundle {
  mediaType: string;
  verificationMaterial: { certificate: { rawBytes: string }; tlogEntries: LoggedEntry[] };
  dsseEnvelope?: ReturnType<typeof envelope>;
  messageSignature?: unknown;
}

/** A certificate authority, the log of its certificates and the log of signatures: what Sigstore's public instance has. */
export async function authority({ certificatesAreLogged = true } = {}): Promise<Authority> {
  const ctKeys = signingKey();
  const ctLog = await initializeCTLog(ctKeys as never);
  const ca = await initializeCA(signingKey() as never, certificatesAreLogged ? ctLog : undefined);
  const tsa = await initializeTSA(signingKey() as never);
  const log = await initializeTLog('https://rekor.example.org', signingKey() as never);
  const key = (der: Uint8Array) => ({
    rawBytes: base64(der),
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
    validFor: { start: '2020-01-01T00:00:00Z' },
  });
  const service = (baseUrl: string, der: Uint8Array) => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: key(der),
    logId: { keyId: base64(digest(der)) },
  });
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [service('https://rekor.example.org', log.publicKey)],
    ctlogs: [service('https://ct.example.org', ctLog.publicKey)],
    certificateAuthorities: [
      {
        subject: { organization: 'example', commonName: 'ca' },
        uri: 'https://ca.example.org',
        certChain: { certificates: [{ rawBytes: base64(bytesOf(ca.rootCertificate)) }] },
        validFor: { start: '2020-01-01T00:00:00Z' },
      },
    ],
    timestampAuthorities: [
      {
        subject: { organization: 'example', commonName: 'tsa' },
        uri: 'https://tsa.example.org',
        certChain: {
          certificates: [tsa.intCertificate, tsa.rootCertificate].map((each) => ({ rawBytes: base64(bytesOf(each)) })),
        },
        validFor: { start: '2020-01-01T00:00:00Z' },
      },
    ],
  };
  const certified = async (signer: SigningKey, subject: string, issuer: string): Promise<Buffer> => {
    const publicKey = signer.publicKey.export({ type: 'spki', format: 'der' });
    const extensions = [{ oid: '1.3.6.1.4.1.57264.1.8', value: issuer }];
    return bytesOf(
      await ca.issueCertificate({ publicKey: new Uint8Array(publicKey), subjectAltName: subject, extensions }),
    );
  };
  const logged = async (kind: string, version: string, spec: object): Promise<LoggedEntry> => {
    const [entry] = Object.values(await log.log({ kind, apiVersion: version, spec })) as [RekorEntry];
    const { inclusionProof, signedEntryTimestamp } = entry.verification;
    return {
      logIndex: String(entry.logIndex),
      logId: { keyId: base64(Buffer.from(entry.logID, 'hex')) },
      kindVersion: { kind, version },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      inclusionProof: {
        logIndex: '0',
        treeSize: '1',
        rootHash: base64(Buffer.from(inclusionProof.rootHash, 'hex')),
        hashes: [],
        checkpoint: { envelope: inclusionProof.checkpoint },
      },
      canonicalizedBody: entry.body,
    };
  };
  const pem = (der: Buffer): string => new X509Certificate(der).toString();
  return {
    root,
    async attest(statement, subject, issuer) {
      const signer = signingKey();
      const certificate = await certified(signer, subject, issuer);
      const dsseEnvelope = envelope(statement, signer);
      const { payload, signatures } = dsseEnvelope;
      const entry = await logged('dsse', '0.0.1', {
        payloadHash: { algorithm: 'sha256', value: digest(Buffer.from(payload, 'base64')).toString('hex') },
        envelopeHash: { algorithm: 'sha256', value: digest(JSON.stringify(dsseEnvelope)).toString('hex') },
        signatures: [{ signature: signatures[0]!.sig, verifier: base64(pem(certificate)) }],
      });
      const verificationMaterial = { certificate: { rawBytes: base64(certificate) }, tlogEntries: [entry] };
      return { mediaType: BUNDLE, verificationMaterial, dsseEnvelope };
    },
    async timestamp(signature) {
      const request = { artifactHash: digest(Buffer.from(signature, 'base64')), nonce: 1, certReq: true };
      // SHA-256; the policy of the mock.
      const oids = { hashAlgorithmOID: '2.16.840.1.101.3.4.2.1', policyOID: '1.3.6.1.4.1.57264.2' };
      return { signedTimestamp: base64(bytesOf(await tsa.timestamp({ ...request, ...oids }))) };
    },
    async signFile(text, subject, issuer) {
      const signer = signingKey();
      const certificate = await certified(signer, subject, issuer);
      const { messageSignature } = fileBundle(text, signer) as { messageSignature: { signature: string } };
      const entry = await logged('hashedrekord', '0.0.1', {
        data: { hash: { algorithm: 'sha256', value: digest(text).toString('hex') } },
        signature: { content: messageSignature.signature, publicKey: { content: base64(pem(certificate)) } },
      });
      const verificationMaterial = { certificate: { rawBytes: base64(certificate) }, tlogEntries: [entry] };
      return { mediaType: BUNDLE, verificationMaterial, messageSignature };
    },
  };
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}
