import { parse as parseTomlText, type TomlTable } from 'smol-toml';
import { parseAllDocuments } from 'yaml';
import { isObject, type JsonObject, type PackageFile } from './package-file.ts';
import { quote } from './unit-gaps.ts';

const decoder = new TextDecoder();

/** A table of TOML 1.0; null, and a flaw, where the file holds none. smol-toml bounds the depth itself. */
export function parseToml({ bytes, gaps }: PackageFile): TomlTable | null {
  try {
    return parseTomlText(decoder.decode(bytes));
  } catch (error) {
    gaps.add('package-file-unparsable', `no TOML: ${quote((error as Error).message)}`);
    return null;
  }
}

/**
 * The maps that a stream of YAML 1.2 documents holds, every scalar as its text: 1.10 is no number. Null, and a flaw, where
 * one is broken or no map. Aliases are bounded (`yamlAliases`), so that a few lines cannot become a billion.
 */
export function parseYaml({ bytes, limits, gaps }: PackageFile): readonly JsonObject[] | null {
  // Keys given twice: looking for them takes the square of their count. The last one counts.
  const options = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'error' } as const;
  try {
    const documents = parseAllDocuments(decoder.decode(bytes), options);
    const values = Array.from(documents, (document): unknown => {
      if (document.errors.length > 0) throw document.errors[0]!;
      return document.toJS({ maxAliasCount: limits.yamlAliases });
    });
    if (values.length > 0 && values.every(isObject)) return values;
    gaps.add('package-file-unparsable', 'YAML, but no map');
  } catch (error) {
    const { message } = error as Error;
    if (/^Excessive alias count/.test(message)) {
      gaps.add('limit-reached', `its aliases stand for more than ${limits.yamlAliases} things (yamlAliases)`);
    } else gaps.add('package-file-unparsable', `no YAML: ${quote(message)}`);
  }
  return null;
}

/** JSON with comments and commas behind the last value; null, and a flaw, where it holds no object. */
export function parseJsonc({ bytes, gaps }: PackageFile): JsonObject | null {
  let value: unknown;
  try {
    value = JSON.parse(plainJson(decoder.decode(bytes)));
  } catch (error) {
    gaps.add('package-file-unparsable', `no JSON: ${quote((error as Error).message)}`);
    return null;
  }
  if (isObject(value)) return value;
  gaps.add('package-file-unparsable', 'JSON, but no object');
  return null;
}

/** A text, a comment, or a comma; all else stays. Each is matched in one go, in time that grows with its length. */
const JSONC_TOKEN = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"?|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|,/g;

function plainJson(text: string): string {
  const parts: string[] = [];
  let at = 0;
  let comma = -1;
  const keep = (part: string): void => {
    if (part === '') return;
    if (comma >= 0 && /\S/.test(part)) {
      if (/^\s*[\]}]/.test(part)) parts[comma] = '';
      comma = -1;
    }
    parts.push(part);
  };
  for (const { 0: token, index } of text.matchAll(JSONC_TOKEN)) {
    keep(text.slice(at, index));
    at = index + token.length;
    if (token.startsWith('/')) parts.push(' ');
    else keep(token);
    if (token === ',') comma = parts.length - 1;
  }
  keep(text.slice(at));
  return parts.join('');
}
