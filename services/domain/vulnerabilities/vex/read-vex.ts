import { messageOf, PlimsollError } from '../../errors.ts';
import type { JsonObject } from '../../image/json.ts';
import type { Limits } from '../../limits.ts';
import { exceededJsonLimit } from '../../sbom/json-bounds.ts';
import { pastLimit } from '../../sbom/past-limit.ts';
import { objectOrNull } from '../feeds/foreign-json.ts';
import { readCsafVex } from './csaf.ts';
import { readCycloneDxVex } from './cyclonedx.ts';
import type { VexDocument } from './document.ts';
import { readOpenVex } from './openvex.ts';

/** A VEX document of any format, from its text. Raises VEX_INVALID; LIMIT_EXCEEDED before it is parsed. */
export function parseVex(text: string, file: string, limits: Limits): VexDocument {
  return readVex(parseVexJson(text, file, limits), file);
}

/** The JSON of a VEX document, or of what one stands in. Raises as `parseVex` does. */
export function parseVexJson(text: string, file: string, limits: Limits): unknown {
  const most = { nesting: limits.vexNesting, values: limits.vexValues };
  const exceeded = exceededJsonLimit(new TextEncoder().encode(text), most);
  if (exceeded !== null) throw pastLimit(file, exceeded === 'nesting' ? 'vexNesting' : 'vexValues', limits);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PlimsollError('VEX_INVALID', `${file} is no JSON: ${messageOf(cause)}`, { cause });
  }
}

/** A VEX document of any format, from its parsed JSON. Raises VEX_INVALID for what is none, or states nothing. */
export function readVex(value: unknown, file: string): VexDocument {
  const document = objectOrNull(value);
  const read = document === null ? null : readerOf(document);
  if (document === null || read === null) {
    throw new PlimsollError('VEX_INVALID', `${file} is no VEX document: OpenVEX, CSAF (csaf_vex) or CycloneDX as JSON`);
  }
  const vex = read(document);
  if (vex.statements.length > 0) return vex;
  const why = vex.flaws[0] ?? 'it has no statement';
  throw new PlimsollError('VEX_INVALID', `${file} (${vex.format}) states nothing that can be read: ${why}`);
}

function readerOf(document: JsonObject): ((document: JsonObject) => VexDocument) | null {
  const context = document['@context'];
  if (typeof context === 'string' && /\bopenvex\b/.test(context)) return readOpenVex;
  if (objectOrNull(document.document)?.csaf_version !== undefined) return readCsafVex;
  return document.bomFormat === 'CycloneDX' ? readCycloneDxVex : null;
}
