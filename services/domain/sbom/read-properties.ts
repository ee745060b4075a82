import type { ZodType } from 'zod';
import { type Gap, gap } from '../completeness.ts';
import { quote, type UnitGaps } from '../packages/unit-gaps.ts';
import type { Report, ReportImage, ReportLayer, ReportPackage } from '../report/report.ts';
import * as schema from '../report/report.ts';
import { layersFault, within } from './layer-references.ts';
import type { Property } from './properties.ts';
import { UNKNOWN_IMAGE } from './sbom.ts';
import type { StatedPackage } from './stated-sbom.ts';

/*
 * The way back from what `properties.ts` wrote. It is as foreign as the rest of the SBOM: it must fit the schema of the
 * report and name layers that the image has. What does not is a blocking gap.
 */

/** What an SBOM of ours says of the image and of the scan. */
export interface DocumentFields {
  readonly digest: string | null;
  readonly platform: string | null;
  readonly image: ReportImage;
  readonly engines: Report['engines'];
  readonly findings: Report['findings'];
  /** So many there should be. */
  readonly packages: number;
  readonly layersRead: number;
  readonly gaps: readonly Gap[];
}

/** True where Plimsoll wrote this entry. */
export function isOwnPackage(properties: readonly Property[]): boolean {
  return properties.some(({ name }) => name === 'plimsoll:type');
}

/** Null where Plimsoll did not write the document. */
export function readDocument(properties: readonly Property[], gaps: UnitGaps): DocumentFields | null {
  const fields = new Fields(properties);
  const status = fields.text('completeness:status');
  if (status === null) return null;
  const stated = fields.text('target:digest');
  const digest = fitting(schema.target.shape.digest, stated, 'the digest of the image', gaps) ?? null;
  const image = readImage(fields, gaps);
  const engines = fitting(schema.report.shape.engines, fields.objects('engine'), 'engine', gaps) ?? [];
  const findings = fitting(schema.report.shape.findings, fields.objects('finding'), 'finding', gaps) ?? [];
  const told = fitting(schema.completeness.shape.gaps, fields.objects('completeness:gap'), 'gap', gaps) ?? [];
  const own = told.map(({ code, message, layer, path }) =>
    gap(code, message, { layer: within(layer, image.layers), path }),
  );
  if (status !== 'complete' && own.every((each) => each.class !== 'blocking')) {
    gaps.add('package-database-broken', 'the scan behind the SBOM was partial, and the SBOM does not say why');
  }
  const layersRead = Math.min(fields.count('completeness:layersRead') || 0, image.layers.length);
  return {
    digest,
    platform: fields.text('target:platform'),
    image,
    engines,
    findings,
    packages: fields.count('packages') ?? 0,
    layersRead,
    gaps: own,
  };
}

/** Null, and a gap, where the properties are not as Plimsoll writes them. */
export function readPackage(
  { purl, name, version, properties }: StatedPackage,
  layers: readonly ReportLayer[],
  gaps: UnitGaps,
): ReportPackage | null {
  const fields = new Fields(properties);
  const source = fields.text('source:name');
  const stated = {
    id: fields.text('id') ?? purl,
    purl,
    type: fields.text('type'),
    name: fields.text('name') ?? name,
    version: fields.text('version') ?? version,
    arch: fields.text('arch'),
    source: source === null ? null : { name: source, version: fields.text('source:version') },
    epoch: fields.count('epoch'),
    modularity: fields.text('modularity'),
    origin: fields.text('origin'),
    vendor: fields.text('vendor'),
    repository: fields.text('repository'),
    licenses: fields.texts('license'),
    layer: fields.count('layer:index'),
    paths: fields.texts('path'),
    ownedBy: fields.text('ownedBy'),
    dependsOn: fields.texts('dependsOn'),
    development: fields.text('development') === 'true',
    hiddenBy: fields.count('hiddenBy'),
    foundBy: fields.texts('foundBy'),
  };
  const read = fitting(schema.reportPackage, stated, `package ${name}`, gaps);
  return read && { ...read, layer: within(read.layer, layers), hiddenBy: within(read.hiddenBy, layers) };
}

function readImage(fields: Fields, gaps: UnitGaps): ReportImage {
  const stated = {
    id: fields.text('image:id'),
    os: fields.objects('image:os')[0] ?? null,
    architecture: fields.text('image:architecture'),
    created: fields.text('image:created'),
    repositories: fields.texts('image:repository'),
    layers: fields.objects('image:layer'),
    config: fields.objects('image:config')[0] ?? null,
  };
  const image = fitting(schema.image, stated, 'image', gaps) ?? UNKNOWN_IMAGE;
  const layers = image.layers.toSorted((a, b) => a.index - b.index);
  const fault = layersFault(layers);
  if (fault === null) return { ...image, layers };
  gaps.add('package-database-broken', fault);
  return { ...image, layers: [] };
}

function fitting<Value>(what: ZodType<Value>, stated: unknown, called: string, gaps: UnitGaps): Value | null {
  const { success, data, error } = what.safeParse(stated);
  if (success) return data;
  const issue = error.issues[0];
  const where = `${called}${issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`}`;
  gaps.add('package-database-broken', `a property of Plimsoll's that Plimsoll would not write (${quote(where)})`);
  return null;
}

/** Properties by name. What is malformed is given as it is: the schema refuses it. */
class Fields {
  readonly #values = new Map<string, string[]>();

  constructor(properties: readonly Property[]) {
    for (const { name, value } of properties) {
      const values = this.#values.get(name);
      if (values === undefined) this.#values.set(name, [value]);
      else values.push(value);
    }
  }

  texts(name: string): readonly string[] {
    return this.#values.get(`plimsoll:${name}`) ?? [];
  }

  text(name: string): string | null {
    return this.texts(name)[0] ?? null;
  }

  /** NaN, which no schema takes, where it is no number. */
  count(name: string): number | null {
    const text = this.text(name);
    if (text === null) return null;
    return /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  }

  objects(name: string): readonly unknown[] {
    return this.texts(name).map((text) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
    });
  }
}
