import type { Advisory, AffectedPackage } from '../../domain/vulnerabilities/advisory.ts';

/** All of an advisory that is the same for each of its packages. */
export type AdvisoryRecord = Omit<Advisory, 'affected'>;

/**
 * An advisory whose record is read when somebody asks for more than versions: most of those under a package's name are
 * for other versions, and reading records is the greater part of a look-up. Its properties are accessors: spreading it
 * copies none of them.
 */
export class StoredAdvisory implements Advisory {
  readonly affected: readonly AffectedPackage[];
  readonly #isWithdrawn: boolean;
  readonly #read: () => AdvisoryRecord;
  #known: AdvisoryRecord | null = null;

  constructor(affected: readonly AffectedPackage[], isWithdrawn: boolean, read: () => AdvisoryRecord) {
    this.affected = affected;
    this.#isWithdrawn = isWithdrawn;
    this.#read = read;
  }

  get id() {
    return this.#record.id;
  }

  get source() {
    return this.#record.source;
  }

  get aliases() {
    return this.#record.aliases;
  }

  get url() {
    return this.#record.url;
  }

  get summary() {
    return this.#record.summary;
  }

  get published() {
    return this.#record.published;
  }

  get modified() {
    return this.#record.modified;
  }

  /** Asked for of every advisory, so known without its record. */
  get withdrawn() {
    return this.#isWithdrawn ? this.#record.withdrawn : null;
  }

  get severities() {
    return this.#record.severities;
  }

  get #record(): AdvisoryRecord {
    this.#known ??= this.#read();
    return this.#known;
  }
}
