import { bytesOfBase64, listOrEmpty, objectOrNull, parseForeignJson, textOrNull } from '../feeds/foreign-json.ts';

/** What a DSSE envelope says that an in-toto statement is its payload (in-toto attestation framework, envelope). */
export const IN_TOTO_TYPE = 'application/vnd.in-toto+json';

const STATEMENT_TYPES = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];

export interface Statement {
  /** `sha256:HEX` of everything that the statement is about. */
  readonly subjects: readonly string[];
  readonly predicateType: string;
  readonly predicate: unknown;
}

/** An in-toto statement from its parsed JSON; null for anything else. */
export function readStatement(value: unknown): Statement | null {
  const statement = objectOrNull(value);
  const predicateType = textOrNull(statement?.predicateType);
  if (statement === null || predicateType === null || !STATEMENT_TYPES.some((type) => type === statement._type)) {
    return null;
  }
  const subjects = listOrEmpty(statement.subject).flatMap((subject) => {
    const hex = textOrNull(objectOrNull(objectOrNull(subject)?.digest)?.sha256);
    return hex !== null && /^[0-9a-f]{64}$/.test(hex) ? [`sha256:${hex}`] : [];
  });
  return { subjects, predicateType, predicate: statement.predicate };
}

/** Whether a predicate of this type is VEX: `https://openvex.dev/ns` and its versions. */
export function isVexPredicate(type: string): boolean {
  return /^https:\/\/openvex\.dev\/ns(?:\/v[\w.]+)?$/.test(type);
}

/** Whether a Sigstore bundle, or the statement itself, is an attestation of VEX by what it holds, whoever signed it. */
export function attestsVex(text: string): boolean {
  const value = objectOrNull(parseForeignJson(new TextEncoder().encode(text)));
  const payload = objectOrNull(value?.dsseEnvelope)?.payload;
  const statement = payload === undefined ? value : parseForeignJson(bytesOfBase64(payload));
  return isVexPredicate(readStatement(statement)?.predicateType ?? '');
}
