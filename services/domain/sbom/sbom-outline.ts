import type { Limits } from '../limits.ts';
import { isObject, type JsonObject } from '../packages/package-file.ts';
import { exceededJsonLimit } from './json-bounds.ts';
import type { SbomFormat } from './sbom.ts';

/** What an SBOM calls itself, told without reading what it says. Null: it does not say, or not where that was looked for. */
export interface SbomOutline {
  readonly format: SbomFormat | null;
  readonly specVersion: string | null;
  /** Components or packages that it names. */
  readonly entries: number | null;
}

const decoder = new TextDecoder();

/** Null where nothing shows that it is an SBOM. `whole`: false where `bytes` are its beginning only. */
export function sbomOutline(bytes: Uint8Array, whole: boolean, limits: Limits): SbomOutline | null {
  const text = decoder.decode(bytes).trimStart();
  if (text.startsWith('{')) return (whole ? ofJson(text, bytes, limits) : null) ?? ofJsonText(text);
  if (text.startsWith('<')) return ofXml(text, whole);
  const version = /^[ \t]*SPDXVersion:[ \t]*SPDX-(\S{1,20})/m.exec(text)?.[1];
  if (version === undefined) return null;
  const entries = whole ? [...text.matchAll(/^[ \t]*PackageName:/gm)].length : null;
  return { format: 'spdx-tag-value', specVersion: version, entries };
}

/** Null where it cannot be parsed. */
function ofJson(text: string, bytes: Uint8Array, limits: Limits): SbomOutline | null {
  const bounds = { nesting: limits.sbomNesting, values: limits.sbomValues };
  if (exceededJsonLimit(bytes, bounds) !== null) return null;
  let value: JsonObject;
  try {
    value = JSON.parse(text) as JsonObject;
  } catch {
    return null;
  }
  if (value.bomFormat === 'CycloneDX') {
    return { format: 'cyclonedx-json', specVersion: versionOf(value.specVersion), entries: components(value) };
  }
  if (typeof value.spdxVersion === 'string') {
    const entries = Array.isArray(value.packages) ? value.packages.length : 0;
    return { format: 'spdx-json', specVersion: versionOf(value.spdxVersion), entries };
  }
  return null;
}

/** By what stands somewhere in it: it is cut, or broken, or of a version that nobody here parses. */
function ofJsonText(text: string): SbomOutline | null {
  if (/"bomFormat"\s*:\s*"CycloneDX"/.test(text)) {
    const version = /"specVersion"\s*:\s*"([^"]{1,20})"/.exec(text)?.[1];
    return { format: 'cyclonedx-json', specVersion: version ?? null, entries: null };
  }
  const version =
    /"spdxVersion"\s*:\s*"SPDX-([^"]{1,20})"/.exec(text) ?? /"https?:\/\/spdx\.org\/rdf\/(3[^/"]{0,20})\//.exec(text);
  return version === null ? null : { format: 'spdx-json', specVersion: version[1]!, entries: null };
}

function ofXml(text: string, whole: boolean): SbomOutline | null {
  const version = /["']http:\/\/cyclonedx\.org\/schema\/bom\/([^"']{1,20})["']/.exec(text)?.[1];
  if (version === undefined) return null;
  return { format: 'cyclonedx-xml', specVersion: version, entries: whole ? componentTags(text) : null };
}

/** Those of `metadata` are what the SBOM is about, and who wrote it. Null where the XML breaks off. */
function componentTags(text: string): number | null {
  let count = 0;
  let isMetadata = false;
  const tag = /<(\/?)(?:[\w.-]{1,100}:)?(component|metadata)[\s/>]/y;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    // Comments and character data may hold anything; nothing else in XML has a `<` that opens no tag.
    const close = text.startsWith('<!--', at) ? '-->' : text.startsWith('<![CDATA[', at) ? ']]>' : '>';
    tag.lastIndex = at;
    const [, slash, name] = tag.exec(text) ?? [];
    if (name === 'metadata') isMetadata = slash === '';
    if (name === 'component' && slash === '' && !isMetadata) count += 1;
    at = text.indexOf(close, at);
    if (at < 0) return null;
  }
  return count;
}

function components(value: JsonObject): number {
  let count = 0;
  const open: unknown[] = [value.components];
  for (let list = open.pop(); list !== undefined || open.length > 0; list = open.pop()) {
    if (!Array.isArray(list)) continue;
    count += list.length;
    for (const item of list) if (isObject(item) && item.components !== undefined) open.push(item.components);
  }
  return count;
}

function versionOf(stated: unknown): string | null {
  return typeof stated === 'string' ? stated.replace(/^SPDX-/, '').slice(0, 20) : null;
}
