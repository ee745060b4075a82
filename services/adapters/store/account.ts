import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { PlimsollError } from '../../domain/errors.ts';

/** Whom PostgreSQL runs as. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** This process's own. */
export function ownAccount(): Account {
  const { username, uid, gid } = userInfo();
  return { name: username, uid, gid };
}

/**
 * The account for PostgreSQL, which refuses to run as root: our own, or where we are root the named one (`postgres` where
 * none is named). Raises STORE_UNUSABLE.
 */
export function postgresAccount(named: string | null, passwd = '/etc/passwd'): Account {
  const own = ownAccount();
  if (own.uid !== 0) {
    if (named === null || named === own.name) return own;
    throw new PlimsollError(
      'STORE_UNUSABLE',
      `Only root can run PostgreSQL as "${named}" (store.account); this is "${own.name}".`,
    );
  }
  const name = named ?? 'postgres';
  const fields = readFileSync(passwd, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([login]) => login === name);
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  if (Number.isInteger(uid) && Number.isInteger(gid) && uid > 0) return { name, uid, gid };
  throw new PlimsollError(
    'STORE_UNUSABLE',
    `PostgreSQL does not run as root, and there is no unprivileged account "${name}". Make one, name another with ` +
      `store.account, or run plimsoll serve as a user of its own.`,
  );
}
