import type { Policy } from '../domain/verdict/policy.ts';
import type { PolicySettings } from '../domain/verdict/settings.ts';
import type { BundleFiles } from './policy-ports.ts';
import type { Judgement } from './scan-and-store.ts';
import type { JudgementTerms } from './terms.ts';

/** Judges for as long as a server runs, by its settings and files and by what the store holds. */
export interface ServerJudge {
  readonly settings: PolicySettings;
  /** For what is judged now: the database that is installed now, the exceptions that hold today. */
  open(terms: JudgementTerms): Promise<Judgement>;
  /** Every policy that judges: the built-in one, those of the settings, those of the store. Raises POLICY_INVALID, SETTINGS_INVALID. */
  policies(bundles: JudgementTerms['bundles']): Promise<readonly Policy[]>;
  /** The same for bundles that do not judge yet: each is loaded and started once. */
  check(bundles: readonly BundleFiles[]): Promise<readonly Policy[]>;
}
