import type { ZodType } from 'zod';
import type { JsonObject, PackageFile } from '../packages/package-file.ts';
import {
  type CdxBom,
  type CdxComponent,
  cdxBom,
  cdxComponent,
  cdxComposition,
  cdxDependency,
  cdxMetadata,
  cdxTools,
} from './cyclonedx-document.ts';
import { firstIssue } from './first-issue.ts';
import { isImagePurl, purlType } from './foreign-package.ts';
import { joinName } from './package-name.ts';
import type { Property } from './properties.ts';
import type { SbomFormat } from './sbom.ts';
import type { StatedPackage, StatedSbom } from './stated-sbom.ts';
import { isTrivyGroup } from './trivy.ts';

/** What a CycloneDX document states, given in the shape of its JSON form. Its specVersion is one that we know. */
export function readCycloneDx(value: JsonObject, format: SbomFormat, file: PackageFile): StatedSbom {
  const nothing: CdxBom = { specVersion: String(value.specVersion) };
  const bom = fitting(cdxBom, value, 'the document', file, 'package-database-broken') ?? nothing;
  const metadata = bom.metadata == null ? null : fitting(cdxMetadata, bom.metadata, '"metadata"', file);
  const subject =
    metadata?.component == null ? null : fitting(cdxComponent, metadata.component, '"metadata.component"', file);
  const components = flattened(bom.components ?? [], file);
  // What the document is about may be a package too, as the project that an SBOM of npm describes.
  if (subject !== null) components.push(...flattened(subject.components ?? [], file));
  if (subject !== null && isPackage(subject) && subject.purl && !isImagePurl(subject.purl)) components.push(subject);
  const dependencies = dependenciesOf(bom.dependencies ?? [], file);
  const lockfiles = lockfilePaths(
    components.filter((each) => isLockfile(each) && !isTrivyGroup(each)),
    dependencies,
    file,
  );
  const os = components.find(({ type }) => type === 'operating-system') ?? null;
  const compositions = list(bom.compositions ?? [], cdxComposition, '"compositions"', file);
  const gap = compositions.find(({ aggregate }) => aggregate.startsWith('incomplete'));
  return {
    format,
    specVersion: bom.specVersion,
    tool: toolOf(metadata?.tools, file),
    subject: {
      purl: subject?.purl ?? null,
      version: subject?.version ?? null,
      properties: [...propertiesOf(bom), ...propertiesOf(metadata), ...propertiesOf(subject)],
    },
    os: os && {
      name: os.name,
      version: os.version || null,
      description: os.description ?? null,
      properties: propertiesOf(os),
    },
    packages: components
      .filter((each) => isPackage(each) && !isLockfile(each))
      .map((each) => packageOf(each, lockfiles.get(each['bom-ref'] ?? '') ?? [])),
    dependencies,
    incomplete: gap === undefined ? null : `the SBOM calls itself ${gap.aggregate}`,
  };
}

/** What else there is has a type of its own: files, devices, data, models. With a purl it is a package all the same. */
const PACKAGE_TYPES: ReadonlySet<string> = new Set(['application', 'framework', 'library']);

function isPackage({ type, purl }: CdxComponent): boolean {
  if (type === 'operating-system') return false;
  return Boolean(purl) || PACKAGE_TYPES.has(type ?? 'library');
}

/** Trivy's entry for a file that lists packages: no package itself. */
function isLockfile({ purl, type, properties }: CdxComponent): boolean {
  return (
    !purl && type === 'application' && properties?.some(({ name }) => name === 'aquasecurity:trivy:Class') === true
  );
}

/** Components inside components, each after the one that holds it. */
function flattened(components: readonly unknown[], file: PackageFile): CdxComponent[] {
  const { limits, gaps } = file;
  const found: CdxComponent[] = [];
  let tried = 0;
  const open: { readonly items: readonly unknown[]; at: number }[] = [{ items: components, at: 0 }];
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    if (level.at === level.items.length) {
      open.pop();
      continue;
    }
    tried += 1;
    if (tried > limits.packages) {
      gaps.add('limit-reached', `more than ${limits.packages} components (packages); the rest was not read`);
      break;
    }
    const item = fitting(cdxComponent, level.items[level.at++], 'a component', file, 'package-database-broken');
    if (item === null) continue;
    found.push(item);
    if (item.components?.length) open.push({ items: item.components, at: 0 });
  }
  return found;
}

