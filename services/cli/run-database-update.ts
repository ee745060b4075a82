import { resolve } from 'node:path';
import { PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { atMirrors, type FeedSource, selectSources } from '../domain/vulnerabilities/feed-sources.ts';
import { updateDatabase } from '../pipeline/update-database.ts';
import type { DatabaseSession, DatabaseStatus, ImportTerms } from './database-session.ts';
import { printable } from './printable.ts';
import { age, progress, summary, withStop } from './run-database.ts';
import type { Session } from './session.ts';
import { counted } from './wording.ts';

interface TermsOptions {
  readonly key?: readonly string[];
  readonly allowUnsigned?: boolean;
  readonly allowOlder?: boolean;
}

export interface ImportCommandOptions extends TermsOptions {
  readonly db?: string;
}

export interface UpdateCommandOptions extends TermsOptions {
  readonly feeds?: readonly string[];
  readonly mirror?: readonly string[];
  readonly pull?: string;
  readonly allowMissing?: boolean;
  readonly allowShrunk?: boolean;
  readonly list?: boolean;
  readonly offline?: boolean;
  readonly db?: string;
  readonly quiet?: boolean;
}

/** `plimsoll db update`. What fails on the network is an error only where no usable database is installed. */
export async function runDatabaseUpdate(session: Session, options: UpdateCommandOptions): Promise<void> {
  const sources = chosenSources(options);
  if (options.list) {
    const width = Math.max(...sources.map(({ id }) => id.length));
    const lines = sources.map(({ id, urls }) => `${id.padEnd(width)}  ${urls.join(' ')}`);
    session.stdout.write(`${lines.join('\n')}\n`);
    return;
  }
  if (options.offline) {
    throw new PlimsollError(
      'USAGE',
      'db update needs the network, and --offline forbids it; see db import and db build',
    );
  }
  const databases = await session.databases();
  try {
    await withStop(session, (signal) => {
      return options.pull === undefined
        ? refresh(session, databases, sources, options, signal)
        : pull(session, databases, options.pull, options, signal);
    });
  } catch (error) {
    if (!(error instanceof PlimsollError) || !isOfTheNetwork(error)) throw error;
    const installed = await databases.status(options.db ?? null).catch(() => null);
    if (installed === null) throw error;
    const { builtAt } = installed;
    session.stderr.write(
      `warning: ${printable(error.message)}\nwarning: no newer database; the installed one is used: built ${builtAt}, ${age(builtAt, Date.now())}\n`,
    );
  }
}

/** What a server did, or an attacker between: no reason to be without a database. */
function isOfTheNetwork({ code }: PlimsollError): boolean {
  return [
    'DOWNLOAD_FAILED',
    'FEED_UNREADABLE',
    'FEED_SHRUNK',
    'DIGEST_MISMATCH',
    'LIMIT_EXCEEDED',
    'DATABASE_UNUSABLE',
  ].includes(code);
}

async function refresh(
  session: Session,
  databases: DatabaseSession,
  sources: readonly FeedSource[],
  options: UpdateCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const root = options.db ?? null;
  const { allowShrunk = false, allowMissing = false } = options;
  if (!options.quiet) session.stderr.write(`fetching ${counted(sources.length, 'feed')}\n`);
  const built = await updateDatabase(
    {
      root,
      sources,
      allowMissing,
      allowShrunk,
      limits: LIMITS,
      signal,
      onWarning: (warning) => session.stderr.write(`warning: ${printable(warning)}\n`),
      onProgress: progress(session, options.quiet === true),
    },
    databases,
  );
  session.stdout.write(`${summary(built).join('\n')}\n`);
}

async function pull(
  session: Session,
  databases: DatabaseSession,
  url: string,
  options: UpdateCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  if (!/^(?:https?|oci):\/\//.test(url)) {
    throw new PlimsollError('USAGE', `--pull "${url}": write https://…, or oci://HOST/REPOSITORY:TAG`);
  }
  tell(session, 'installed', await databases.pull(options.db ?? null, url, terms(options), signal));
}

/** `plimsoll db export` */
export async function runDatabaseExport(
  session: Session,
  file: string,
  options: { sign?: string; db?: string },
): Promise<void> {
  const exported = await (await session.databases()).exportFile(
    options.db ?? null,
    resolve(file),
    options.sign ?? null,
  );
  tell(session, 'exported', exported);
}

/** `plimsoll db import` */
export async function runDatabaseImport(session: Session, file: string, options: ImportCommandOptions): Promise<void> {
  tell(
    session,
    'installed',
    await (await session.databases()).importFile(options.db ?? null, resolve(file), terms(options)),
  );
}

function tell(session: Session, what: string, { digest, builtAt }: DatabaseStatus): void {
  session.stdout.write(`${what} ${digest}, built ${builtAt}, ${age(builtAt, Date.now())}\n`);
}

function terms({ key = [], allowUnsigned = false, allowOlder = false }: TermsOptions): ImportTerms {
  return { keyFiles: key, allowUnsigned, allowOlder };
}

function chosenSources({ feeds = [], mirror = [], pull: pulled }: UpdateCommandOptions): readonly FeedSource[] {
  const words = feeds.flatMap((list) => list.split(',')).map((word) => word.trim());
  const { sources, unknown } = selectSources(words.filter((word) => word !== ''));
  if (unknown.length > 0) {
    throw new PlimsollError(
      'USAGE',
      `--feeds: there is no ${unknown.join(', ')}; list them with: plimsoll db update --list`,
    );
  }
  for (const url of mirror) {
    if (!/^https?:\/\/\S+$/.test(url)) throw new PlimsollError('USAGE', `--mirror "${url}" is no http(s) address`);
  }
  if (pulled !== undefined && (feeds.length > 0 || mirror.length > 0)) {
    throw new PlimsollError('USAGE', '--pull takes a built database; --feeds and --mirror are for building one');
  }
  return sources.map((source) => atMirrors(source, mirror));
}
