import { join } from 'node:path';
import pg from 'pg';

/** The name of the private database, and of the role that owns it, which is no superuser. */
export const NAME = 'plimsoll';
/** Of its socket's name: nothing listens on TCP. */
export const PORT = 5432;

/** How to connect to the private PostgreSQL that another process runs in this directory; null: none answers there. */
export async function privateConnection(directory: string): Promise<pg.ClientConfig | null> {
  const connection = { host: join(directory, 'socket'), port: PORT, user: NAME, database: NAME };
  const client = new pg.Client(connection);
  client.on('error', () => {});
  try {
    await client.connect();
    return connection;
  } catch {
    return null;
  } finally {
    await client.end().catch(() => {});
  }
}
