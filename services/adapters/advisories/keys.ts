import { hash } from 'node:crypto';

/*
 * Keys of the database, in the order in which they are written:
 *
 *   e CVE-ID                     what is said beside advisories
 *   p NAMESPACE NUL NAME         the advisories for one package
 *   r 16 characters              one advisory without its packages, by the hash of its content
 *
 * LMDB takes keys of up to 1,978 bytes; a longer package name is filed under its hash.
 */
const MAX_NAME_BYTES = 500;

export const ENRICHMENT = 'e';
export const PACKAGE = 'p';
export const RECORD = 'r';

export function packageKey(ecosystem: string, name: string): Buffer {
  const key = Buffer.from(`${PACKAGE}${ecosystem}\0${name}`);
  return key.length <= MAX_NAME_BYTES ? key : Buffer.from(`${PACKAGE}\0${hash('sha256', key, 'hex')}`);
}

/** Namespace and name of a key. One that is a hash has no namespace, and the hash for a name: it stands for itself. */
export function packageOfKey(key: Uint8Array): { ecosystem: string; name: string } {
  const [ecosystem = '', name = ''] = Buffer.from(key).toString('utf8', 1).split('\0');
  return { ecosystem, name };
}

/** Null for what can be no CVE id. */
export function enrichmentKey(cveId: string): Buffer | null {
  return cveId.length > 64 ? null : Buffer.from(`${ENRICHMENT}${cveId}`);
}

export function cveOfKey(key: Uint8Array): string {
  return Buffer.from(key).toString('utf8', 1);
}

export function recordKey(reference: string): Buffer {
  return Buffer.from(`${RECORD}${reference}`);
}

/** What a record is referred to by. */
export function recordReference(packed: Uint8Array): string {
  return hash('sha256', packed, 'base64url').slice(0, 16);
}
