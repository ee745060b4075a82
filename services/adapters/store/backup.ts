import { createHash } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { VERSION } from '../../domain/version.ts';
import { MIGRATION_NAMES, STORE_TABLES } from './migrate.ts';

/*
 * A backup is gzip over lines of JSON: a head, of each table its name and columns and then a line a row, and an end with the number of
 * rows and the SHA-256 of all lines before it. Values are text as PostgreSQL writes them in UTC, so that any later major reads them.
 */

export const BACKUP_FORMAT = 'plimsoll-backup-1';

export interface BackupHead {
  readonly format: typeof BACKUP_FORMAT;
  readonly plimsoll: string;
  readonly createdAt: string;
  /** Names, in the order in which they were applied. */
  readonly migrations: readonly string[];
}

export interface BackupTable {
  readonly table: string;
  readonly columns: readonly string[];
}

export interface BackupEnd {
  readonly end: Readonly<Record<string, number>>;
  /** `sha256:HEX` */
  readonly digest: string;
}

export interface BackupOptions {
  readonly tokens: boolean;
  readonly onTable: (table: string, rows: number) => void;
}

/** Rows that are asked for at once: of reports, some megabytes. */
const ROWS = 50;

/** Writes what the store holds at one moment; who works with it goes on. Raises STORE_UNUSABLE, and what writing raises. */
export async function writeBackup(
  connection: pg.ClientConfig,
  output: Writable,
  { tokens, onTable }: BackupOptions,
): Promise<BackupEnd> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  let end: BackupEnd | null = null;
  async function* lines(): AsyncGenerator<string> {
    const hash = createHash('sha256');
    const rows: Record<string, number> = {};
    for await (const line of linesOf(client, tokens, (table, count) => {
      rows[table] = count;
      onTable(table, count);
    })) {
      hash.update(line);
      yield line;
    }
    end = { end: rows, digest: `sha256:${hash.digest('hex')}` };
    yield `${JSON.stringify(end)}\n`;
  }
  try {
    await connect(client);
    // The output is the caller's to close: it may be standard output.
    await pipeline(Readable.from(lines(), { objectMode: true }), createGzip(), output, { end: false });
    return end!;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Raises STORE_UNUSABLE. */
export async function connect(client: pg.Client): Promise<void> {
  try {
    await client.connect();
    await client.query(
      "set datestyle to 'ISO'; set timezone to 'UTC'; set intervalstyle to 'postgres'; set bytea_output to 'hex'",
    );
  } catch (cause) {
    throw new PlimsollError('STORE_UNUSABLE', `The store's database does not answer: ${messageOf(cause)}`, { cause });
  }
}

async function* linesOf(
  client: pg.Client,
  tokens: boolean,
  onTable: (table: string, rows: number) => void,
): AsyncGenerator<string> {
  await client.query('begin isolation level repeatable read read only');
  const migrations = await migrationsOf(client);
  const head: BackupHead = {
    format: BACKUP_FORMAT,
    plimsoll: VERSION,
    createdAt: new Date().toISOString(),
    migrations,
  };
  yield `${JSON.stringify(head)}\n`;
  for (const table of STORE_TABLES) {
    // Whoever was logged in logs in again: a backup opens no door to people.
    if (table === 'sessions' || (table === 'api_tokens' && !tokens)) continue;
    const columns = (await columnsOf(client, table)).map(({ name }) => name);
    if (columns.length === 0) continue;
    yield `${JSON.stringify({ table, columns } satisfies BackupTable)}\n`;
    const texts = columns.map((column) => `"${column}"::text`).join(', ');
    await client.query(
      `declare row_lines no scroll cursor for select json_build_array(${texts})::text as line from "${table}"`,
    );
    let count = 0;
    for (;;) {
      const { rows } = await client.query<{ line: string }>(`fetch ${ROWS} from row_lines`);
      for (const { line } of rows) yield `${line}\n`;
      count += rows.length;
      if (rows.length < ROWS) break;
    }
    await client.query('close row_lines');
    onTable(table, count);
  }
  await client.query('commit');
}

/** Those that were applied. Raises STORE_UNUSABLE where the store is none, or is one whose tables are not all known here. */
async function migrationsOf(client: pg.Client): Promise<readonly string[]> {
  const { rows: found } = await client.query("select to_regclass('kysely_migration') is not null as there");
  if (!found[0].there) throw new PlimsollError('STORE_UNUSABLE', 'There is no store of Plimsoll in this database.');
  const { rows } = await client.query<{ name: string }>('select name from kysely_migration order by name');
  const names = rows.map(({ name }) => name);
  const later = names.filter((each) => !MIGRATION_NAMES.includes(each));
  if (later.length === 0) return names;
  const message = `The store is of a later Plimsoll (${later.join(', ')}): back it up with that version.`;
  throw new PlimsollError('STORE_UNUSABLE', message);
}

export interface Column {
  readonly name: string;
  /** As SQL writes it. */
  readonly type: string;
  readonly identity: boolean;
}

/** In their order; none: there is no such table. */
export async function columnsOf(client: pg.Client, table: string): Promise<readonly Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, format_type(atttypid, atttypmod) as type, attidentity <> '' as identity
    from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [`"${table}"`],
  );
  return rows;
}
