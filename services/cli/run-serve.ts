import { resolve } from 'node:path';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { readServerSettings, type ServerSettings } from '../pipeline/server-settings.ts';
import { openServerJudge } from './open-server-judge.ts';
import { readDocument } from './read-document.ts';
import { readRegistriesFile } from './registries-file.ts';
import type { ServeRole, Session } from './session.ts';

export interface ServeCommandOptions {
  readonly config?: string;
  readonly listen?: string;
  readonly data?: string;
  readonly registries?: string;
  readonly traces?: string;
}

/** `plimsoll serve`, `api` and `worker`: until a signal, then until what was begun is done. */
export async function runServe(session: Session, role: ServeRole, options: ServeCommandOptions): Promise<void> {
  const settings = await settingsOf(session, options);
  const { file } = settings.registries;
  const registrations = file === undefined ? new Map() : await readRegistriesFile(file);
  const judge = await openServerJudge(session, settings.scan);
  try {
    const stopped = new Promise<void>((resolve) => {
      session.onStop(() => resolve());
    });
    const server = await session.serve({ role, settings, registrations, judge });
    await stopped;
    await server.stop();
  } finally {
    await judge.close();
  }
}

async function settingsOf(
  session: Session,
  { config, listen, data, registries, traces }: ServeCommandOptions,
): Promise<ServerSettings> {
  const environment = {
    ...session.environment,
    ...(listen !== undefined && { PLIMSOLL_LISTEN: listen }),
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
