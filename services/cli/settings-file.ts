import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Settings } from '../domain/verdict/settings.ts';
import { readDocument } from './read-document.ts';
import type { PolicySession } from './session.ts';

/** What `--config` names. */
export interface SettingsFile {
  /** Its name, as it was given. */
  readonly file: string;
  readonly settings: Settings;
  readonly digest: string;
  /** Raises SETTINGS_INVALID where the settings name what no policy has. */
  check(policies: PolicySession): void;
}

/** Null where no file is named. Raises USAGE, SETTINGS_INVALID. */
export async function readSettingsFile(file: string | undefined): Promise<SettingsFile | null> {
  if (file === undefined) return null;
  const { text, digest } = readDocument(file, LIMITS.policyDocumentBytes);
  const { parse } = await import('yaml');
  const { checkRules, readSettings } = await import('../domain/verdict/settings.ts');
  let document: unknown;
  try {
    document = parse(text, { logLevel: 'error', maxAliasCount: LIMITS.yamlAliases }) ?? {};
  } catch (cause) {
    throw new PlimsollError('SETTINGS_INVALID', `The settings in ${file} are no YAML: ${messageOf(cause)}`, { cause });
  }
  const settings = readSettings(document, file);
  return { file, settings, digest, check: ({ policies }) => checkRules(settings, policies, file) };
}
