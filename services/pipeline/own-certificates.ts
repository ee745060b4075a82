import { z } from 'zod';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import type {
  CaBundleWriter,
  CertificateIssuer,
  IssuedCertificate,
  SharedSecret,
  WebhookConfiguration,
} from './admission-ports.ts';

/** What a server shows, and until when. */
export interface ServerCertificate extends IssuedCertificate {
  readonly notAfter: Date;
}

export interface CertificateLife {
  readonly authorityDays: number;
  readonly serverDays: number;
  /** How long a new authority is in the `caBundle` before it signs: API servers hear of a changed configuration with delay. */
  readonly overlapMinutes: number;
}

export interface OwnCertificatesDependencies {
  readonly secret: SharedSecret;
  readonly issuer: CertificateIssuer;
  /** null: nobody is told; the authorities are read from the secret. */
  readonly bundles: CaBundleWriter | null;
  readonly configurations: readonly WebhookConfiguration[];
  readonly dnsNames: readonly string[];
  readonly life: CertificateLife;
  readonly onWarning: (message: string) => void;
}

const authority = z.strictObject({
  certificate: z.string(),
  key: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
const kept = z.strictObject({ schemaVersion: z.literal('1'), authorities: z.array(authority).max(100).readonly() });
type Kept = z.infer<typeof kept>;

/** An authority of our own; moments are RFC 3339. */
export type Authority = z.infer<typeof authority>;

const DAY_MS = 86_400_000;
/** Clocks differ. */
const SKEW_MS = 300_000;
/** How often a secret that others write too is read again. */
const ATTEMPTS = 5;

/**
 * Certificates without a cert-manager: authorities that all replicas share, the `caBundle` of the webhook configurations, and a server's
 * certificate of this process alone. What goes is replaced after two thirds of its life, and goes only once nobody relies on it.
 */
export class OwnCertificates {
  readonly #dependencies: OwnCertificatesDependencies;
  /** The authorities that every configuration was seen to have. */
  #announced: ReadonlySet<string> = new Set();
  #server: (ServerCertificate & { readonly signedBy: string; readonly renewAt: number }) | null = null;

  constructor(dependencies: OwnCertificatesDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Brings everything up to date; called now and again. The certificate to be served from here on. Raises what the secret raises and
   * SECRET_UNREADABLE; a configuration that cannot be written is a warning, and nothing relies on it.
   */
  async keep(now: Date, signal: AbortSignal): Promise<ServerCertificate> {
    const authorities = await this.#authorities(now, signal);
    await this.#announce(authorities, signal);
    const { issuer, dnsNames, life } = this.#dependencies;
    const signer = signerOf(authorities, this.#announced, now, life);
    const held = this.#server;
    if (held !== null && held.signedBy === signer.certificate && now.getTime() < held.renewAt) return held;
    const lifeMs = Math.min(life.serverDays * DAY_MS, Date.parse(signer.expiresAt) - now.getTime());
    const notAfter = new Date(now.getTime() + lifeMs);
    const notBefore = new Date(now.getTime() - SKEW_MS);
    const issued = issuer.newCertificate(signer, {
      name: dnsNames[0]!,
      dnsNames,
      notBefore,
      notAfter,
      usage: 'server',
    });
    const renewAt = now.getTime() + (lifeMs * 2) / 3;
    this.#server = { ...issued, notAfter, signedBy: signer.certificate, renewAt };
    return this.#server;
  }

  async #authorities(now: Date, signal: AbortSignal): Promise<readonly Authority[]> {
    const { secret, life } = this.#dependencies;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await secret.read(signal);
      const before = found === null ? [] : readKept(found.text);
      const after = plannedAuthorities(before, now, life, () => this.#newAuthority(now));
      if (after === before) return before;
      const text = JSON.stringify({ schemaVersion: '1', authorities: after } satisfies Kept);
      if (await secret.replace(text, found?.version ?? null, signal)) return after;
    }
    const message = `The secret with the certificates of admission changed ${ATTEMPTS} times while it was being written; it is tried again.`;
    throw new PlimsollError('SECRET_UNREADABLE', message);
  }

  #newAuthority(now: Date): Authority {
    const { issuer, life } = this.#dependencies;
    const notAfter = new Date(now.getTime() + life.authorityDays * DAY_MS);
    const createdAt = now.toISOString();
    const name = `Plimsoll admission, ${createdAt}`;
    const issued = issuer.newAuthority({ name, notBefore: new Date(now.getTime() - SKEW_MS), notAfter });
    return { ...issued, createdAt, expiresAt: notAfter.toISOString() };
  }

  /** Again each time: whoever applies a manifest again empties its `caBundle`. */
  async #announce(authorities: readonly Authority[], signal: AbortSignal): Promise<void> {
    const { bundles, configurations, onWarning } = this.#dependencies;
    const bundle = caBundleOf(authorities);
    try {
      for (const configuration of bundles === null ? [] : configurations) {
        if (await bundles!.setCaBundle(configuration, bundle, signal)) continue;
        onWarning(`there is no ${configuration.kind} ${configuration.name} to write the caBundle to`);
      }
      this.#announced = new Set(authorities.map(({ certificate }) => certificate));
    } catch (error) {
      onWarning(`the caBundle could not be written: ${messageOf(error)}`);
    }
  }
}

/** The text of `caBundle`: all of them, the newest first. */
export function caBundleOf(authorities: readonly Authority[]): string {
  return authorities
    .map(({ certificate }) => certificate.trimEnd())
    .join('\n')
    .concat('\n');
}

/** Raises SECRET_UNREADABLE. */
function readKept(text: string): readonly Authority[] {
  let document: unknown = null;
  try {
    document = JSON.parse(text);
  } catch {
    // The same as what does not fit.
  }
  const { data } = kept.safeParse(document);
  if (data !== undefined) return data.authorities;
  const message =
    'The secret with the certificates of admission is not what Plimsoll writes; delete it, and new ones are made.';
  throw new PlimsollError('SECRET_UNREADABLE', message);
}

/**
 * What there should be, the newest first; `before` itself where that is it. A new one comes after two thirds of the newest's life. An old one goes
 * when it expires, or when the last server's certificate that it signed has.
 */
function plannedAuthorities(
  before: readonly Authority[],
  now: Date,
  life: CertificateLife,
  create: () => Authority,
): readonly Authority[] {
  const at = now.getTime();
  const signsFrom = ({ createdAt }: Authority): number => Date.parse(createdAt) + life.overlapMinutes * 60_000;
  const relied = before.filter(
    (each, i) =>
      Date.parse(each.expiresAt) > at &&
      !before.slice(0, i).some((newer) => signsFrom(newer) + 2 * life.serverDays * DAY_MS < at),
  );
  const newest = relied[0];
  const age = newest === undefined ? Number.POSITIVE_INFINITY : at - Date.parse(newest.createdAt);
  if (age >= (life.authorityDays * DAY_MS * 2) / 3) return [create(), ...relied];
  return relied.length === before.length ? before : relied;
}

/** The newest that every API server may be held to know; where there is none, the oldest. */
function signerOf(
  authorities: readonly Authority[],
  announced: ReadonlySet<string>,
  now: Date,
  { overlapMinutes }: CertificateLife,
): Authority {
  const known = authorities.find(
    ({ certificate, createdAt }) =>
      announced.has(certificate) && Date.parse(createdAt) + overlapMinutes * 60_000 <= now.getTime(),
  );
  return known ?? authorities.at(-1)!;
}
