import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { messageOf } from '../../domain/errors.ts';
import type { Advisory, DatabaseInfo, Enrichment } from '../../domain/vulnerabilities/advisory.ts';
import type { AdvisoryDatabase } from '../../pipeline/advisory-ports.ts';
import { DATA, type FoundBuild, fileHash, findBuild, unusable } from './directory.ts';
import { ENRICHMENT, enrichmentKey, PACKAGE, packageKey, RECORD, recordKey } from './keys.ts';
import { type ByteStore, openForReading, pairs } from './lmdb-file.ts';
import type { Manifest } from './manifest.ts';
import {
  fromValue,
  type PackedAffected,
  type PackedRecord,
  unpackAffected,
  unpackEnrichment,
  unpackRecord,
} from './packing.ts';
import { type AdvisoryRecord, StoredAdvisory } from './stored-advisory.ts';

/** The advisories for one package: references to records, whether they are withdrawn, and their entries for the package. */
export type PackedPackage = readonly (readonly [reference: string, isWithdrawn: 0 | 1, ...entries: PackedAffected[]])[];

/** How many advisories stay unpacked, those of packages that were asked for; about 50 MB at most. */
const KEPT = 50_000;

/** A built database, opened read-only; any number of processes may have it open. */
export class LmdbAdvisories implements AdvisoryDatabase {
  readonly #store: ByteStore;
  readonly #manifest: Manifest;
  /** Packages of one source, and images of one base, ask for the same. */
  readonly #kept = new Map<string, readonly Advisory[]>();
  #keptAdvisories = 0;

  private constructor(store: ByteStore, manifest: Manifest) {
    this.#store = store;
    this.#manifest = manifest;
  }

  /** Null where the directory has no database; DATABASE_UNUSABLE where it has one that cannot be trusted or read. */
  static async open(directory: string): Promise<LmdbAdvisories | null> {
    const found = await findBuild(directory);
    return found === null ? null : LmdbAdvisories.openBuild(found);
  }

  static openBuild({ directory, manifest }: FoundBuild): LmdbAdvisories {
    try {
      return new LmdbAdvisories(openForReading(join(directory, DATA)), manifest);
    } catch (cause) {
      throw unusable('damaged', directory, `LMDB cannot open it (${messageOf(cause)})`);
    }
  }

  lookup(ecosystem: string, name: string): readonly Advisory[] {
    const key = `${ecosystem}\0${name}`;
    let found = this.#kept.get(key);
    if (found === undefined) {
      found = this.#unpacked(ecosystem, name);
      this.#keptAdvisories += 1 + found.length;
      if (this.#keptAdvisories > KEPT) {
        this.#kept.clear();
        this.#keptAdvisories = 1 + found.length;
      }
      this.#kept.set(key, found);
    }
    return found;
  }

  #unpacked(ecosystem: string, name: string): readonly Advisory[] {
    const value = this.#store.get(packageKey(ecosystem, name));
    if (value === undefined) return [];
    return (fromValue(value) as PackedPackage).map(([reference, isWithdrawn, ...entries]) => {
      const affected = entries.map((entry) => unpackAffected(entry, ecosystem, name));
      return new StoredAdvisory(affected, isWithdrawn === 1, () => this.#record(reference));
    });
  }

  enrichment(cveId: string): Enrichment | null {
    const key = enrichmentKey(cveId);
    const value = key === null ? undefined : this.#store.get(key);
    return value === undefined ? null : unpackEnrichment(fromValue(value));
  }

  describe(): DatabaseInfo {
    const { digest, builtAt, schemaVersion, feeds, endOfLife, starter } = this.#manifest;
    return { digest, builtAt, schemaVersion, feeds, endOfLife, starter };
  }

  /** Packages with their advisories as they are stored, in the order of their keys. */
  packages(): Iterable<{ key: Buffer; value: Buffer }> {
    return pairs(this.#store, PACKAGE);
  }

  /** What is said of CVEs beside advisories, as it is stored, in the order of their keys. */
  enrichments(): Iterable<{ key: Buffer; value: Buffer }> {
    return pairs(this.#store, ENRICHMENT);
  }

  /** `sha256:HEX` over everything in it, as the writer computes it. */
  contentDigest(): string {
    const content = new ContentHash();
    for (const prefix of [ENRICHMENT, PACKAGE, RECORD]) {
      for (const { key, value } of pairs(this.#store, prefix)) content.add(key, value);
    }
    return content.digest(this.#manifest);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  #record(reference: string): AdvisoryRecord {
    const value = this.#store.get(recordKey(reference));
    // Verified when installed: a reference that leads nowhere is a fault of ours or of the disk, never "no advisory".
    if (value === undefined) throw unusable('damaged', 'in use', `its record ${reference} is missing`);
    return unpackRecord(fromValue(value) as PackedRecord);
  }
}

/** Reads every byte of a build: its file against the manifest, its content against the digest. DATABASE_UNUSABLE. */
export async function verifyBuild(found: FoundBuild): Promise<void> {
  const { directory, manifest } = found;
  const sha256 = await fileHash(join(directory, DATA));
  if (sha256 !== manifest.data.sha256) {
    throw unusable(
      'damaged',
      directory,
      `${DATA} has SHA-256 ${sha256}, and its manifest says ${manifest.data.sha256}`,
    );
  }
  const database = LmdbAdvisories.openBuild(found);
  try {
    const digest = database.contentDigest();
    if (digest === manifest.digest) return;
    throw unusable('damaged', directory, `its content has digest ${digest}, and its manifest says ${manifest.digest}`);
  } finally {
    await database.close();
  }
}

/** Over all pairs, each with its lengths, and over what of the manifest changes verdicts. */
export class ContentHash {
  readonly #hash = createHash('sha256');

  add(key: Uint8Array, value: Uint8Array): void {
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(key.length, 0);
    lengths.writeUInt32LE(value.length, 4);
    this.#hash.update(lengths).update(key).update(value);
  }

  digest({
    schemaVersion,
    starter,
    feeds,
    endOfLife,
  }: Pick<Manifest, 'schemaVersion' | 'starter' | 'feeds' | 'endOfLife'>): string {
    const covered = feeds.map(({ ecosystem, source }) => [ecosystem, source]);
    this.#hash.update(JSON.stringify([schemaVersion, starter, covered, endOfLife]));
    return `sha256:${this.#hash.digest('hex')}`;
  }
}
