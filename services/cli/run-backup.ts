import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { type ServeCommandOptions, serverSettings } from './server-settings-file.ts';
import type { Session } from './session.ts';
import type { StoreSession } from './store-session.ts';
import { counted } from './wording.ts';

interface StoreCommandOptions extends Pick<ServeCommandOptions, 'config' | 'data'> {
  readonly quiet?: boolean;
}

export interface BackupCommandOptions extends StoreCommandOptions {
  readonly tokens?: boolean;
}

export interface RestoreCommandOptions extends StoreCommandOptions {
  readonly replace?: boolean;
}

/** `plimsoll backup`: the whole file, or none. */
export async function runBackup(session: Session, file: string, options: BackupCommandOptions): Promise<void> {
  const say = sayer(session, options);
  const onTable = (table: string, rows: number): void => say(`  ${table}  ${counted(rows, 'row')}`);
  await withStore(session, options, async (store) => {
    const content = { tokens: options.tokens !== false, onTable };
    const { digest } = file === '-' ? await store.backup(session.stdout, content) : await toFile(file, store, content);
    say(`${file === '-' ? 'standard output' : file} has the store as it was (${digest})`);
  });
}

/** `plimsoll restore`. */
export async function runRestore(session: Session, file: string, options: RestoreCommandOptions): Promise<void> {
  const say = sayer(session, options);
  const onTable = (table: string, rows: number): void => say(`  ${table}  ${counted(rows, 'row')}`);
  await withStore(session, options, async (store) => {
    const source = file === '-' ? process.stdin : fileSource(file);
    const { plimsoll, createdAt } = await store.restore(source, { replace: options.replace === true, onTable });
    say(`restored the backup of ${createdAt} (Plimsoll ${plimsoll}); servers that run are to be started again`);
  });
}

async function withStore(
  session: Session,
  options: StoreCommandOptions,
  work: (store: StoreSession) => Promise<void>,
): Promise<void> {
  const settings = await serverSettings(session, options);
  const store = await session.store(settings, (message) => session.stderr.write(`plimsoll: ${message}\n`));
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

/** Beside the place where it belongs, and moved there when all of it is on the disk. Nobody else may read it. */
async function toFile(
  file: string,
  store: StoreSession,
  content: Parameters<StoreSession['backup']>[1],
): Promise<{ readonly digest: string }> {
  const temporary = join(dirname(file), `.${basename(file).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const output = createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true });
    const end = await store.backup(output, content);
    output.end();
    await finished(output);
    renameSync(temporary, file);
    return end;
  } catch (cause) {
    rmSync(temporary, { force: true });
    if (cause instanceof PlimsollError) throw cause;
    throw new PlimsollError('OUTPUT_FAILED', `The backup cannot be written: ${messageOf(cause)}`, { cause });
  }
}

async function* fileSource(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file);
  } catch (cause) {
    throw new PlimsollError('TARGET_UNREADABLE', `The backup cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function sayer(session: Session, { quiet }: StoreCommandOptions): (line: string) => void {
  return (line) => {
    if (quiet !== true) session.stderr.write(`${line}\n`);
  };
}
