import { existsSync } from 'node:fs';
import type { Document } from 'yaml';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { type Registration, readRegistrations } from '../domain/registries/registration.ts';
import { readDocument } from './read-document.ts';
import { replaceFile } from './replace-file.ts';

/** Only its owner reads it: that a secret is sealed is no reason to show it around. */
const MODE = 0o600;

/** The registrations of a file. Raises USAGE, SETTINGS_INVALID. */
export async function readRegistriesFile(file: string): Promise<ReadonlyMap<string, Registration>> {
  return registrationsOf(await parseFile(file), file);
}

/** Adds an entry behind those that are there, whose comments stay; the whole must fit. Raises USAGE, SETTINGS_INVALID, OUTPUT_FAILED. */
export async function addToRegistriesFile(
  file: string,
  entry: Readonly<Record<string, unknown>>,
): Promise<Registration> {
  const document = existsSync(file) ? await parseFile(file) : await parseText('registries: []\n', file);
  if (document.toJS().registries?.length) document.addIn(['registries'], document.createNode(entry));
  else document.setIn(['registries'], document.createNode([entry]));
  const registration = registrationsOf(document, file).get(String(entry.id));
  if (registration === undefined) throw new Error('a registration was added, and is not there');
  write(file, document);
  return registration;
}

/**
 * Seals everything that is sealed again, with the first of the keys: what a key sealed that is no longer needed. How many secrets
 * that were. Raises USAGE, SETTINGS_INVALID, SECRET_UNREADABLE, OUTPUT_FAILED.
 */
export async function resealRegistriesFile(
  file: string,
  reseal: (sealed: string, registration: string) => string,
): Promise<number> {
  const { isMap, isScalar, isSeq, visit } = await import('yaml');
  const document = await parseFile(file);
  registrationsOf(document, file);
  const entries = document.get('registries');
  let count = 0;
  for (const entry of isSeq(entries) ? entries.items : []) {
    if (!isMap(entry)) continue;
    const id = String(entry.get('id'));
    visit(entry, {
      Pair: (_, { key, value }) => {
        if (!isScalar(key) || key.value !== 'sealed' || !isScalar(value)) return;
        value.value = reseal(String(value.value), id);
        count += 1;
      },
    });
  }
  write(file, document);
  return count;
}

function write(file: string, document: Document): void {
  try {
    replaceFile(file, document.toString({ lineWidth: 0 }), MODE);
  } catch (cause) {
    throw new PlimsollError('OUTPUT_FAILED', `${file} could not be written: ${messageOf(cause)}`, { cause });
  }
}

function registrationsOf(document: Document, file: string): ReadonlyMap<string, Registration> {
  return readRegistrations(document.toJS({ maxAliasCount: LIMITS.yamlAliases }), file);
}

function parseFile(file: string): Promise<Document> {
  return parseText(readDocument(file, LIMITS.registriesFileBytes).text, file);
}

async function parseText(text: string, file: string): Promise<Document> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) throw new PlimsollError('SETTINGS_INVALID', `${file} is no YAML: ${error.message}`);
  return document;
}
