import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { ApiToken, AuditEntry, AuditLog, NewToken, TokenStore } from '../../pipeline/access-ports.ts';
import type { Page, Part } from '../../pipeline/page.ts';
import { partOf } from './part-of.ts';
import type { ApiTokensTable, StoreSchema } from './schema.ts';

/** Stands for "there is no token yet" while the first one is made. */
const FIRST_TOKEN_LOCK = 0x746f6b6e;

/** Who may use the API, and who did what with it. */
export class PostgresAccess implements TokenStore, AuditLog {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async holder(secretDigest: string): Promise<ApiToken | null> {
    const row = await this.#database
      .selectFrom('api_tokens')
      .selectAll()
      .where('secret_digest', '=', secretDigest)
      .where('revoked_at', 'is', null)
      .where(({ or, eb }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]))
      .executeTakeFirst();
    return row === undefined ? null : tokenOf(row);
  }

  addToken(token: NewToken): Promise<ApiToken> {
    return insertToken(this.#database, token);
  }

  addFirstToken(token: NewToken): Promise<ApiToken | null> {
    return this.#database.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(${FIRST_TOKEN_LOCK})`.execute(transaction);
      const any = await transaction.selectFrom('api_tokens').select('id').limit(1).executeTakeFirst();
      return any === undefined ? await insertToken(transaction, token) : null;
    });
  }

  async tokens(page: Page): Promise<Part<ApiToken>> {
    let query = this.#database
      .selectFrom('api_tokens')
      .selectAll()
      .orderBy('seq', 'desc')
      .limit(page.limit + 1);
    if (page.after !== null) query = query.where('seq', '<', page.after);
    return partOf(await query.execute(), page, ({ seq }) => seq, tokenOf);
  }

  async revoke(id: string): Promise<boolean> {
    const revoked = await this.#database
      .updateTable('api_tokens')
      .set({ revoked_at: sql`now()` })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    return revoked.numUpdatedRows > 0n;
  }

  async audit({ requestId, ...entry }: AuditEntry): Promise<void> {
    await this.#database
      .insertInto('audit_log')
      .values({ ...entry, request_id: requestId })
      .execute();
  }

  async audited(page: Page): Promise<Part<AuditEntry & { readonly at: string }>> {
    let query = this.#database
      .selectFrom('audit_log')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(page.limit + 1);
    if (page.after !== null) query = query.where('id', '<', page.after);
    return partOf(
      await query.execute(),
      page,
      ({ id }) => id,
      ({ id: _, at, request_id, outcome, ...entry }) => ({
        at: at.toISOString(),
        ...entry,
        outcome: outcome as AuditEntry['outcome'],
        requestId: request_id,
      }),
    );
  }
}

async function insertToken(database: Kysely<StoreSchema>, token: NewToken): Promise<ApiToken> {
  const { name, role, secretDigest, expiresAt } = token;
  const row = await database
    .insertInto('api_tokens')
    .values({ id: randomUUID(), name, role, secret_digest: secretDigest, expires_at: expiresAt })
    .returningAll()
    .executeTakeFirstOrThrow();
  return tokenOf(row);
}

function tokenOf({ id, name, role, created_at, expires_at, revoked_at }: Selectable<ApiTokensTable>): ApiToken {
  return {
    id,
    name,
    role,
    createdAt: created_at.toISOString(),
    expiresAt: expires_at?.toISOString() ?? null,
    revokedAt: revoked_at?.toISOString() ?? null,
  };
}
