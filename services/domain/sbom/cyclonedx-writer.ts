import { licenseKind } from '../packages/license.ts';
import type { Report, ReportPackage } from '../report/report.ts';
import { asSerialized, jsonText } from '../report/serialize.ts';
import { resolvedDependencies } from './dependencies.ts';
import { uuidOf } from './identity.ts';
import { splitName } from './package-name.ts';
import { documentProperties, packageProperties } from './properties.ts';

const TARGET_REF = 'plimsoll:target';
const OS_REF = 'plimsoll:os';

/**
 * The report as CycloneDX 1.6 JSON (ECMA-424, first edition): the image is `metadata.component`, the distribution the
 * component of type `operating-system`, each package a component that its id names. What CycloneDX has no field for are
 * properties (docs/sbom.md). The same report gives the same bytes; the serial number is made from its facts.
 */
export function formatCycloneDx(report: Report, sha256: (bytes: Uint8Array) => string): string {
  const told = asSerialized(report);
  const { packages, image } = told;
  const os = image.os === null ? [] : [operatingSystem(image.os)];
  return jsonText({
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(told, sha256)}`,
    version: 1,
    metadata: {
      timestamp: told.createdAt,
      tools: { components: [{ type: 'application', name: told.tool.name, version: told.tool.version }] },
      component: subject(told),
      properties: documentProperties(told),
    },
    components: [...os, ...packages.map((each) => component(each, image.layers))],
    dependencies: dependencies(packages, image.os !== null),
    compositions: [
      {
        aggregate: told.completeness.status === 'complete' ? 'complete' : 'incomplete',
        assemblies: [TARGET_REF],
      },
    ],
  });
}

function subject({ target, image }: Report): object {
  const [algorithm, hex] = target.digest?.split(':') ?? [];
  return {
    type: image.layers.length > 0 || image.id !== null ? 'container' : 'application',
    'bom-ref': TARGET_REF,
    name: target.reference,
    ...(target.digest === null
      ? {}
      : { version: target.digest, hashes: [{ alg: algorithm === 'sha512' ? 'SHA-512' : 'SHA-256', content: hex }] }),
  };
}

function operatingSystem({ id, versionId, prettyName }: NonNullable<Report['image']['os']>): object {
  return {
    type: 'operating-system',
    'bom-ref': OS_REF,
    name: id,
    ...(versionId === null ? {} : { version: versionId }),
    ...(prettyName === null ? {} : { description: prettyName }),
  };
}

function component(each: ReportPackage, layers: Report['image']['layers']): object {
  const { group, name } = splitName(each);
  return {
    type: 'library',
    'bom-ref': each.id,
    ...(each.vendor === null ? {} : { supplier: { name: each.vendor } }),
    ...(group === null ? {} : { group }),
    name,
    version: each.version,
    ...(each.development ? { scope: 'excluded' } : {}),
    ...(each.licenses.length === 0 ? {} : { licenses: licenses(each.licenses) }),
    purl: each.purl,
    properties: packageProperties(each, layers),
  };
}

/** One expression stands alone, or there are licences by identifier or name: the schema allows no mixture. */
function licenses(texts: readonly string[]): object[] {
  const [only] = texts;
  if (texts.length === 1 && licenseKind(only!) === 'expression') return [{ expression: only }];
  return texts.map((text) => ({ license: licenseKind(text) === 'id' ? { id: text } : { name: text } }));
}

/**
 * The target has everything; of packages those are listed that are known to need others, since an entry without targets
 * would claim that there are none.
 */
function dependencies(packages: readonly ReportPackage[], hasOs: boolean): object[] {
  const needed = [...resolvedDependencies(packages)].filter(([, targets]) => targets.length > 0);
  const all = [...(hasOs ? [OS_REF] : []), ...packages.map(({ id }) => id)];
  return [{ ref: TARGET_REF, dependsOn: all }, ...needed.map(([ref, dependsOn]) => ({ ref, dependsOn }))];
}
