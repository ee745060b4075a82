import type { Writable } from 'node:stream';
import type { Registration, SecretSource } from '../domain/registries/registration.ts';

/** Secrets as commands use them. */
export interface SecretSession {
  /** A new key to seal with, as a line of the file of keys. */
  newKey(): string;
  /** A new secret for a registry to send. */
  newSecret(): string;
  /** `use` is what the secret is for: it opens for nothing else. Raises SECRET_UNREADABLE. */
  seal(secret: string, use: string): string;
  read(source: SecretSource, use: string): string;
}

export interface DryReceiverOptions {
  readonly registrations: ReadonlyMap<string, Registration>;
  readonly listen: ListenAddress;
  /** Where what is accepted is written to, one JSON object a line, in the place of being recorded. */
  readonly print: Writable;
  readonly log: Writable;
}

interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** What the commands around webhooks need. */
export interface WebhookSession {
  /** Lines for people: what to enter in the registry. `base` is where Plimsoll is reached: https://HOST[/PATH]. */
  instructions(registration: Registration, secret: string | null, base: string): readonly string[];
  /** Receives and records nothing. Raises SECRET_UNREADABLE, LISTEN_FAILED. */
  startDry(options: DryReceiverOptions): Promise<{ readonly address: ListenAddress; close(): Promise<void> }>;
}

/** What a secret of a registration is sealed for. */
export function useOfSecret(id: string): string {
  return `registry/${id}`;
}
