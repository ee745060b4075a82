import { createHash, hash } from 'node:crypto';
import { chmod, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import { VERSION } from '../../domain/version.ts';
import type { Advisory, EndOfLife, Enrichment, FeedInfo } from '../../domain/vulnerabilities/advisory.ts';
import { mergeEnrichment } from '../../domain/vulnerabilities/enrichment.ts';
import { speaksFor } from '../../domain/vulnerabilities/osv-export.ts';
import { shrunkFeeds } from '../../domain/vulnerabilities/shrunk-feeds.ts';
import type { BuiltDatabase, DatabaseWriter, FinishFacts } from '../../pipeline/advisory-ports.ts';
import { DATA, fileHash, findBuild, install, MANIFEST, newBuild, syncPath } from './directory.ts';
import { ENRICHMENT, enrichmentKey, PACKAGE, packageKey, RECORD, recordKey, recordReference } from './keys.ts';
import { ContentHash, type PackedPackage } from './lmdb-advisories.ts';
import { type ByteStore, openForWriting, pairs } from './lmdb-file.ts';
import { type Manifest, SCHEMA_VERSION } from './manifest.ts';
import {
  architecturesOf,
  fromValue,
  type PackedAffected,
  packAffected,
  packEnrichment,
  packRecord,
  toValue,
  unpackEnrichment,
} from './packing.ts';

/** Pairs that wait in memory for their transaction. */
const BATCH = 20_000;
const BATCH_BYTES = 32 * 2 ** 20;
const FEED = 'f';
/** Feeds that one message names; the rest are counted. */
const SHRUNK_SHOWN = 5;

/** One affected entry of one advisory, until all feeds are read. */
type Row = readonly [
  keyBytes: number,
  name: string,
  modified: string | null,
  reference: string,
  index: number,
  entry: PackedAffected,
  isWithdrawn: 0 | 1,
];

/**
 * Builds a database in two passes, so that memory does not grow with the feeds: whatever order advisories come in, LMDB
 * sorts their entries by package in a temporary file; then each package is written once, in order.
 * The same advisories give the same content, in whatever order and how often they come.
 */
export class LmdbDatabaseWriter implements DatabaseWriter {
  readonly #root: string;
  readonly #directory: string;
  readonly #sorting: ByteStore;
  readonly #waiting: [key: Buffer, value: Buffer][] = [];
  #waitingBytes = 0;
  readonly #enrichments = new Map<string, Enrichment>();
  /** By namespace and source: when it was fetched. */
  readonly #feeds = new Map<string, string | null>();
  /** How new feeds are that have no advisories. */
  readonly #covered = new Map<string, string>();
  readonly #endOfLife = new Map<string, EndOfLife>();
  #writtenBytes = 0;

  private constructor(root: string, directory: string) {
    this.#root = root;
    this.#directory = directory;
    this.#sorting = openForWriting(join(directory, 'sorting.mdb'));
  }

  static async create(root: string): Promise<LmdbDatabaseWriter> {
    return new LmdbDatabaseWriter(root, await newBuild(root));
  }

  add(advisory: Advisory, fetched: string | null, exported: string | null): void {
    const record = toValue(packRecord(advisory));
    const reference = recordReference(record);
    this.#put(recordKey(reference), record);
    const name = `${advisory.id}\0${advisory.source}`;
    const nameHash = createHash('sha256').update(name).digest().subarray(0, 12);
    for (const [index, entry] of advisory.affected.entries()) {
      const key = packageKey(entry.ecosystem, entry.name);
      const isWithdrawn = advisory.withdrawn === null ? 0 : 1;
      const row: Row = [key.length, name, advisory.modified, reference, index, packAffected(entry), isWithdrawn];
      const value = toValue(row);
      const valueHash = Buffer.from(hash('sha256', value, 'hex').slice(0, 24));
      this.#put(Buffer.concat([key, Uint8Array.of(0), nameHash, valueHash]), value);
    }
    for (const ecosystem of new Set(advisory.affected.map((entry) => entry.ecosystem))) {
      if (exported === null || speaksFor(exported, ecosystem)) this.cover(ecosystem, advisory.source, fetched);
      const newest = advisory.modified ?? advisory.published ?? '';
      const feed = createHash('sha256').update(feedKey(ecosystem, advisory.source)).digest();
      this.#put(Buffer.concat([Buffer.from(FEED), feed, nameHash]), Buffer.from(newest));
    }
  }

  enrich(cveId: string, enrichment: Enrichment): void {
    if (enrichmentKey(cveId) === null) return;
    this.#enrichments.set(cveId, mergeEnrichment(this.#enrichments.get(cveId) ?? null, enrichment));
    if (this.#enrichments.size >= BATCH) this.#flushEnrichments();
  }

  #flushEnrichments(): void {
    for (const [cveId, enrichment] of this.#enrichments) {
      const key = enrichmentKey(cveId)!;
      const known = this.#sorting.get(key);
      const merged = mergeEnrichment(known === undefined ? null : unpackEnrichment(fromValue(known)), enrichment);
      this.#put(key, toValue(packEnrichment(merged)));
    }
    this.#enrichments.clear();
    this.#flush();
  }

  /** A feed speaks for this namespace, with or without an advisory in it. The oldest file counts. */
  cover(ecosystem: string, source: string, fetched: string | null, newest: string | null = null): void {
    const key = feedKey(ecosystem, source);
    if (newest !== null && newest > (this.#covered.get(key) ?? '')) this.#covered.set(key, newest);
    const known = this.#feeds.get(key);
    this.#feeds.set(
      key,
      known === undefined || fetched === null || (known !== null && fetched < known) ? fetched : known,
    );
  }

  addEndOfLife(endOfLife: EndOfLife): void {
    const known = this.#endOfLife.get(endOfLife.ecosystem);
    if (known === undefined || (endOfLife.eol ?? '') > (known.eol ?? ''))
      this.#endOfLife.set(endOfLife.ecosystem, endOfLife);
  }

  async finish({ allowShrunk, ...facts }: FinishFacts): Promise<BuiltDatabase> {
    this.#flushEnrichments();
    const feeds = this.#feedInfos();
    if (!allowShrunk) await refuseShrunk(this.#root, feeds);
    const endOfLife = [...this.#endOfLife.values()].sort((a, b) => (a.ecosystem < b.ecosystem ? -1 : 1));
    const claims = { schemaVersion: SCHEMA_VERSION, starter: facts.starter, feeds, endOfLife } as const;
    const { digest, counts } = await this.#writeSorted(claims);
    await this.#sorting.close();
    for (const name of ['sorting.mdb', 'sorting.mdb-lock', `${DATA}-lock`]) {
      await rm(join(this.#directory, name), { force: true });
    }
    const path = join(this.#directory, DATA);
    // Whatever the umask: what others may write to is not opened.
    await chmod(path, 0o600);
    await syncPath(path);
    const data = { bytes: (await stat(path)).size, sha256: await fileHash(path) };
    const manifest: Manifest = {
      ...claims,
      ...facts,
      digest,
      builtBy: `plimsoll ${VERSION}`,
      data,
      counts,
      refusals: facts.refusals,
    };
    await writeFile(join(this.#directory, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`, {
      mode: 0o600,
      flush: true,
    });
    const directory = await install(this.#root, this.#directory, manifest);
    return {
      directory,
      bytes: data.bytes,
      counts,
      info: { digest, builtAt: facts.builtAt, ...claims },
      refusals: facts.refusals,
    };
  }

  /** Removes what was written so far; after `finish` there is nothing left to remove. */
  async discard(): Promise<void> {
    await this.#sorting.close().catch(() => {});
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #writeSorted(
    claims: Parameters<ContentHash['digest']>[0],
  ): Promise<{ digest: string; counts: Manifest['counts'] }> {
    const store = openForWriting(join(this.#directory, DATA));
    const content = new ContentHash();
    const used = new Set<string>();
    const counts = { records: 0, packages: 0, enriched: 0 };
    let batch: [Buffer, Buffer][] = [];
    let batchBytes = 0;
    const flush = (): void => {
      const writing = batch;
      batch = [];
      batchBytes = 0;
      store.transactionSync(() => {
        for (const [key, value] of writing) store.putSync(key, value, { append: true });
      });
    };
    const write = (key: Buffer, value: Buffer): void => {
      content.add(key, value);
      batch.push([key, value]);
      batchBytes += key.length + value.length;
      if (batch.length >= BATCH || batchBytes >= BATCH_BYTES) flush();
    };
    for (const { key, value } of pairs(this.#sorting, ENRICHMENT)) {
      write(key, value);
      counts.enriched++;
    }
    for (const [key, packed] of this.#packages()) {
      for (const [reference] of packed) used.add(reference);
      write(key, toValue(packed));
      counts.packages++;
    }
    for (const { key, value } of pairs(this.#sorting, RECORD)) {
      if (!used.has(key.toString('utf8', 1))) continue;
      write(key, value);
      counts.records++;
    }
    flush();
    await store.close();
    return { digest: content.digest(claims), counts };
  }

  /** Each package with its advisories, sorted by id and source. */
  *#packages(): Generator<[key: Buffer, packed: PackedPackage]> {
    let current: Buffer | null = null;
    let rows: Row[] = [];
    for (const { key, value } of pairs(this.#sorting, PACKAGE)) {
      const row = fromValue(value) as Row;
      const packageOf = key.subarray(0, row[0]);
      if (current !== null && !packageOf.equals(current)) {
        yield [current, grouped(rows)];
        rows = [];
      }
      current = packageOf;
      rows.push(row);
    }
    if (current !== null) yield [current, grouped(rows)];
  }

  #feedInfos(): FeedInfo[] {
    return [...this.#feeds]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, fetched]) => {
        const [ecosystem, source] = key.split('\0') as [string, string];
        const start = Buffer.concat([Buffer.from(FEED), createHash('sha256').update(key).digest()]);
        const end = Buffer.concat([start, Buffer.alloc(13, 0xff)]);
        let records = 0;
        let newest = this.#covered.get(key) ?? '';
        for (const { value } of this.#sorting.getRange({ start, end })) {
          records++;
          const date = value.toString();
          if (date > newest) newest = date;
        }
        return { ecosystem, source, records, newest: newest === '' ? null : newest, fetched };
      });
  }

  #put(key: Buffer, value: Buffer): void {
    this.#waiting.push([key, value]);
    this.#waitingBytes += key.length + value.length;
    if (this.#waiting.length >= BATCH || this.#waitingBytes >= BATCH_BYTES) this.#flush();
  }

  #flush(): void {
    const waiting = this.#waiting.splice(0);
    this.#writtenBytes += this.#waitingBytes;
    this.#waitingBytes = 0;
    if (this.#writtenBytes > LIMITS.databaseBytes) {
      throw new PlimsollError('LIMIT_EXCEEDED', 'The feeds are larger than a database may be (databaseBytes).', {
        details: { limit: 'databaseBytes' },
      });
    }
    this.#sorting.transactionSync(() => {
      for (const [key, value] of waiting) this.#sorting.putSync(key, value);
    });
  }
}

/** FEED_SHRUNK where the installed database has more than twice as much of a feed. */
async function refuseShrunk(root: string, feeds: readonly FeedInfo[]): Promise<void> {
  // One that cannot be used protects nothing, and a new one is the remedy.
  const installed = await findBuild(root).catch(() => null);
  if (installed === null || installed.manifest.starter) return;
  const shrunk = shrunkFeeds(installed.manifest.feeds, feeds);
  if (shrunk.length === 0) return;
  const named = shrunk.slice(0, SHRUNK_SHOWN).map(({ ecosystem, source, before, after }) => {
    return `${ecosystem} (${source}): ${after} records, and ${before} before`;
  });
  const more = shrunk.length > SHRUNK_SHOWN ? [`${shrunk.length - SHRUNK_SHOWN} more`] : [];
  throw new PlimsollError(
    'FEED_SHRUNK',
    `The new database is not installed, because feeds have lost most of what they said: ${[...named, ...more].join('; ')}. Where that is as it should be, take it with --allow-shrunk.`,
  );
}

function feedKey(ecosystem: string, source: string): string {
  return `${ecosystem}\0${source}`;
}

/**
 * Of several states of one record about one package the newest counts; without dates, or with the same one, all that
 * they say is kept. What errata say of two architectures are no states of each other: each repository has its own.
 */
function grouped(rows: readonly Row[]): PackedPackage {
  const newest = new Map<string, string>();
  for (const row of rows) {
    const [state, modified] = [stateOf(row), row[2] ?? ''];
    if (modified > (newest.get(state) ?? '')) newest.set(state, modified);
  }
  const standing = rows.filter((row) => (row[2] ?? '') === (newest.get(stateOf(row)) ?? ''));
  const order = ([, name, , reference, index]: Row): string =>
    `${name}\0${reference}\0${String(index).padStart(6, '0')}`;
  standing.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const packed: [string, 0 | 1, ...PackedAffected[]][] = [];
  for (const [, , , reference, , entry, isWithdrawn] of standing) {
    const last = packed.at(-1);
    if (last?.[0] === reference) last.push(entry);
    else packed.push([reference, isWithdrawn, entry]);
  }
  return packed;
}

function stateOf([, name, , , , entry]: Row): string {
  return `${name}\0${architecturesOf(entry).join(' ')}`;
}
