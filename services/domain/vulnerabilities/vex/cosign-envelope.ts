import { bytesOfBase64, objectOrNull, parseForeignJson, textOrNull } from '../feeds/foreign-json.ts';

type Annotations = Readonly<Record<string, string>>;

const CERTIFICATE = 'dev.sigstore.cosign/certificate';
const LOG_ENTRY = 'dev.sigstore.cosign/bundle';

/**
 * An attestation as cosign attached it before there were Sigstore bundles: a DSSE envelope, with the certificate and the entry of the
 * transparency log as annotations of its layer (cosign's ATTESTATION_SPEC). The same as a bundle; null where the envelope is no JSON.
 */
export function bundleOfEnvelope(envelope: Uint8Array, annotations: Annotations): string | null {
  const dsseEnvelope = objectOrNull(parseForeignJson(envelope));
  if (dsseEnvelope === null) return null;
  const pem = annotations[CERTIFICATE];
  const rawBytes = pem === undefined ? null : derOf(pem);
  const verificationMaterial = {
    ...(rawBytes === null ? { publicKey: { hint: '' } } : { x509CertificateChain: { certificates: [{ rawBytes }] } }),
    tlogEntries: logEntries(annotations[LOG_ENTRY]),
  };
  const mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1';
  return JSON.stringify({ mediaType, verificationMaterial, dsseEnvelope });
}

/** Base64 of the first certificate; what is none stays one that nobody can read. */
function derOf(pem: string): string {
  return /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(pem)?.[1]?.replace(/\s+/g, '') ?? '';
}

/** Rekor's answer as cosign keeps it: what was signed, and by it the moment. Empty where it is not of that shape. */
function logEntries(text: string | undefined): object[] {
  const entry = objectOrNull(parseForeignJson(new TextEncoder().encode(text ?? '')));
  const payload = objectOrNull(entry?.Payload);
  const body = textOrNull(payload?.body, 64 * 2 ** 20);
  const logId = textOrNull(payload?.logID);
  const { integratedTime, logIndex } = payload ?? {};
  const signedEntryTimestamp = textOrNull(entry?.SignedEntryTimestamp, 65_536);
  if (body === null || logId === null || signedEntryTimestamp === null || !/^(?:[0-9a-f]{2})+$/.test(logId)) return [];
  const kind = kindOf(body);
  if (kind === null || !Number.isSafeInteger(integratedTime) || !Number.isSafeInteger(logIndex)) return [];
  return [
    {
      logIndex: String(logIndex),
      logId: { keyId: btoa(String.fromCharCode(...logId.match(/../g)!.map((byte) => Number.parseInt(byte, 16)))) },
      kindVersion: kind,
      integratedTime: String(integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      canonicalizedBody: body,
    },
  ];
}

function kindOf(body: string): { kind: string; version: string } | null {
  const entry = objectOrNull(parseForeignJson(bytesOfBase64(body)));
  const kind = textOrNull(entry?.kind);
  const version = textOrNull(entry?.apiVersion);
  return kind === null || version === null ? null : { kind, version };
}
