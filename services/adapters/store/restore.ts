import { createHash, type Hash } from 'node:crypto';
import { pipeline as connected, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import pg from 'pg';
import { z } from 'zod';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { BACKUP_FORMAT, type Column, columnsOf, connect } from './backup.ts';
import { MIGRATION_NAMES, migrationStatements, STORE_TABLES } from './migrate.ts';

export interface RestoreOptions {
  /** What the store holds is given up. */
  readonly replace: boolean;
  /** See LIMITS.backupLineBytes. */
  readonly lineBytes: number;
  readonly onTable: (table: string, rows: number) => void;
}

const name = z.string().max(63);
const headLine = z.object({
  format: z.literal(BACKUP_FORMAT),
  plimsoll: z.string().max(64),
  createdAt: z.iso.datetime(),
  migrations: z.array(z.string().max(255)).max(1_000),
});
const tableLine = z.object({ table: name, columns: z.array(name).min(1).max(100) });
const endLine = z.object({ end: z.record(name, z.int().nonnegative()), digest: z.string() });

export type RestoredBackup = z.infer<typeof headLine>;

/** Lost connections, deadlocks, no room, shut down: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const NOT_OF_THE_BACKUP = /^(?:08|40|53|57|58)/;
/** What is sent in one statement, as text. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Rows of these are there from the start. */
const NEVER_EMPTY = ['judgement_terms', 'schedules'];

/**
 * Puts a backup into a store whose schema is up to date, in one transaction: all of it or nothing. The schema is made as it was at the
 * backup, filled, and brought up to date. Raises BACKUP_INVALID for what is none, is damaged or of a later Plimsoll, CONFLICT where the store
 * is not empty and may not be replaced, STORE_UNUSABLE.
 */
export async function restoreBackup(
  connection: pg.ClientConfig,
  source: AsyncIterable<Uint8Array>,
  options: RestoreOptions,
): Promise<RestoredBackup> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await connect(client);
  try {
    await client.query('begin');
    if (!options.replace) await refuseContent(client);
    const head = await load(client, source, options);
    await client.query('commit');
    return head;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    if (error instanceof PlimsollError) throw error;
    // What PostgreSQL refuses to take was not written by it.
    if (error instanceof pg.DatabaseError && !NOT_OF_THE_BACKUP.test(error.code ?? ''))
      throw invalid(`PostgreSQL refuses it: ${messageOf(error)}`, error);
    throw new PlimsollError('STORE_UNUSABLE', `The backup could not be restored: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    await client.end().catch(() => {});
  }
}

async function refuseContent(client: pg.Client): Promise<void> {
  const filled: string[] = [];
  for (const table of STORE_TABLES.filter((each) => !NEVER_EMPTY.includes(each))) {
    const { rows } = await client.query(`select exists (select from "${table}") as filled`);
    if (rows[0].filled) filled.push(table);
  }
  if (filled.length === 0) return;
  const message = `The store is not empty (${filled.join(', ')}). A restore replaces everything in it: allow that with --replace.`;
  throw new PlimsollError('CONFLICT', message);
}

async function load(
  client: pg.Client,
  source: AsyncIterable<Uint8Array>,
  { lineBytes, onTable }: RestoreOptions,
): Promise<RestoredBackup> {
  const hash = createHash('sha256');
  const counts: Record<string, number> = {};
  let head: RestoredBackup | null = null;
  let table: Table | null = null;
  let ended = false;
  for await (const line of linesOf(source, lineBytes)) {
    if (ended) throw invalid('something follows its end');
    if (head === null) {
      head = read(headLine, line, 'its first line');
      await makeSchema(client, head);
    } else if (line.startsWith('[')) {
      if (table === null) throw invalid('a row stands before its table');
      await table.add(line);
    } else {
      if (table !== null) counts[table.name] = await table.finish();
      if (table !== null) onTable(table.name, counts[table.name]!);
      table = null;
      if (line.startsWith('{"end"')) {
        checkEnd(read(endLine, line, 'its last line'), counts, hash);
        ended = true;
      } else {
        const { table: named, columns } = read(tableLine, line, 'the line of a table');
        if (named in counts) throw invalid(`the table ${named} comes twice`);
        table = await Table.open(client, named, columns);
      }
    }
    if (!ended) hash.update(`${line}\n`);
  }
  if (head === null || !ended) throw invalid('it breaks off');
  for (const migration of MIGRATION_NAMES.slice(head.migrations.length)) await apply(client, migration);
  return head;
}

/** Empty tables, as the backup's version of Plimsoll had them. */
async function makeSchema(client: pg.Client, { migrations, plimsoll }: RestoredBackup): Promise<void> {
  if (migrations.some((each, index) => each !== MIGRATION_NAMES[index])) {
    throw invalid(
      `it is of Plimsoll ${plimsoll}, whose store this version does not know: restore it with that version or a later one`,
    );
  }
  await client.query(`drop table if exists ${STORE_TABLES.map((each) => `"${each}"`).join(', ')} cascade`);
  await client.query('delete from kysely_migration');
  for (const migration of migrations) await apply(client, migration);
  // Some migrations bring rows.
  for (const each of STORE_TABLES.toReversed()) {
    if ((await columnsOf(client, each)).length > 0) await client.query(`delete from "${each}"`);
  }
}

async function apply(client: pg.Client, migration: string): Promise<void> {
  for (const statement of migrationStatements(migration)) await client.query(statement);
  const row = [migration, new Date().toISOString()];
  await client.query('insert into kysely_migration (name, timestamp) values ($1, $2)', row);
}

/** One table that is being filled. */
class Table {
  readonly name: string;
  readonly #client: pg.Client;
  readonly #insert: string;
  readonly #columns: readonly Column[];
  #rows: string[] = [];
  #bytes = 0;
  #count = 0;

  private constructor(client: pg.Client, table: string, columns: readonly Column[]) {
    this.name = table;
    this.#client = client;
    this.#columns = columns;
    const names = columns.map((column) => `"${column.name}"`).join(', ');
    const values = columns.map(({ type }, index) => `(line->>${index})::${type}`).join(', ');
    this.#insert = `insert into "${table}" (${names}) overriding system value
      select ${values} from json_array_elements($1::json) line`;
  }

  static async open(client: pg.Client, table: string, names: readonly string[]): Promise<Table> {
    const known = STORE_TABLES.includes(table) ? await columnsOf(client, table) : [];
    const columns = names.map((each) => known.find((column) => column.name === each));
    const isKnown = columns.every((column) => column !== undefined);
    if (isKnown && new Set(names).size === known.length) return new Table(client, table, columns);
    throw invalid(`its table ${table} is not as this version of it should be`);
  }

  async add(line: string): Promise<void> {
    this.#rows.push(line);
    this.#bytes += line.length;
    if (this.#bytes >= PIECE_BYTES) await this.#send();
  }

  async finish(): Promise<number> {
    await this.#send();
    for (const { name: column, identity } of this.#columns) {
      if (!identity) continue;
      await this.#client.query(`select setval(pg_get_serial_sequence('"${this.name}"', '${column}'),
        coalesce(max("${column}"), 1), max("${column}") is not null) from "${this.name}"`);
    }
    return this.#count;
  }

  async #send(): Promise<void> {
    if (this.#rows.length === 0) return;
    const { rowCount } = await this.#client.query(this.#insert, [`[${this.#rows.join(',')}]`]);
    this.#count += rowCount ?? 0;
    this.#rows = [];
    this.#bytes = 0;
  }
}

function checkEnd(
  { end, digest }: z.infer<typeof endLine>,
  counts: Readonly<Record<string, number>>,
  hash: Hash,
): void {
  if (`sha256:${hash.digest('hex')}` !== digest) throw invalid('its checksum is wrong: it was changed or damaged');
  const names = new Set([...Object.keys(end), ...Object.keys(counts)]);
  for (const table of names) if (end[table] !== counts[table]) throw invalid(`rows of ${table} are missing`);
}

function read<Shape extends z.ZodType>(shape: Shape, line: string, what: string): z.infer<Shape> {
  try {
    return shape.parse(JSON.parse(line));
  } catch (cause) {
    throw invalid(`${what} is not what it should be`, cause);
  }
}

/** Unpacked, each whole. */
async function* linesOf(source: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<string> {
  const gunzip = createGunzip();
  // What breaks off or cannot be read ends the reading with its error.
  connected(Readable.from(source), gunzip, () => {});
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      for (let start = 0; start < chunk.length; ) {
        const at = chunk.indexOf(10, start);
        const piece = chunk.subarray(start, at === -1 ? chunk.length : at);
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > most) throw invalid(`one of its lines is longer than backupLineBytes (${most})`);
        start = at === -1 ? chunk.length : at + 1;
        if (at === -1) break;
        yield Buffer.concat(pieces).toString('utf8');
        pieces.length = 0;
        bytes = 0;
      }
    }
  } catch (error) {
    if (error instanceof PlimsollError || error instanceof pg.DatabaseError) throw error;
    throw invalid(`it cannot be unpacked: ${messageOf(error)}`, error);
  }
  if (bytes > 0) throw invalid('it breaks off');
}

function invalid(why: string, cause?: unknown): PlimsollError {
  return new PlimsollError('BACKUP_INVALID', `The backup cannot be restored, and nothing was changed: ${why}.`, {
    cause,
  });
}
