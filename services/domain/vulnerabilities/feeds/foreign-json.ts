import type { JsonObject } from '../../image/json.ts';

/** Foreign JSON read leniently: what is not of the expected shape is null or empty, and never an exception. */

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The document; undefined where the bytes are no JSON in UTF-8. */
export function parseForeignJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

export function objectOrNull(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** What a text of base64 stands for; empty where it is none. */
export function bytesOfBase64(value: unknown): Uint8Array {
  if (typeof value !== 'string') return new Uint8Array();
  try {
    return Uint8Array.from(atob(value), (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** A list; empty where there is none. */
export function listOrEmpty(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text of 1 to `max` characters without control characters and without blanks around it. */
export function textOrNull(value: unknown, max = 1_024): string | null {
  if (typeof value !== 'string' || value.length > max) return null;
  const text = value.trim();
  return text === '' || /\p{Cc}/u.test(text) ? null : text;
}

/** Human text on one line, cut where it is too long. */
export function sentenceOrNull(value: unknown, max = 300): string | null {
  if (typeof value !== 'string') return null;
  const line = value
    .slice(0, 4 * max)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  if (line === '') return null;
  return line.length > max ? `${line.slice(0, max - 1).trimEnd()}…` : line;
}

/**
 * A moment as RFC 3339 in UTC, null where it is none. Go's zero time (year 1) stands for "not set"; days and moments
 * without a zone are taken as UTC.
 */
export function momentOrNull(value: unknown): string | null {
  const text = textOrNull(value, 64);
  const parts = text === null ? null : MOMENT.exec(text);
  if (parts === null) return null;
  const [, day, time = 'T00:00:00', zone = 'Z'] = parts;
  const moment = Date.parse(`${day}${time.replace(' ', 'T').slice(0, 13)}${zone.toUpperCase()}`);
  if (Number.isNaN(moment) || moment < EARLIEST || moment > LATEST) return null;
  return new Date(moment).toISOString().replace('.000Z', 'Z');
}

const MOMENT = /^(\d{4}-\d\d-\d\d)(?:([Tt ]\d\d:\d\d:\d\d(?:\.\d+)?)(Z|z|[+-]\d\d:\d\d)?)?$/;
const EARLIEST = Date.UTC(1980, 0, 1);
const LATEST = Date.UTC(2200, 0, 1);

/** A CVE id in its one spelling. */
export function cveIdOrNull(value: unknown): string | null {
  const text = textOrNull(value, 32)?.toUpperCase() ?? '';
  return /^CVE-\d{4}-\d{4,12}$/.test(text) ? text : null;
}

/** An ISO day. */
export function dayOrNull(value: unknown): string | null {
  return momentOrNull(textOrNull(value, 10))?.slice(0, 10) ?? null;
}
