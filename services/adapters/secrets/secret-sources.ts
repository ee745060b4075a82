import { closeSync, openSync, readSync } from 'node:fs';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { SecretSource } from '../../domain/registries/registration.ts';
import { SealingKeys } from './sealing-keys.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads secrets from where they are said to be. */
export class SecretSources {
  readonly #environment: Environment;
  readonly keys: SealingKeys;

  /** The keys are those of PLIMSOLL_SEALING_KEYS_FILE, else of PLIMSOLL_SEALING_KEYS, else none. Raises SECRET_UNREADABLE. */
  constructor(environment: Environment) {
    this.#environment = environment;
    const { PLIMSOLL_SEALING_KEYS_FILE: file, PLIMSOLL_SEALING_KEYS: text = '' } = environment;
    this.keys =
      file === undefined || file === ''
        ? SealingKeys.parse(text, 'PLIMSOLL_SEALING_KEYS')
        : SealingKeys.parse(readText(file), file);
  }

  /** The secret, whatever it is; `use` says for what it was sealed. Raises SECRET_UNREADABLE. */
  read(source: SecretSource, use: string): string {
    if ('sealed' in source) return this.keys.open(source.sealed, use);
    if ('file' in source) return readText(source.file).replace(/\r?\n$/, '');
    return this.#environment[source.environment] ?? '';
  }
}

function readText(file: string): string {
  const refuse = (why: string, cause?: unknown) =>
    new PlimsollError('SECRET_UNREADABLE', `The secret in ${file} cannot be had: ${why}`, { cause });
  const bytes = Buffer.alloc(LIMITS.secretBytes + 1);
  let length = 0;
  try {
    const handle = openSync(file, 'r');
    try {
      for (let read = -1; read !== 0 && length < bytes.length; length += read)
        read = readSync(handle, bytes, length, bytes.length - length, null);
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    throw refuse(messageOf(cause), cause);
  }
  if (length > LIMITS.secretBytes) throw refuse(`it is longer than secretBytes (${LIMITS.secretBytes})`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length));
  } catch (cause) {
    throw refuse('it is no UTF-8', cause);
  }
}
