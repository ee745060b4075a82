import { PlimsollError } from '../../errors.ts';
import type { JsonObject } from '../../image/json.ts';
import { objectOrNull } from '../feeds/foreign-json.ts';
import { readCsafVex } from './csaf.ts';
import { readCycloneDxVex } from './cyclonedx.ts';
import type { VexDocument } from './document.ts';
import { readOpenVex } from './openvex.ts';

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
