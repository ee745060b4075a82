import { resolve } from 'node:path';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { readServerSettings, type ServerSettings } from '../pipeline/server-settings.ts';
import { readDocument } from './read-document.ts';
import type { Session } from './session.ts';

export interface ServeCommandOptions {
  readonly config?: string;
  readonly listen?: string;
  readonly admissionListen?: string;
  readonly data?: string;
  readonly registries?: string;
  readonly traces?: string;
}

/** The file that was named, the environment before it, and options before both. Raises SETTINGS_INVALID, USAGE. */
export async function serverSettings(
  session: Session,
  { config, listen, admissionListen, data, registries, traces }: ServeCommandOptions,
): Promise<ServerSettings> {
  const environment = {
    ...session.environment,
    ...(listen !== undefined && { PLIMSOLL_LISTEN: listen }),
    ...(admissionListen !== undefined && { PLIMSOLL_ADMISSION_LISTEN: admissionListen }),
    ...(data !== undefined && { PLIMSOLL_DATA_DIR: data }),
    ...(registries !== undefined && { PLIMSOLL_REGISTRIES: registries }),
    ...(traces !== undefined && { OTEL_EXPORTER_OTLP_ENDPOINT: traces }),
  };
  const settings = readServerSettings(
    config === undefined ? {} : await parseFile(config),
    environment,
    config ?? 'serve',
  );
  // Threads and children have working directories of their own.
  return { ...settings, dataDirectory: resolve(settings.dataDirectory) };
}

async function parseFile(file: string): Promise<unknown> {
  const { text } = readDocument(file, LIMITS.policyDocumentBytes);
  const { parse } = await import('yaml');
  try {
    return parse(text, { logLevel: 'error', maxAliasCount: 100 });
  } catch (cause) {
    throw new PlimsollError('SETTINGS_INVALID', `The settings in ${file} are no YAML: ${messageOf(cause)}`, { cause });
  }
}