function packageOf(each: CdxComponent, lockfiles: readonly string[]): StatedPackage {
  const { purl, group, name, version, scope, licenses, supplier, publisher, evidence } = each;
  return {
    ref: each['bom-ref'] ?? null,
    purl: purl || null,
    name: joinName(purlType(purl) ?? '', group, name),
    version: version || null,
    licenses: (licenses ?? []).flatMap(({ expression, license }) => expression || license?.id || license?.name || []),
    supplier: supplier?.name || publisher || null,
    paths: [...lockfiles, ...(evidence?.occurrences ?? []).flatMap(({ location }) => location || [])],
    development: scope === 'excluded',
    properties: propertiesOf(each),
  };
}

function propertiesOf(holder: { properties?: CdxComponent['properties'] } | null): Property[] {
  return (holder?.properties ?? []).map(({ name, value }) => ({ name, value: value ?? '' }));
}

function dependenciesOf(value: readonly unknown[], file: PackageFile): Map<string, string[]> {
  const { limits, gaps } = file;
  const dependencies = new Map<string, string[]>();
  let count = 0;
  for (const { ref, dependsOn } of list(value, cdxDependency, '"dependencies"', file)) {
    count += dependsOn?.length ?? 0;
    if (count > limits.relations) {
      gaps.add('limit-reached', `more than ${limits.relations} dependencies (relations); the rest was not read`);
      break;
    }
    dependencies.set(ref, [...(dependencies.get(ref) ?? []), ...(dependsOn ?? [])]);
  }
  return dependencies;
}

/** From the reference of a package to the names of the lockfiles that list it, directly or through others. */
function lockfilePaths(
  lockfiles: readonly CdxComponent[],
  dependencies: ReadonlyMap<string, readonly string[]>,
  { limits, gaps }: PackageFile,
): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, string[]>();
  let steps = 0;
  for (const { 'bom-ref': ref, name } of lockfiles) {
    const seen = new Set<string>();
    const open = [...(dependencies.get(ref ?? '') ?? [])];
    for (let each = open.pop(); each !== undefined; each = open.pop()) {
      if (seen.has(each)) continue;
      seen.add(each);
      steps += 1;
      if (steps > limits.relations) {
        gaps.add(
          'limit-reached',
          `more than ${limits.relations} packages of lockfiles (relations): their paths are unknown`,
        );
        return paths;
      }
      for (const next of dependencies.get(each) ?? []) open.push(next);
      const known = paths.get(each);
      if (known === undefined) paths.set(each, [name]);
      else known.push(name);
    }
  }
  return paths;
}

/** The first that is named, mostly the only one. */
function toolOf(value: unknown, file: PackageFile): StatedSbom['tool'] {
  const tools = value == null ? null : fitting(cdxTools, value, '"metadata.tools"', file);
  const [first] = Array.isArray(tools) ? tools : (tools?.components ?? []);
  return first === undefined ? null : { name: first.name, version: first.version ?? null };
}

function list<Item>(value: readonly unknown[], item: ZodType<Item>, called: string, file: PackageFile): Item[] {
  return value.flatMap((each) => fitting(item, each, `an item of ${called}`, file) ?? []);
}

/** Null, and a gap, where the value is of another shape than the specification's. */
function fitting<Value>(
  shape: ZodType<Value>,
  value: unknown,
  called: string,
  { gaps }: PackageFile,
  code: 'package-record-invalid' | 'package-database-broken' = 'package-record-invalid',
): Value | null {
  const { success, data, error } = shape.safeParse(value);
  if (success) return data;
  gaps.add(code, `${called}: ${firstIssue(error)}`);
  return null;
}
