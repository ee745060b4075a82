import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf, PlimsollError } from '../../domain/errors.ts';

export interface CertificateFiles {
  /** The server's certificate, PEM, with those that lead to its authority behind it. */
  readonly certificate: string;
  readonly key: string;
}

/**
 * A server's certificate and key from two files, as cert-manager's secrets are mounted. Both are swapped at one moment, and read at two:
 * a key that is not the certificate's is a pair in between, and raised as SECRET_UNREADABLE like whatever else is wrong.
 */
export function readCertificateFiles(files: CertificateFiles): CertificateFiles & { readonly notAfter: Date } {
  const [certificate, key] = [read(files.certificate), read(files.key)];
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error(`the key in ${files.key} is another's`);
    return { certificate, key, notAfter: parsed.validToDate };
  } catch (cause) {
    throw unreadable(`The certificate in ${files.certificate} cannot be used: ${messageOf(cause)}`, cause);
  }
}

/** Certificates of authorities, PEM. Raises SECRET_UNREADABLE where there is none in the file. */
export function readAuthorities(file: string): string {
  const text = read(file);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length === 0) throw new Error('there is no certificate in it');
    for (const block of blocks) new X509Certificate(block);
  } catch (cause) {
    throw unreadable(`The authorities in ${file} cannot be used: ${messageOf(cause)}`, cause);
  }
  return text;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unreadable(`A certificate cannot be read: ${messageOf(cause)}`, cause);
  }
}

function unreadable(message: string, cause: unknown): PlimsollError {
  return new PlimsollError('SECRET_UNREADABLE', message, { cause });
}
