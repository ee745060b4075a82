import { type JsonObject, shown } from '../image/json.ts';
import type { Limits } from '../limits.ts';
import { exceededJsonLimit } from '../sbom/json-bounds.ts';
import { objectOrNull, parseForeignJson } from '../vulnerabilities/feeds/foreign-json.ts';
import { readAcr } from './acr.ts';
import { readDistribution } from './distribution.ts';
import { readDockerHub } from './docker-hub.ts';
import { readEcr } from './ecr.ts';
import { EventCollector } from './event-collector.ts';
import { readGhcr } from './ghcr.ts';
import { readHarbor } from './harbor.ts';
import type { Delivery } from './push-event.ts';
import { readQuay } from './quay.ts';
import type { RegistryKind } from './registry-kind.ts';

/** Where a delivery is from. */
export interface DeliverySource {
  /** Id of the registration. */
  readonly registry: string;
  readonly kind: RegistryKind;
  /** Of the registered registry; null where it is not known, so that events of any are taken. */
  readonly host: string | null;
}

/** A delivery that was read, or in one clause why it is none at all. */
export type DeliveryReading = { readonly delivery: Delivery } | { readonly refused: string };

type Normaliser = (document: JsonObject, into: EventCollector, host: string | null) => void;

const NORMALISERS: Readonly<Record<RegistryKind, Normaliser>> = {
  acr: readAcr,
  distribution: readDistribution,
  'docker-hub': readDockerHub,
  ecr: readEcr,
  ghcr: readGhcr,
  gitlab: readDistribution,
  harbor: readHarbor,
  quay: readQuay,
};

/** The events of one request body. Never throws. */
export function readDelivery(body: Uint8Array, source: DeliverySource, limits: Limits): DeliveryReading {
  const outer = readObject(body, limits);
  if (typeof outer === 'string') return { refused: outer };
  const document = source.kind === 'ecr' && isSnsMessage(outer) ? messageOfSns(outer, limits) : outer;
  if (typeof document === 'string') return { refused: document };
  const collector = new EventCollector(source.registry, limits);
  NORMALISERS[source.kind](document, collector, source.host);
  return { delivery: collector.delivery() };
}

/** The JSON object in bytes of at most `deliveryBytes`; in one clause why there is none. */
function readObject(bytes: Uint8Array, limits: Limits): JsonObject | string {
  if (bytes.length > limits.deliveryBytes) return `it is longer than deliveryBytes (${limits.deliveryBytes})`;
  const bounds = { nesting: limits.deliveryNesting, values: limits.deliveryValues };
  const exceeded = exceededJsonLimit(bytes, bounds);
  if (exceeded === 'nesting') return `it is nested deeper than deliveryNesting (${bounds.nesting})`;
  if (exceeded === 'values') return `it has more than deliveryValues (${bounds.values}) values`;
  const value = parseForeignJson(bytes);
  if (value === undefined) return 'it is no JSON in UTF-8';
  return objectOrNull(value) ?? `it is ${shown(value)}, not an object`;
}

/** https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html */
function isSnsMessage(document: JsonObject): boolean {
  return typeof document.Type === 'string' && typeof document.TopicArn === 'string';
}

/** What SNS carries; a confirmation carries nothing. */
function messageOfSns(envelope: JsonObject, limits: Limits): JsonObject | string {
  if (envelope.Type !== 'Notification') return {};
  if (typeof envelope.Message !== 'string') return 'its SNS notification has no message';
  const message = readObject(new TextEncoder().encode(envelope.Message), limits);
  return typeof message === 'string' ? `of the message that SNS carries: ${message}` : message;
}
