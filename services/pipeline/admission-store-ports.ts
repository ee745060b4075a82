import type { ImageVerdict } from '../domain/verdict/judged-image.ts';
import type { Page, Part } from './page.ts';

/* What admission needs of the store. Nothing of it may be waited for without a deadline: the store may be down, and the gate goes on. */

export interface StoredVerdicts {
  /** Of the newest report of the digest; of an index, of all its images as one. Null: it was not scanned, or not judged. */
  verdictOf(digest: string): Promise<ImageVerdict | null>;
}

export interface VerdictChanges {
  /**
   * Tells of each digest whose verdict has changed, and of `null` where some may have without being told, as after each break. Resolves
   * once aborted; connects again by itself.
   */
  watchVerdicts(onChange: (digest: string | null) => void, signal: AbortSignal): Promise<void>;
}

/** One digest that was admitted to a namespace. */
export interface AdmittedDigest {
  readonly namespace: string;
  readonly digest: string;
}

export interface AdmittedDigests {
  /** When its verdict became `fail` after it had been admitted with another; null: it was not admitted there, or its verdict is none. */
  failingSince(admitted: AdmittedDigest): Promise<string | null>;
  /** Those whose verdict is no `fail` now; again is as well as once. */
  remember(admitted: readonly AdmittedDigest[]): Promise<void>;
}

/** Where tags of registered registries point, as deliveries, sweeps and scans told last. */
export interface TagDigests {
  /** Null: nobody told, or it was deleted. `registry`: its id; null: of no registration. */
  tagDigest(tag: {
    readonly registry: string | null;
    readonly reference: string;
    readonly repository: string;
    readonly tag: string;
  }): Promise<string | null>;
}

export const ADMISSION_ANSWERS = ['allowed', 'warned', 'denied', 'failed'] as const;
/** `failed`: the failure answer of its path. */
export type AdmissionAnswer = (typeof ADMISSION_ANSWERS)[number];

/** What one review came to. Of the object only what rules read: no values of variables, no annotations. */
export interface AdmissionRecord {
  /** RFC 3339 */
  readonly at: string;
  /** Of the review. */
  readonly uid: string;
  readonly path: string;
  readonly caller: 'api-server' | 'unauthenticated caller';
  readonly operation: string;
  /** `Deployment.apps`, `Pod/exec` */
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly user: string;
  readonly answer: AdmissionAnswer;
  /** Why it is answered so where no rule is why: a leniency, an exemption, a failure. */
  readonly why: string | null;
  readonly violations: readonly {
    readonly rule: string;
    readonly level: string;
    readonly mode: string;
    readonly effect: string;
    readonly message: string;
  }[];
  readonly images: readonly {
    readonly text: string;
    readonly digest: string | null;
    readonly decision: string | null;
  }[];
  /** Of exec, attach and portforward. */
  readonly session: AdmissionSession | null;
  /** Where it was admitted by break-glass. */
  readonly breakGlass: { readonly user: string; readonly reason: string; readonly expiresAt: string } | null;
  readonly ms: number;
}

export interface AdmissionSession {
  readonly verb: string;
  readonly container: string | null;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly ports: readonly number[];
}

export interface StoredAdmission extends AdmissionRecord {
  readonly id: string;
}

export interface AdmissionFilter {
  readonly namespace?: string | undefined;
  readonly answer?: AdmissionAnswer | undefined;
  readonly rule?: string | undefined;
  readonly user?: string | undefined;
  readonly sessions?: boolean | undefined;
  readonly breakGlass?: boolean | undefined;
}

export interface AdmissionRecorder {
  append(records: readonly AdmissionRecord[]): Promise<void>;
}

export interface AdmissionReader {
  admissions(filter: AdmissionFilter, page: Page): Promise<Part<StoredAdmission>>;
}

/** What somebody who may has let pass, though rules deny it. */
export interface BreakGlassGrant {
  /** Of the object that it was asked for, or of one that came of it. */
  readonly ownerUid: string;
  /** Of what would run: it holds for nothing else. */
  readonly templateDigest: string;
  readonly namespace: string;
  readonly user: string;
  readonly reason: string;
  readonly expiresAt: string;
}

export interface BreakGlassGrants {
  grant(grant: BreakGlassGrant): Promise<void>;
  /** One that holds now. */
  granted(ownerUid: string, templateDigest: string): Promise<BreakGlassGrant | null>;
}

/** One change of the policies that judge. */
export interface PolicyLoad {
  readonly at: string;
  readonly source: string;
  readonly digest: string;
  readonly author: string | null;
  readonly outcome: 'loaded' | 'refused';
  /** Rules that came, went, or are others; of the last what is another. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly weaker: boolean;
  readonly message: string | null;
}

export interface PolicyLoads {
  recordLoad(load: PolicyLoad): Promise<void>;
  policyLoads(page: Page): Promise<Part<PolicyLoad>>;
}
