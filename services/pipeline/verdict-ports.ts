import type { Policy, PolicyOutcome } from '../domain/verdict/policy.ts';
import type { PolicyInput } from '../domain/verdict/policy-input.ts';

/** Policies, and whose signatures are believed. */

/** Asks every loaded policy. Never raises for what a policy does: that is its outcome. */
export interface PolicyEvaluator {
  readonly policies: readonly Policy[];
  /** One outcome per policy, in their order. */
  evaluate(input: PolicyInput): Promise<readonly PolicyOutcome[]>;
}

/** Whose signatures are believed. */
export interface SignerTrust {
  /** Files of public keys in PEM. */
  readonly keys: readonly string[];
  /** Names in certificates, to the letter, with who vouched for them. */
  readonly identities: readonly { readonly subject: string; readonly issuer: string }[];
  /** File of the services that certificates must come from, as Sigstore's trusted_root.json; null: no certificate is believed. */
  readonly trustedRoot: string | null;
}

export interface BundleReading {
  /** What a DSSE envelope holds, whoever signed it; null for a signature of a file, and where it cannot be read. */
  readonly payload: { readonly type: string; readonly text: string } | null;
  /** Whom we believe it is signed by; null where nobody whom we believe did. */
  readonly signer: string | null;
  /** Why there is no signer. */
  readonly refusal: string | null;
}

/** Reads Sigstore bundles (JSON). Never raises for what a bundle is. */
export interface BundleVerifier {
  /** `file`: the text that a signature of a file must be over. */
  read(bundle: string, file: string | null): BundleReading;
}
