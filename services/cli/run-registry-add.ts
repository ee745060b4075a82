import { PlimsollError } from '../domain/errors.ts';
import { METHODS, REGISTRATION_ID, type Registration } from '../domain/registries/registration.ts';
import type { RegistryKind } from '../domain/registries/registry-kind.ts';
import { printable } from './printable.ts';
import { addToRegistriesFile, readRegistriesFile } from './registries-file.ts';
import type { Session } from './session.ts';
import { useOfSecret } from './webhooks-session.ts';

export interface AddRegistryOptions {
  readonly kind: RegistryKind;
  readonly registries: string;
  readonly url: string;
  readonly host?: string;
  readonly http?: boolean;
  readonly method?: string;
  readonly username?: string;
  readonly header?: string;
  readonly topic?: string;
  readonly repositories?: readonly string[];
  readonly secretFile?: string;
  readonly secretEnv?: string;
}

/** `plimsoll registry add`. Raises USAGE, SETTINGS_INVALID, SECRET_UNREADABLE, OUTPUT_FAILED. */
export async function runRegistryAdd(session: Session, id: string, options: AddRegistryOptions): Promise<void> {
  const { kind, host, http, repositories, registries, url } = options;
  if (!REGISTRATION_ID.test(id)) throw usage(`"${id}" is no id: up to 63 of a-z, 0-9 and -`);
  checkUrl(url);
  const entry = {
    id,
    kind,
    ...(host === undefined ? {} : { host: host.toLowerCase() }),
    ...(http ? { scheme: 'http' } : {}),
    ...(repositories === undefined ? {} : { repositories }),
    webhook: await webhookOf(session, id, options),
  };
  const registration = await addToRegistriesFile(registries, entry);
  session.stdout.write(`${printable(registries)} has the registry ${id} now.\n\n`);
  await writeInstructions(session, registration, url);
}

/** `plimsoll registry show`. Raises USAGE, SETTINGS_INVALID, SECRET_UNREADABLE. */
export async function runRegistryShow(
  session: Session,
  id: string,
  { registries, url }: { readonly registries: string; readonly url: string },
): Promise<void> {
  checkUrl(url);
  const registrations = await readRegistriesFile(registries);
  const registration = registrations.get(id);
  if (registration === undefined)
    throw usage(`${registries} has no registry ${id}; there are ${[...registrations.keys()].join(', ')}`);
  await writeInstructions(session, registration, url);
}

async function writeInstructions(session: Session, registration: Registration, url: string): Promise<void> {
  const secrets = await session.secrets();
  const webhooks = await session.webhooks();
  const { id, webhook } = registration;
  const secret = 'secrets' in webhook ? secrets.read(webhook.secrets[0]!, useOfSecret(id)) : null;
  const lines = webhooks.instructions(registration, secret, url);
  session.stdout.write(`${lines.map(printable).join('\n')}\n`);
}

/** The `webhook` of the entry, with a secret that is made and sealed where none is named. */
async function webhookOf(
  session: Session,
  id: string,
  options: AddRegistryOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { kind, username, header, topic, secretFile, secretEnv } = options;
  const method = options.method ?? (topic === undefined ? METHODS[kind].find((each) => each !== 'sns') : 'sns');
  if (method === 'sns') {
    if (topic === undefined) throw usage('sns needs --topic');
    return { method, topic };
  }
  if (secretFile !== undefined && secretEnv !== undefined) throw usage('--secret-file or --secret-env, not both');
  const secrets = await session.secrets();
  const source =
    secretFile !== undefined
      ? { file: secretFile }
      : secretEnv !== undefined
        ? { environment: secretEnv }
        : { sealed: secrets.seal(secrets.newSecret(), useOfSecret(id)) };
  return {
    method,
    ...(method === 'basic' ? { username: username ?? 'plimsoll' } : {}),
    ...(method === 'header' ? { header: header ?? 'X-Plimsoll-Secret' } : {}),
    secrets: [source],
  };
}

function checkUrl(url: string): void {
  if (/^https?:\/\/[^\s/?#@']+(?:\/[^\s?#@']*)?$/.test(url)) return;
  throw usage(`"${url}" is no address without user and query: https://HOST[:PORT][/PATH]`);
}

function usage(message: string): PlimsollError {
  return new PlimsollError('USAGE', message);
}
