import { PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Refusal } from '../domain/vulnerabilities/feeds/refusals.ts';
import type { BuiltDatabase } from '../pipeline/advisory-ports.ts';
import { buildDatabase } from '../pipeline/build-database.ts';
import type { FeedPlace } from '../pipeline/update-database.ts';
import type { DatabaseStatus } from './database-session.ts';
import { printable } from './printable.ts';
import type { Session } from './session.ts';
import { layTable } from './table.ts';
import { byteCount, counted, wholeNumber } from './wording.ts';

export interface BuildCommandOptions {
  readonly from: readonly string[];
  readonly output?: string;
  readonly allowShrunk?: boolean;
  readonly quiet?: boolean;
}

/** `plimsoll db build` */
export async function runDatabaseBuild(session: Session, options: BuildCommandOptions): Promise<void> {
  const databases = await session.databases();
  const places = options.from.map((spec) => feedPlace(spec, databases.feedIds));
  const dependencies = databases.buildDependencies(options.output ?? null, places);
  const built = await withStop(session, (signal) => {
    const onProgress = progress(session, options.quiet === true);
    const allowShrunk = options.allowShrunk ?? false;
    return buildDatabase({ starter: false, allowShrunk, limits: LIMITS, signal, onProgress }, dependencies);
  });
  if (!options.quiet) session.stderr.write('\n');
  session.stdout.write(`${summary(built).join('\n')}\n`);
}

/** `plimsoll db status` */
export async function runDatabaseStatus(session: Session, options: { db?: string; json?: boolean }): Promise<void> {
  const status = await (await session.databases()).status(options.db ?? null);
  if (status === null) throw notFound(options.db);
  if (options.json) {
    session.stdout.write(`${JSON.stringify(status, null, 2)}\n`);
    return;
  }
  const now = Date.now();
  const lines = [...facts(status, now), '', ...feedTable(status, now), ...leftOut(status.refusals)];
  session.stdout.write(`${lines.join('\n')}\n`);
}

/** `plimsoll db verify` */
export async function runDatabaseVerify(session: Session, options: { db?: string }): Promise<void> {
  const status = await (await session.databases()).verify(options.db ?? null);
  if (status === null) throw notFound(options.db);
  session.stdout.write(`${printable(status.directory)} is what it says: ${status.digest}\n`);
}

/** `KIND=PATH` where KIND is a feed, else a path. */
function feedPlace(spec: string, feedIds: readonly string[]): FeedPlace {
  const equals = spec.indexOf('=');
  const kind = spec.slice(0, Math.max(0, equals));
  const isKind = feedIds.includes(kind);
  if (!isKind && /^[a-z][a-z0-9-]*$/.test(kind)) {
    throw new PlimsollError('USAGE', `--from ${spec}: "${kind}" is no kind of feed; there are ${feedIds.join(', ')}`);
  }
  return { path: isKind ? spec.slice(equals + 1) : spec, kind: isKind ? kind : null, fetched: null };
}

function notFound(directory: string | undefined): PlimsollError {
  const where = directory === undefined ? 'No advisory database is installed' : `${directory} has no advisory database`;
  return new PlimsollError('DATABASE_NOT_FOUND', `${where}. To get one, run: plimsoll db update`);
}

export function summary({ directory, bytes, counts, info, refusals }: BuiltDatabase): string[] {
  const sum = `${wholeNumber(counts.records)} advisories for ${counted(counts.packages, 'package')} in ${counted(info.feeds.length, 'feed')}`;
  return [
    sum,
    `digest     ${info.digest}`,
    `directory  ${printable(directory)}`,
    `size       ${byteCount(bytes)}`,
    ...leftOut(refusals),
  ];
}

function facts(status: DatabaseStatus, now: number): string[] {
  const { directory, digest, builtAt, builtBy, bytes, counts } = status;
  return [
    `directory  ${printable(directory)}`,
    `digest     ${digest}`,
    `built      ${builtAt}, ${age(builtAt, now)}, by ${printable(builtBy)}`,
    `size       ${byteCount(bytes)}`,
    `content    ${wholeNumber(counts.records)} advisories for ${counted(counts.packages, 'package')}; ${counted(counts.enriched, 'CVE')} with KEV, EPSS or NVD`,
  ];
}

function feedTable({ feeds }: DatabaseStatus, now: number): string[] {
  const columns = [
    { header: 'FEED', overflow: 'cut' },
    { header: 'SOURCE', overflow: 'cut' },
    { header: 'RECORDS', align: 'right', overflow: 'cut' },
    { header: 'NEWEST', overflow: 'cut' },
    { header: 'FETCHED', overflow: 'cut' },
  ] as const;
  const rows = feeds.map(({ ecosystem, source, records, newest, fetched }) => {
    const asked = fetched === null ? '-' : `${fetched.slice(0, 10)}, ${age(fetched, now)}`;
    return [ecosystem, source, wholeNumber(records), newest ?? '-', asked].map((text) => ({ text }));
  });
  return layTable(columns, rows, 120, (text) => text);
}

function leftOut(refusals: readonly Refusal[]): string[] {
  if (refusals.length === 0) return [];
  const lines = refusals.map(({ kind, reason, count, examples }) => {
    const which =
      examples.length === 0 ? '' : ` (${examples.map(printable).join(', ')}${count > examples.length ? ', …' : ''})`;
    return `  ${kind.padEnd(12)} ${wholeNumber(count).padStart(9)}  ${reason}${which}`;
  });
  return ['', 'not in the database:', ...lines];
}

/** `3 days old`; of the future, where a clock is wrong. */
export function age(moment: string, now: number): string {
  const hours = Math.floor((now - Date.parse(moment)) / 3_600_000);
  if (hours < 0) return 'in the future: a clock is wrong';
  return hours < 48 ? `${counted(hours, 'hour')} old` : `${counted(Math.floor(hours / 24), 'day')} old`;
}

export function progress(session: Session, quiet: boolean): (files: number, advisories: number) => void {
  if (quiet || !session.stderr.isTTY) return () => {};
  return (files, advisories) => {
    session.stderr.write(`\r${counted(files, 'file')}, ${wholeNumber(advisories)} advisories`);
  };
}

/** Runs until done or stopped by a signal. */
export async function withStop<Result>(
  session: Session,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const removeHandlers = session.onStop((signal) => {
    stop.abort(new PlimsollError('CANCELLED', `stopped by ${signal}`));
  });
  try {
    return await run(stop.signal);
  } finally {
    removeHandlers();
  }
}
