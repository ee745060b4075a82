import { PlimsollError } from '../domain/errors.ts';
import type { Limits } from '../domain/limits.ts';
import type { Feed } from '../domain/vulnerabilities/feeds/feed.ts';
import { RefusalCounter } from '../domain/vulnerabilities/feeds/refusals.ts';
import { exportedEcosystem } from '../domain/vulnerabilities/osv-export.ts';
import type { BuiltDatabase, DatabaseWriter, FeedFile, FeedFiles } from './advisory-ports.ts';

export interface BuildRequest {
  readonly starter: boolean;
  /** Takes feeds that have lost most of their records since the installed database. */
  readonly allowShrunk: boolean;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** Told now and then how many files and advisories were read. */
  readonly onProgress: (files: number, advisories: number) => void;
}

export interface BuildDependencies {
  readonly files: FeedFiles;
  readonly feeds: readonly Feed[];
  openWriter(): Promise<DatabaseWriter>;
  /** RFC 3339. */
  now(): string;
  /** Lets other work of the process go on. */
  breathe(): Promise<void>;
}

const HEAD_BYTES = 64 * 2 ** 10;
const STEP = 1_000;

/**
 * Reads every file of every feed into a new database, and makes it the installed one. What cannot be read of one file is
 * counted and told; where nothing at all could be read there is no new database: FEED_UNREADABLE.
 */
export async function buildDatabase(request: BuildRequest, dependencies: BuildDependencies): Promise<BuiltDatabase> {
  const { limits, signal } = request;
  const refusals = new RefusalCounter();
  const writer = await dependencies.openWriter();
  let finished = false;
  try {
    let files = 0;
    let advisories = 0;
    let understood = 0;
    for await (const file of dependencies.files.files(signal)) {
      const read = readFeedFile(file, dependencies.feeds, limits, refusals, writer);
      if (read !== null) understood++;
      advisories += read ?? 0;
      if (++files % STEP !== 0) continue;
      request.onProgress(files, advisories);
      await dependencies.breathe();
      signal.throwIfAborted();
    }
    if (understood === 0) throw nothingRead(files, refusals);
    request.onProgress(files, advisories);
    const { starter, allowShrunk } = request;
    const facts = { builtAt: dependencies.now(), starter, allowShrunk, refusals: refusals.list() };
    const built = await writer.finish(facts);
    finished = true;
    return built;
  } finally {
    if (!finished) await writer.discard();
  }
}

/** How many advisories the file had; null where it is no feed, or nothing of it could be read. */
function readFeedFile(
  file: FeedFile,
  feeds: readonly Feed[],
  limits: Limits,
  refusals: RefusalCounter,
  writer: DatabaseWriter,
): number | null {
  if ('refused' in file) {
    refusals.malformed(file.refused, file.name);
    return null;
  }
  const { name, bytes, kind, fetched } = file;
  const head = new TextDecoder().decode(bytes.subarray(0, HEAD_BYTES));
  const feed = feeds.find((each) => (kind === null ? each.recognises(name, head) : each.id === kind));
  if (feed === undefined) {
    refusals.outOfScope('a file of no known kind', name);
    return null;
  }
  const reading = feed.read(bytes, { name, limits });
  refusals.merge(reading.refusals);
  for (const ecosystem of reading.covers ?? []) writer.cover(ecosystem, feed.id, fetched, reading.newest ?? null);
  const exported = feed.id === 'osv' ? (file.exported ?? exportedEcosystem(name)) : null;
  for (const advisory of reading.advisories) writer.add(advisory, fetched, exported);
  for (const [cveId, enrichment] of reading.enrichment ?? []) writer.enrich(cveId, enrichment);
  for (const endOfLife of reading.endOfLife ?? []) writer.addEndOfLife(endOfLife);
  const said = [reading.advisories, reading.covers, reading.enrichment, reading.endOfLife];
  const nothing = said.every((list) => (list?.length ?? 0) === 0);
  return nothing && reading.refusals.some(({ kind: why }) => why === 'malformed') ? null : reading.advisories.length;
}

function nothingRead(files: number, refusals: RefusalCounter): PlimsollError {
  const reasons = refusals.list().map(({ reason, count }) => `${count} × ${reason}`);
  const why = reasons.length === 0 ? '' : ` (${reasons.slice(0, 3).join('; ')})`;
  return new PlimsollError(
    'FEED_UNREADABLE',
    `Nothing could be read of ${files === 1 ? '1 file' : `${files} files`}${why}. Name feeds that docs/database.md lists, or the kind: --from KIND=PATH.`,
  );
}
