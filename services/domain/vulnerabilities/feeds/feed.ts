import type { Limits } from '../../limits.ts';
import type { Advisory, EndOfLife, Enrichment } from '../advisory.ts';
import type { Refusal } from './refusals.ts';

/** What a reader is told beside the bytes. */
export interface FeedContext {
  /** Path of the file below what was given to the build (`main.json`, `v3.18/main.json`), or its name in an archive. */
  readonly name: string;
  readonly limits: Limits;
}

/** Everything that one file of a feed says. */
export interface FeedReading {
  readonly advisories: readonly Advisory[];
  /** By CVE id. */
  readonly enrichment?: readonly (readonly [cveId: string, Enrichment])[];
  readonly endOfLife?: readonly EndOfLife[];
  /** Namespaces that the file speaks for, also where it has no advisory of them: a feed without records is still a feed. */
  readonly covers?: readonly string[];
  /** How new what it covers is (RFC 3339), where no advisories tell it: of catalogues by CVE, `KEV` and `EPSS`. */
  readonly newest?: string | null;
  readonly refusals: readonly Refusal[];
}

/** One kind of advisory feed. Pure: bytes in, advisories out; never throws, whatever the bytes. */
export interface Feed {
  /** `osv`, `debian-tracker`, `alpine-secdb` …: also what `--from KIND=PATH` takes. */
  readonly id: string;
  /** Whether a file is of this kind, by the first 64 KiB of its text; its name only where the content does not tell. */
  recognises(name: string, head: string): boolean;
  /** One whole file, unpacked. */
  read(bytes: Uint8Array, context: FeedContext): FeedReading;
}
