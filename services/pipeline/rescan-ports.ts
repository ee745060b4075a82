import type { Vulnerability } from '../domain/report/report.ts';
import type { Page, Part } from './page.ts';
import type { Decision, JudgedImage, JudgedWith } from './store-ports.ts';

/* What judging stored reports again needs of the store, and what it leaves there. */

/** The newest report of an image, as it is judged again from. */
export interface StoredReport extends Pick<JudgedImage, 'digest' | 'readBy' | 'document' | 'documentDigest'> {
  /** UUID of the row. */
  readonly id: string;
}

export interface RejudgedReport {
  readonly image: JudgedImage;
  /** Of which report. */
  readonly basis: Pick<StoredReport, 'id' | 'documentDigest'>;
  readonly databases: Databases;
  /** null: what it says of vulnerabilities and its decision are as they were. */
  readonly change: ReportChange | null;
}

/** Digests of the advisory databases that an image was judged with; null: there was none. */
export interface Databases {
  readonly before: string | null;
  readonly after: string | null;
}

export interface RescanStore {
  /** Newest reports, by digest of their images, that were judged otherwise; not those of a newer database. */
  outdated(by: JudgedWith, after: string | null, limit: number): Promise<readonly StoredReport[]>;
  /** Newest reports, by digest of their images, that name the vulnerability. */
  naming(vulnerability: string, after: string | null, limit: number): Promise<readonly StoredReport[]>;
  /**
   * Puts each in the place of its basis, with what changed: all of them or none. The digests of those that were put there: what is no
   * longer what it was stays, its image was scanned meanwhile. `overtaken`: the terms of this revision have changed, nothing was stored.
   */
  replace(rejudged: readonly RejudgedReport[], revision: string): Promise<readonly string[] | 'overtaken'>;
  /** This one could not be judged again: it stays, and is not outdated until something else changes. */
  leave(id: string, by: JudgedWith): Promise<void>;
}

/** One row of a report, as far as people ask what became of it. */
export type ChangedVulnerability = Pick<Vulnerability, 'id' | 'packageId' | 'severity' | 'status' | 'fixedVersion'> & {
  readonly kev: boolean;
  readonly suppressed: boolean;
};

/** How a report of an image differs from the one before. */
export interface ReportChange {
  readonly decision: { readonly before: Decision; readonly after: Decision };
  readonly appeared: readonly ChangedVulnerability[];
  readonly vanished: readonly ChangedVulnerability[];
  /** Another severity, status or fix, KEV, or suppressed; EPSS and what is said beside do not count. */
  readonly altered: readonly { readonly before: ChangedVulnerability; readonly after: ChangedVulnerability }[];
}

export interface StoredChange extends ReportChange {
  readonly digest: string;
  readonly reference: string;
  readonly at: string;
  readonly database: Databases;
}

export interface ChangeFilter {
  /** Of an image. */
  readonly digest?: string | undefined;
  /** Only those that came to this. */
  readonly decision?: Decision | undefined;
}

export interface ChangeReader {
  changes(filter: ChangeFilter, page: Page): Promise<Part<StoredChange>>;
}
