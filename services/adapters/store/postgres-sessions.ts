import { type Kysely, type Selectable, sql } from 'kysely';
import type { NewSession, SessionStore, StoredSession } from '../../pipeline/session-ports.ts';
import type { SessionsTable, StoreSchema } from './schema.ts';

/** Sessions of people; when they end is the server's clock. */
export class PostgresSessions implements SessionStore {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async addSession({ secretDigest, subject, name, role, minutes }: NewSession): Promise<StoredSession> {
    await this.#database.deleteFrom('sessions').where('expires_at', '<', sql<Date>`now()`).execute();
    const expires_at = sql<Date>`now() + ${minutes} * interval '1 minute'`;
    const row = await this.#database
      .insertInto('sessions')
      .values({ secret_digest: secretDigest, subject, name, role, expires_at })
      .returningAll()
      .executeTakeFirstOrThrow();
    return sessionOf(row);
  }

  async session(secretDigest: string): Promise<StoredSession | null> {
    const row = await this.#database
      .selectFrom('sessions')
      .selectAll()
      .where('secret_digest', '=', secretDigest)
      .where('expires_at', '>', sql<Date>`now()`)
      .executeTakeFirst();
    return row === undefined ? null : sessionOf(row);
  }

  async endSession(secretDigest: string): Promise<boolean> {
    const ended = await this.#database
      .deleteFrom('sessions')
      .where('secret_digest', '=', secretDigest)
      .executeTakeFirst();
    return ended.numDeletedRows > 0n;
  }
}

function sessionOf({ subject, name, role, expires_at }: Selectable<SessionsTable>): StoredSession {
  return { subject, name, role, expiresAt: expires_at.toISOString() };
}
