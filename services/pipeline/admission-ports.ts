/*
 * What admission needs of a Kubernetes API server. Each port is one question; objects come as the API server's JSON, unread. Calls
 * raise PlimsollError KUBERNETES_UNAVAILABLE where there is no answer in time, KUBERNETES_DENIED where our account may not ask.
 */

/** Who sent the request that is reviewed: `userInfo` of an AdmissionReview, as it came. */
export interface RequestUser {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** `resourceAttributes` of a SubjectAccessReview (authorization.k8s.io/v1). */
export interface AccessAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

export interface AccessReviewer {
  /** One SubjectAccessReview; `denied` beside `allowed` counts as denied. */
  mayUser(user: RequestUser, attributes: AccessAttributes, signal: AbortSignal): Promise<boolean>;
}

export interface PodReader {
  /** One GET; null: there is no such Pod. */
  pod(namespace: string, name: string, signal: AbortSignal): Promise<unknown>;
}

/** What is told of watched objects; never raises. */
export interface WatchSink {
  /** An object that is there: of the first list, or as it has just become. */
  put(object: unknown): void;
  /** It is there no more; `namespace` is empty for what has none. */
  gone(namespace: string, name: string): void;
  /** A list starts: what was told before and is not told until `listed` is there no more. */
  relist(): void;
  /** Everything that is there was told; what follows are changes. */
  listed(): void;
}

export const WATCHED = ['pods', 'namespaces'] as const;
export type Watched = (typeof WATCHED)[number];

export interface ObjectWatcher {
  /** Lists and watches until aborted, and lists again by itself whenever the watch breaks or is too old. Resolves once aborted. */
  watch(resource: Watched, sink: WatchSink, signal: AbortSignal): Promise<void>;
}

/** A webhook configuration of admissionregistration.k8s.io/v1. */
export interface WebhookConfiguration {
  readonly kind: 'ValidatingWebhookConfiguration' | 'MutatingWebhookConfiguration';
  readonly name: string;
}

export interface CaBundleWriter {
  /** Makes `caBundle` (PEM) that of every webhook of the configuration; nothing is written where it is. False: there is no such configuration. */
  setCaBundle(configuration: WebhookConfiguration, caBundle: string, signal: AbortSignal): Promise<boolean>;
}

/** One Event (core/v1) about an object; the same again within minutes counts up. Cut to what the API takes. */
export interface ObjectEvent {
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, as `PlimsollDenied`. */
  readonly reason: string;
  readonly message: string;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    /** Of the Event too. */
    readonly namespace: string;
    readonly name: string;
    readonly uid?: string | undefined;
  };
}

export interface EventEmitter {
  emit(event: ObjectEvent, signal: AbortSignal): Promise<void>;
}

/** A text that all replicas share: the own certificates, in a Secret of Plimsoll's namespace or in a file. */
export interface SharedSecret {
  /** null: there is none yet. `version` stands for just this text. */
  read(signal: AbortSignal): Promise<{ readonly text: string; readonly version: string } | null>;
  /** Writes where it still has this version (null: where there is none). False: somebody else was first. */
  replace(text: string, version: string | null, signal: AbortSignal): Promise<boolean>;
}

/** A certificate and its key, both PEM (the key PKCS #8). */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateTerms {
  /** The common name of the subject. */
  readonly name: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface LeafTerms extends CertificateTerms {
  readonly dnsNames: readonly string[];
  readonly usage: 'server' | 'client';
}

export interface CertificateIssuer {
  /** One that may sign others, and no other authority. */
  newAuthority(terms: CertificateTerms): IssuedCertificate;
  newCertificate(authority: IssuedCertificate, terms: LeafTerms): IssuedCertificate;
}
