import { PGlite } from '@electric-sql/pglite';
import type { PostgresPool, PostgresPoolClient } from 'kysely';

/**
 * PostgreSQL in this process, as a pool of one connection: whoever has it keeps the others waiting, as their transactions
 * would otherwise be one. For tests only: nothing of it outlives the process.
 */
export class PglitePool implements PostgresPool {
  readonly #lite = new PGlite();
  #free: Promise<void> = Promise.resolve();

  async connect(): Promise<PostgresPoolClient> {
    const before = this.#free;
    let release = (): void => {};
    this.#free = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    const query = async (text: string, values: readonly unknown[]) => {
      const { rows, affectedRows, fields } = await this.#lite.query(text, [...values]);
      const command = /^\s*(insert|update|delete|merge)/i.exec(text)?.[1]?.toUpperCase() ?? 'SELECT';
      return { command, rowCount: command === 'SELECT' ? rows.length : (affectedRows ?? 0), rows, fields };
    };
    return { query: query as unknown as PostgresPoolClient['query'], release };
  }

  async end(): Promise<void> {
    await this.#lite.close();
  }
}
