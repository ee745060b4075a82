import { isToken } from '../packages/unit-gaps.ts';
import type { Report, ReportLayer, ReportPackage } from '../report/report.ts';

/**
 * What a report says and SBOM formats have no place for, as names and values: `properties` in CycloneDX, annotations in
 * SPDX. A list is one property for each item. What is null, false or empty is left out. Objects are JSON.
 * `read-properties.ts` is the way back. docs/sbom.md describes them.
 */
export interface Property {
  readonly name: string;
  readonly value: string;
}

type Value = string | number | boolean | object | null | readonly (string | object)[];

/** Everything about one package beside purl, name and version, which every format has. */
export function packageProperties(each: ReportPackage, layers: readonly ReportLayer[]): Property[] {
  return [
    ...property('type', each.type),
    ...property('id', each.id === each.purl ? null : each.id),
    // One line of the tag-value form holds no other text as it is.
    ...property('name', isPlain(each.name) ? null : each.name),
    ...property('version', isPlain(each.version) ? null : each.version),
    ...property('arch', each.arch),
    ...property('source:name', each.source?.name ?? null),
    ...property('source:version', each.source?.version ?? null),
    ...property('epoch', each.epoch),
    ...property('modularity', each.modularity),
    ...property('origin', each.origin),
    ...property('vendor', each.vendor),
    ...property('repository', each.repository),
    ...property('license', each.licenses),
    ...property('layer:index', each.layer),
    // For other readers: ours finds both by the index.
    ...property('layer:digest', each.layer === null ? null : (layers[each.layer]?.digest ?? null)),
    ...property('layer:instruction', each.layer === null ? null : (layers[each.layer]?.instruction ?? null)),
    ...property('path', each.paths),
    ...property('ownedBy', each.ownedBy),
    ...property('dependsOn', each.dependsOn),
    ...property('development', each.development),
    ...property('hiddenBy', each.hiddenBy),
    ...property('foundBy', each.foundBy),
  ];
}

/** What the report says of the image, and of what the scan could not see. */
export function documentProperties({ target, image, engines, findings, packages, completeness }: Report): Property[] {
  return [
    ...property('target:digest', target.digest),
    ...property('target:platform', target.platform),
    ...property('image:id', image.id),
    ...property('image:os', image.os),
    ...property('image:architecture', image.architecture),
    ...property('image:created', image.created),
    ...property('image:repository', image.repositories),
    ...property('image:layer', image.layers),
    ...property('image:config', image.config),
    ...property('engine', engines),
    ...property('finding', findings),
    ...property('packages', packages.length),
    ...property('completeness:status', completeness.status),
    ...property('completeness:layersRead', completeness.layersRead),
    ...property('completeness:gap', completeness.gaps),
  ];
}

function isPlain(text: string): boolean {
  return isToken(text) && !text.includes('<');
}

function property(name: string, value: Value): Property[] {
  const values = Array.isArray(value) ? value : value === null || value === false ? [] : [value];
  return values.map((item) => ({
    name: `plimsoll:${name}`,
    value: typeof item === 'object' ? JSON.stringify(item) : String(item),
  }));
}
