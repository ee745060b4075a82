import { PlimsollError } from '../errors.ts';

/** Reading foreign JSON documents: every access checked, every failure named by its place in the document. */

export type JsonObject = { readonly [key: string]: unknown };

const decoder = new TextDecoder('utf-8', { fatal: true });

export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new PlimsollError('MANIFEST_INVALID', `${what} is not JSON`, { cause });
  }
  return asObject(value, what);
}

export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new PlimsollError('MANIFEST_INVALID', `${what} is not an object`);
}

/**
 * An object with fields of these names. One that differs from a name only in the case of its letters is refused: Go,
 * which container runtimes are written in, takes it for that field, so that they would see another document than we.
 */
export function asRecord(value: unknown, what: string, names: readonly string[]): JsonObject {
  const object = asObject(value, what);
  const folded = new Map(names.map((name) => [fold(name), name]));
  for (const key of Object.keys(object)) {
    const name = folded.get(fold(key));
    if (name === undefined || name === key) continue;
    throw new PlimsollError(
      'MANIFEST_INVALID',
      `${what} spells its field ${name} as ${JSON.stringify(key)}: readers disagree on it`,
    );
  }
  return object;
}

/** As Go's encoding/json matches names: Unicode simple folding, which knows the long s and the Kelvin sign. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/** A list, or an empty one where the field is absent or null (Go marshals nil slices as null). */
export function asArray(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new PlimsollError('MANIFEST_INVALID', `${what} is not a list`);
}

export function stringOr<Default>(value: unknown, otherwise: Default): string | Default {
  return typeof value === 'string' ? value : otherwise;
}

export function stringMap(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** A foreign value for a message; of a list or an object, which may be nested without end, only that it is one. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return JSON.stringify(value)?.slice(0, 100) ?? 'nothing';
}
