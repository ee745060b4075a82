import type { Limits } from '../../services/domain/limits.ts';
import type { Registration } from '../../services/domain/registries/registration.ts';
import type { ReceiverMetrics } from './receiver-metrics.ts';
import type { RegistryHook } from './registry-hook.ts';
import type { SnsEndpoints } from './sns.ts';

/** A registration whose secrets were read. */
export interface OpenedRegistration {
  readonly registration: Registration;
  readonly hook: RegistryHook;
  readonly covers: (repository: string) => boolean;
  /** Empty where the sender signs with a key of its own (SNS). */
  readonly secrets: readonly string[];
}

/** One authenticated delivery, with what follows from it. */
export interface ReceivedDelivery {
  /** Id of the registration. */
  readonly registry: string;
  /** The sender's own name for it; a second one with it is a replay. Null where it gives none. */
  readonly senderId: string | null;
  /** `sha256:HEX` of the body as it came. */
  readonly bodyDigest: string;
  readonly events: readonly {
    readonly action: 'push' | 'delete';
    readonly repository: string;
    readonly tag: string | null;
    readonly digest: string | null;
    readonly at: string | null;
  }[];
  readonly ignored: number;
}

export interface WebhookLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ReceiverDependencies {
  readonly registrations: readonly OpenedRegistration[];
  /** Resolves once the delivery would survive the death of every process; the sender is told 202 only then. */
  accept(delivery: ReceivedDelivery): Promise<{ readonly id: string; readonly replay: boolean }>;
  readonly sns: SnsEndpoints;
  readonly metrics: ReceiverMetrics;
  readonly log: WebhookLog;
  /** Refusals are counted without end, and logged as often as this says. */
  mayLogRefusal(): boolean;
  readonly limits: Limits;
  /** Milliseconds since 1970. */
  now(): number;
}
