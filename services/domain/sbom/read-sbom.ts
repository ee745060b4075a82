import { PlimsollError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { isObject, type JsonObject, type PackageFile } from '../packages/package-file.ts';
import { UnitGaps } from '../packages/unit-gaps.ts';
import { readStatement } from '../vulnerabilities/vex/in-toto.ts';
import { readCycloneDx } from './cyclonedx-reader.ts';
import { parseCycloneDxXml } from './cyclonedx-xml.ts';
import { interpret } from './interpret.ts';
import { exceededJsonLimit } from './json-bounds.ts';
import { pastLimit } from './past-limit.ts';
import { readReport } from './report-reader.ts';
import type { SbomContent } from './sbom.ts';
import { readSpdxJson, readSpdxTagValue } from './spdx-reader.ts';

const CYCLONEDX_VERSIONS: ReadonlySet<string> = new Set(['1.2', '1.3', '1.4', '1.5', '1.6', '1.7']);
const SPDX_VERSIONS: ReadonlySet<string> = new Set(['SPDX-2.2', 'SPDX-2.3']);

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * What an SBOM says: CycloneDX 1.2 to 1.7 in JSON or XML, SPDX 2.2 and 2.3 in JSON or tag-value, Report v1; also as the
 * predicate of a statement of in-toto. The content tells which. `path` names it in messages. Raises NOT_AN_SBOM, SBOM_VERSION_UNSUPPORTED, LIMIT_EXCEEDED; what is only
 * broken in part is a gap of the result.
 */
export function readSbom(path: string, bytes: Uint8Array, limits: Limits): SbomContent {
  if (bytes.length > limits.sbomBytes) throw pastLimit(path, 'sbomBytes', limits);
  const file: PackageFile = { path, bytes, limits, gaps: new UnitGaps() };
  const text = textOf(file);
  const start = text.trimStart();
  if (start.startsWith('{')) {
    const exceeded = exceededJsonLimit(bytes, { nesting: limits.sbomNesting, values: limits.sbomValues });
    if (exceeded !== null) throw pastLimit(path, exceeded === 'nesting' ? 'sbomNesting' : 'sbomValues', limits);
    return fromJson(parsed(text, path), file);
  }
  if (start.startsWith('<')) return fromCycloneDx(parseCycloneDxXml(text, file), 'cyclonedx-xml', file);
  const version = /^[ \t]*SPDXVersion:[ \t]*(\S+)/m.exec(text)?.[1];
  if (version === undefined) throw notAnSbom(path, 'it is neither JSON nor XML nor SPDX tag-value');
  expectVersion(version, SPDX_VERSIONS, 'SPDX', path);
  return interpret(readSpdxTagValue(file), file);
}

function fromJson(document: JsonObject, file: PackageFile): SbomContent {
  const value = predicateOf(document) ?? document;
  if (value.bomFormat === 'CycloneDX') return fromCycloneDx(value, 'cyclonedx-json', file);
  if (typeof value.spdxVersion === 'string') {
    expectVersion(value.spdxVersion, SPDX_VERSIONS, 'SPDX', file.path);
    return interpret(readSpdxJson(value, file), file);
  }
  if (typeof value['@context'] === 'string' && value['@context'].includes('spdx.org/rdf/3')) {
    throw unsupported('SPDX 3', 'SPDX', SPDX_VERSIONS, file.path);
  }
  if (value.schemaVersion !== undefined && value.completeness !== undefined) return readReport(value, file);
  const several = Array.isArray(value.reports);
  throw notAnSbom(
    file.path,
    several
      ? 'it holds the reports of several images; give one of them'
      : 'it is JSON, but neither CycloneDX nor SPDX nor a report',
  );
}

/** What a statement of in-toto states of an image; cosign once put it into `Data`. Null where the document is no statement. */
function predicateOf(document: JsonObject): JsonObject | null {
  const predicate = readStatement(document)?.predicate;
  if (!isObject(predicate)) return null;
  return isObject(predicate.Data) ? predicate.Data : predicate;
}

function fromCycloneDx(value: JsonObject, format: 'cyclonedx-json' | 'cyclonedx-xml', file: PackageFile): SbomContent {
  expectVersion(value.specVersion, CYCLONEDX_VERSIONS, 'CycloneDX', file.path);
  return interpret(readCycloneDx(value, format, file), file);
}

/** Other encodings are not guessed: the text would be another than its writer meant. */
function textOf({ bytes, path }: PackageFile): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw notAnSbom(path, 'its text is not UTF-8', cause);
  }
}

function parsed(text: string, path: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch (cause) {
    throw notAnSbom(path, 'it begins as JSON does and is none: it may be cut short', cause);
  }
}

function expectVersion(version: unknown, known: ReadonlySet<string>, format: string, path: string): void {
  if (typeof version === 'string' && known.has(version)) return;
  const stated = typeof version === 'string' ? version.slice(0, 40) : 'no version';
  throw unsupported(stated, format, known, path);
}

function unsupported(stated: string, format: string, known: ReadonlySet<string>, path: string): PlimsollError {
  return new PlimsollError(
    'SBOM_VERSION_UNSUPPORTED',
    `${path} is ${format} and states ${JSON.stringify(stated)}; Plimsoll reads ${[...known].join(', ')}. Write it in one of these`,
  );
}

function notAnSbom(path: string, why: string, cause?: unknown): PlimsollError {
  return new PlimsollError(
    'NOT_AN_SBOM',
    `${path} is no SBOM that Plimsoll reads: ${why}. It reads CycloneDX (JSON, XML), SPDX 2 (JSON, tag-value) and its own reports`,
    { cause },
  );
}
