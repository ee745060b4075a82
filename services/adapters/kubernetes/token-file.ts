import { readFile } from 'node:fs/promises';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { ClusterCredentials } from './cluster-access.ts';

/** client-go reads it as often; the kubelet writes a new one when a fifth of the old one's time is left. */
const READ_AGAIN_MS = 60_000;

/** The token in a file, which others replace. The last one is used where the file cannot be read for a while. */
export function tokenFile(path: string, now: () => number = Date.now): ClusterCredentials {
  let last: string | null = null;
  let readAt = 0;
  const token = async (fresh: boolean): Promise<string> => {
    if (last !== null && !fresh && now() - readAt < READ_AGAIN_MS) return last;
    try {
      last = oneLine(await readFile(path, 'utf8'), path);
    } catch (cause) {
      if (last === null) throw unreadable(path, cause);
    }
    readAt = now();
    return last as string;
  };
  return { kind: 'token', token };
}

/** A file of credentials or certificates. SECRET_UNREADABLE. */
export async function credentialFile(path: string): Promise<string> {
  try {
    return bounded(await readFile(path, 'utf8'), path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** A header has one line: what has more is no token, and must not become a second header. */
export function oneLine(text: string, where: string): string {
  const token = bounded(text, where).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new PlimsollError('SECRET_UNREADABLE', `${where} holds no token for the API server: one line without blanks`);
  }
  return token;
}

function bounded(text: string, where: string): string {
  if (text.length <= LIMITS.credentialBytes) return text;
  throw new PlimsollError(
    'LIMIT_EXCEEDED',
    `${where} has more than ${LIMITS.credentialBytes} bytes (credentialBytes)`,
    {
      details: { limit: 'credentialBytes' },
    },
  );
}

function unreadable(path: string, cause: unknown): PlimsollError {
  if (cause instanceof PlimsollError) return cause;
  return new PlimsollError('SECRET_UNREADABLE', `${path} cannot be read: ${messageOf(cause)}`, { cause });
}
