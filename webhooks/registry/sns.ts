import { createVerify, X509Certificate } from 'node:crypto';
import { messageOf } from '../../services/domain/errors.ts';
import type { Limits } from '../../services/domain/limits.ts';
import { confirmationUrl, readSnsMessage, type SnsMessage } from '../../services/domain/registries/sns-message.ts';
import { TokenBucket } from '../../services/domain/token-bucket.ts';
import { objectOrNull, parseForeignJson } from '../../services/domain/vulnerabilities/feeds/foreign-json.ts';
import { Refusal } from './refusal.ts';

/** Amazon SNS over the network. Addresses are made in the domain; each call is one GET. */
export interface SnsEndpoints {
  /** A certificate in PEM. */
  certificate(url: string): Promise<string>;
  /** Confirms a subscription. */
  confirm(url: string): Promise<void>;
}

const CERTIFICATES = 16;

/** Checks and answers the messages of registered topics. One for all registrations: they share SNS's certificates. */
export class SnsReceiver {
  readonly #endpoints: SnsEndpoints;
  readonly #limits: Limits;
  readonly #now: () => number;
  /** Whoever is not SNS may name certificates at SNS too: they are asked for at a bounded rate. */
  readonly #fetches: TokenBucket;
  readonly #certificates = new Map<string, X509Certificate>();

  constructor(endpoints: SnsEndpoints, limits: Limits, now: () => number) {
    this.#endpoints = endpoints;
    this.#limits = limits;
    this.#now = now;
    this.#fetches = new TokenBucket(limits.certificateFetchesPerMinute, now());
  }

  /** The message of the registered topic, whose signature holds and is not old. Raises Refusal. */
  async check(body: Uint8Array, topic: string): Promise<SnsMessage> {
    const document = objectOrNull(parseForeignJson(body));
    const message = document === null ? 'it is no JSON object' : readSnsMessage(document, topic);
    if (typeof message === 'string') throw new Refusal('unauthenticated', message);
    const certificate = await this.#certificate(message.certificateUrl);
    const algorithm = message.signatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
    const verifier = createVerify(algorithm).update(message.signed, 'utf8');
    if (
      certificate.publicKey.asymmetricKeyType !== 'rsa' ||
      !verifier.verify(certificate.publicKey, message.signature, 'base64')
    ) {
      throw new Refusal('unauthenticated', 'the signature does not hold');
    }
    const age = this.#now() - Date.parse(message.timestamp);
    if (!(age <= this.#limits.deliveryAgeMs && age >= -this.#limits.deliveryAheadMs)) {
      throw new Refusal('stale', `it was signed at ${message.timestamp.slice(0, 40)}`);
    }
    return message;
  }

  /** Answers SNS's question whether its messages are wanted here. Raises Refusal. */
  async confirm(message: SnsMessage): Promise<void> {
    const url = confirmationUrl(message);
    if (url === null) throw new Refusal('malformed', 'its token is none');
    try {
      await this.#endpoints.confirm(url);
    } catch (cause) {
      throw new Refusal('unavailable', `SNS took no confirmation: ${messageOf(cause)}`, { cause });
    }
  }

  async #certificate(url: string): Promise<X509Certificate> {
    const known = this.#certificates.get(url) ?? (await this.#fetch(url));
    const now = this.#now();
    if (now < known.validFromDate.getTime() || now > known.validToDate.getTime()) {
      this.#certificates.delete(url);
      throw new Refusal('unauthenticated', `the certificate ${url} is not valid now`);
    }
    return known;
  }

  async #fetch(url: string): Promise<X509Certificate> {
    if (!this.#fetches.take(this.#now())) throw new Refusal('too-many', 'too many certificates were asked for');
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(await this.#endpoints.certificate(url));
    } catch (cause) {
      throw new Refusal('unavailable', `the certificate ${url} cannot be had: ${messageOf(cause)}`, { cause });
    }
    const oldest = this.#certificates.keys().next();
    if (this.#certificates.size >= CERTIFICATES && !oldest.done) this.#certificates.delete(oldest.value);
    this.#certificates.set(url, certificate);
    return certificate;
  }
}
