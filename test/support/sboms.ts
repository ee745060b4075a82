import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import { readSbom } from '../../services/domain/sbom/read-sbom.ts';
import type { SbomContent } from '../../services/domain/sbom/sbom.ts';

/** Small SBOMs made in code, and what is read of them. */

export function readText(text: string | Uint8Array, limits: Partial<Limits> = {}): SbomContent {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return readSbom('an.sbom', bytes, { ...LIMITS, ...limits });
}

export function cdx(facts: object, specVersion = '1.6'): string {
  return JSON.stringify({ bomFormat: 'CycloneDX', specVersion, ...facts });
}

export function cdxXml(inner: string, specVersion = '1.6'): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<bom xmlns="http://cyclonedx.org/schema/bom/${specVersion}" version="1">${inner}</bom>\n`;
}

export function spdx(facts: object, spdxVersion = 'SPDX-2.3'): string {
  return JSON.stringify({
    spdxVersion,
    SPDXID: 'SPDXRef-DOCUMENT',
    name: 'd',
    creationInfo: { creators: [] },
    ...facts,
  });
}

export function spdxPackage(name: string, facts: object = {}): object {
  const purl = { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: `pkg:npm/${name}@1` };
  return { SPDXID: `SPDXRef-${name}`, name, versionInfo: '1', externalRefs: [purl], ...facts };
}

export function library(name: string, facts: object = {}): object {
  return { type: 'library', 'bom-ref': name, name, version: '1', purl: `pkg:npm/${name}@1`, ...facts };
}
