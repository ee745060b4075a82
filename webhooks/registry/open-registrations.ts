import { PlimsollError } from '../../services/domain/errors.ts';
import {
  type Registration,
  repositoryFilter,
  type SecretSource,
} from '../../services/domain/registries/registration.ts';
import { HOOKS } from './hooks.ts';
import type { OpenedRegistration } from './receiver-ports.ts';

/** 128 bits in base64, or a passphrase that nobody guesses online. */
const SHORTEST = 16;
/** A part of a path, as long as routers take it. */
const IN_PATH = /^[A-Za-z0-9_-]{16,100}$/;
const IN_HEADER = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Reads the secrets of all registrations, so that what is wrong with one is known before the first delivery. Raises SECRET_UNREADABLE. */
export function openRegistrations(
  registrations: Iterable<Registration>,
  read: (source: SecretSource, registration: Registration) => string,
): OpenedRegistration[] {
  return [...registrations].map((registration) => {
    const { webhook } = registration;
    const sources = 'secrets' in webhook ? webhook.secrets : [];
    const secrets = sources.map((source) => checked(read(source, registration), registration));
    return { registration, hook: HOOKS[registration.kind], covers: repositoryFilter(registration), secrets };
  });
}

function checked(secret: string, { id, webhook }: Registration): string {
  const refuse = (why: string) => new PlimsollError('SECRET_UNREADABLE', `The secret of the registry ${id} ${why}.`);
  if (secret === '') throw refuse('is empty, or its variable is not set');
  if (secret.length < SHORTEST)
    throw refuse(`has ${secret.length} characters, and fewer than ${SHORTEST} can be guessed`);
  if (webhook.method === 'path' && !IN_PATH.test(secret)) {
    throw refuse('stands in a path, and may have up to 100 letters, digits, "_" and "-"');
  }
  if (webhook.method !== 'hmac' && !IN_HEADER.test(secret))
    throw refuse('stands in a header, and has other characters than ASCII');
  return secret;
}
