import type { IncomingHttpHeaders } from 'node:http';
import type { PushEvent } from '../../services/domain/registries/push-event.ts';
import type { Registration } from '../../services/domain/registries/registration.ts';
import type { RegistryKind } from '../../services/domain/registries/registry-kind.ts';

/** What is entered in a registry so that its events come here. */
export interface HookSetup {
  readonly registration: Registration;
  /** Where its deliveries go, the secret of the path included. */
  readonly url: string;
  /** What the registry has to send, where it sends a secret. */
  readonly secret: string | null;
}

/** What of a webhook is the kind's own; what its body says is read in the domain. */
export interface RegistryHook {
  readonly kind: RegistryKind;
  /** Media types of its requests, without parameters. */
  readonly contentTypes: readonly string[];
  /**
   * The sender's own name for the delivery, which is the same when it sends it again; null where it gives none. A second
   * delivery under it does nothing, so it may only be what the sender never uses twice.
   */
  senderId(headers: IncomingHttpHeaders, events: readonly PushEvent[]): string | null;
  /** Lines for people: where to go, and what to enter there. */
  instructions(setup: HookSetup): readonly string[];
}

/** The id of an event is that of its delivery, where all events have the same. */
export function idOfEvents(_headers: IncomingHttpHeaders, events: readonly PushEvent[]): string | null {
  const ids = new Set(events.map(({ eventId }) => eventId));
  return ids.size === 1 ? [...ids][0]! : null;
}

/** `Name: value`, as the registration's method has it; empty where it sends no header. */
export function authenticationHeader({ registration: { webhook }, secret }: HookSetup): {
  name: string;
  value: string;
} {
  switch (webhook.method) {
    case 'basic':
      return {
        name: 'Authorization',
        value: `Basic ${Buffer.from(`${webhook.username}:${secret}`).toString('base64')}`,
      };
    case 'header':
      return { name: webhook.header, value: secret ?? '' };
    default:
      return { name: 'Authorization', value: `Bearer ${secret}` };
  }
}
