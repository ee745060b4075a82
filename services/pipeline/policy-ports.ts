import type { Policy } from '../domain/verdict/policy.ts';
import type { RuleChange } from '../domain/verdict/rule-changes.ts';
import type { Job } from './job-ports.ts';
import type { Page, Part } from './page.ts';

/* Policies that are kept in the store beside those of the settings. */

/** A bundle as it was built. */
export interface BundleFiles {
  readonly manifest: Uint8Array;
  readonly wasm: Uint8Array<ArrayBuffer>;
}

export interface StoredBundle extends Policy {
  readonly uploadedAt: string;
  /** Who, as the audit log names them. */
  readonly uploadedBy: string;
  /** Whether it judges. Of one name at most one does. */
  readonly active: boolean;
}

export interface NewPolicyChange {
  readonly action: 'activate' | 'deactivate' | 'roll-back';
  /** Of the bundles that take each other's place. */
  readonly name: string;
  /** Of the one that judges from then on; null: none of the name. */
  readonly digest: string | null;
  /** Of the one that judged before. */
  readonly previous: string | null;
  readonly rules: readonly RuleChange[];
  /** A rule that denied denies no more. */
  readonly weaker: boolean;
}

export interface PolicyChange extends NewPolicyChange {
  readonly at: string;
  readonly author: string;
}

export interface PolicyStore {
  /** Keeps it; one of the same digest is kept once. It does not judge yet. */
  addBundle(files: BundleFiles, policy: Policy, by: string): Promise<StoredBundle>;
  bundle(digest: string): Promise<StoredBundle | null>;
  bundles(page: Page): Promise<Part<StoredBundle>>;
  /** Raises where there is no such bundle. */
  files(digest: string): Promise<BundleFiles>;
  /** The change and the job that judges all reports again, in one transaction. Null: the terms are no longer of this revision. */
  changePolicies(
    change: NewPolicyChange,
    by: string,
    revision: string,
  ): Promise<{ readonly change: PolicyChange; readonly job: Job } | null>;
  /** The newest of one name, or of all. */
  policyChanges(name: string | null, page: Page): Promise<Part<PolicyChange>>;
}
