import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { readCertificateFiles } from './adapters/certificates/certificate-files.ts';
import { showCertificate, type TlsMaterial } from './api/server.ts';
import type { Session } from './cli/session.ts';
import { messageOf } from './domain/errors.ts';
import type { ServerSettings } from './pipeline/server-settings.ts';
import { ROUND_MS, repeat, type Undo } from './serve-rounds.ts';

// The part of the servers' composition root that reads the certificate of their listener, again and again.

/** Null where none is named. Raises SECRET_UNREADABLE. */
export function readTls(tls: ServerSettings['tls']): TlsMaterial | null {
  return tls === undefined ? null : readCertificateFiles(tls);
}

/** Shows what the files hold from now on: soon after they change, and at once on SIGHUP. What cannot be used is told, and not shown. */
export function keepTls(
  tls: NonNullable<ServerSettings['tls']>,
  shown: TlsMaterial,
  app: FastifyInstance,
  session: Session,
  log: Logger,
): readonly Undo[] {
  let held = shown;
  const renew = (): void => {
    const read = readCertificateFiles(tls);
    if (read.certificate === held.certificate && read.key === held.key) return;
    showCertificate(app, read);
    held = read;
    log.info({ part: 'tls', notAfter: read.notAfter }, 'new certificate');
  };
  const warn = (message: string): void => {
    log.warn({ part: 'tls' }, `the certificate of before is shown: ${message}`);
  };
  const reload = session.onReload(() => {
    try {
      renew();
    } catch (error) {
      warn(messageOf(error));
    }
  });
  return [repeat(ROUND_MS, async () => renew(), warn), reload];
}
