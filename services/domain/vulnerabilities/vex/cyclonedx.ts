import type { JsonObject } from '../../image/json.ts';
import { listOrEmpty, momentOrNull, objectOrNull, sentenceOrNull, textOrNull } from '../feeds/foreign-json.ts';
import { parsePurlPattern } from '../purl-pattern.ts';
import type { VexDocument, VexProduct, VexStatement, VexStatus } from './document.ts';

/** `analysis.state`. */
const STATES: ReadonlyMap<unknown, VexStatus> = new Map<unknown, VexStatus>([
  ['not_affected', 'not_affected'],
  ['false_positive', 'not_affected'],
  ['resolved', 'fixed'],
  ['resolved_with_pedigree', 'fixed'],
  ['exploitable', 'affected'],
  ['in_triage', 'under_investigation'],
]);

/** CycloneDX 1.4 and later with `vulnerabilities` (https://cyclonedx.org/capabilities/vex/), as JSON. */
export function readCycloneDxVex(document: JsonObject): VexDocument {
  const metadata = objectOrNull(document.metadata);
  const purls = purlsByRef(document);
  const flaws: string[] = [];
  const moment = momentOrNull(metadata?.timestamp);
  const statements = listOrEmpty(document.vulnerabilities).flatMap((item, i): VexStatement[] => {
    const vulnerability = objectOrNull(item);
    const analysis = objectOrNull(vulnerability?.analysis);
    const id = textOrNull(vulnerability?.id);
    // A vulnerability without analysis is a finding, no statement of VEX.
    if (analysis === null) return [];
    const status = STATES.get(analysis.state);
    if (id === null || status === undefined) {
      flaws.push(`vulnerability ${i + 1}: ${id === null ? 'it has no id' : 'its state is none of CycloneDX'}`);
      return [];
    }
    const references = listOrEmpty(vulnerability!.references).map((each) => textOrNull(objectOrNull(each)?.id));
    return [
      {
        vulnerabilities: [id, ...references.filter((name) => name !== null)],
        products: listOrEmpty(vulnerability!.affects).map((each) => productOf(objectOrNull(each), status, purls)),
        status,
        justification: textOrNull(analysis.justification),
        reason: sentenceOrNull(analysis.detail),
        timestamp: momentOrNull(analysis.lastUpdated) ?? momentOrNull(vulnerability!.updated) ?? moment,
      },
    ];
  });
  return {
    format: 'CycloneDX',
    id: textOrNull(document.serialNumber),
    author:
      textOrNull(objectOrNull(listOrEmpty(metadata?.authors)[0])?.name) ??
      textOrNull(objectOrNull(metadata?.supplier)?.name),
    statements,
    flaws,
  };
}

/** A reference is a package URL, the bom-ref of a component here, or a link into another BOM that ends in one (`urn:cdx:UUID/1#REF`). */
function productOf(affects: JsonObject | null, status: VexStatus, purls: ReadonlyMap<string, string>): VexProduct {
  const ref = textOrNull(affects?.ref, 4_096) ?? '';
  const link = /^urn:cdx:[^#]*#(.+)$/s.exec(ref)?.[1];
  const purl = parsePurlPattern(purls.get(ref) ?? link ?? ref);
  return {
    purls: purl === null ? [] : [purl],
    digests: [],
    components: null,
    versions: versionsOf(affects?.versions ?? null, status),
  };
}

/**
 * Null: all, as none are listed. A range (`range`) is not read, and so names no version. A version that is stated to be affected, or of
 * which that is not known, is none that "not affected" or "fixed" could be for.
 */
function versionsOf(listed: unknown, status: VexStatus): readonly string[] | null {
  if (listed === null || (Array.isArray(listed) && listed.length === 0)) return null;
  const clears = status === 'not_affected' || status === 'fixed';
  return listOrEmpty(listed)
    .map(objectOrNull)
    .filter((item) => !clears || item?.status === undefined || item.status === 'unaffected')
    .flatMap((item) => textOrNull(item?.version) ?? []);
}

function purlsByRef(document: JsonObject): Map<string, string> {
  const purls = new Map<string, string>();
  for (const item of [objectOrNull(document.metadata)?.component, ...listOrEmpty(document.components)]) {
    const component = objectOrNull(item);
    const ref = textOrNull(component?.['bom-ref'], 4_096);
    const purl = textOrNull(component?.purl, 4_096);
    if (ref !== null && purl !== null) purls.set(ref, purl);
  }
  return purls;
}
