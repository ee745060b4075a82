import type { VulnerabilityException } from '../domain/vulnerabilities/exceptions.ts';
import type { BundleFiles } from './policy-ports.ts';

/** What reports are judged by beside settings and files, as the store has it. */
export interface JudgementTerms {
  /** Counts the changes: a report that was judged by an older one is not stored. */
  readonly revision: string;
  /** Those in force, by id. */
  readonly exceptions: readonly VulnerabilityException[];
  /** The bundles that judge, by name. */
  readonly bundles: readonly {
    readonly name: string;
    readonly digest: string;
    files(): Promise<BundleFiles>;
  }[];
}

export interface TermsReader {
  terms(): Promise<JudgementTerms>;
}
