import type { Property } from './properties.ts';
import type { SpdxDocument, SpdxFile, SpdxPackage } from './spdx-document.ts';
import { isTrivyGroup } from './trivy.ts';

/** Relationships that read "A is needed by B", and whether A is needed to run it (SPDX 2.3, clause 11.1). */
const NEEDED_BY: ReadonlyMap<string, 'run' | 'develop'> = new Map([
  ['DEPENDENCY_OF', 'run'],
  ['RUNTIME_DEPENDENCY_OF', 'run'],
  ['OPTIONAL_DEPENDENCY_OF', 'run'],
  ['PROVIDED_DEPENDENCY_OF', 'run'],
  ['PREREQUISITE_FOR', 'run'],
  ['DEV_DEPENDENCY_OF', 'develop'],
  ['DEV_TOOL_OF', 'develop'],
  ['TEST_DEPENDENCY_OF', 'develop'],
  ['TEST_TOOL_OF', 'develop'],
  ['BUILD_DEPENDENCY_OF', 'develop'],
  ['BUILD_TOOL_OF', 'develop'],
]);
const NEEDS: ReadonlySet<string> = new Set(['DEPENDS_ON', 'HAS_PREREQUISITE']);

/** What the relationships of a document say about its elements. */
export class SpdxLinks {
  /** SPDXIDs of what the document is about. */
  readonly described = new Set<string>();
  /** From an SPDXID to those that it depends on. */
  readonly dependencies = new Map<string, string[]>();
  readonly #needed = new Map<string, Set<'run' | 'develop'>>();
  /** From an SPDXID to the SPDXIDs of what contains it. */
  readonly #containers = new Map<string, string[]>();
  /** From an SPDXID to those of the files that show that it is there. */
  readonly #evidence = new Map<string, string[]>();
  readonly #files: ReadonlyMap<string, SpdxFile>;
  readonly #lockfiles: ReadonlyMap<string, SpdxPackage>;

  constructor({ relationships, packages, files }: SpdxDocument) {
    this.#files = new Map(files.map((file) => [file.SPDXID, file]));
    this.#lockfiles = new Map(
      packages.filter((each) => isLockfile(each) && !isTrivyGroup(each)).map((each) => [each.SPDXID, each]),
    );
    for (const { spdxElementId: from, relationshipType: type, relatedSpdxElement: to, comment } of relationships) {
      if (type === 'DESCRIBES') this.described.add(to);
      else if (type === 'DESCRIBED_BY') this.described.add(from);
      else if (type === 'CONTAINS') append(this.#containers, to, from);
      else if (type === 'CONTAINED_BY') append(this.#containers, from, to);
      else if (NEEDS.has(type)) this.#need(from, to, 'run');
      else if (NEEDED_BY.has(type)) this.#need(to, from, NEEDED_BY.get(type)!);
      // Syft's way to say where it found a package.
      else if (type === 'OTHER' && comment?.startsWith('evident-by:') === true) append(this.#evidence, from, to);
    }
  }

  #need(from: string, to: string, why: 'run' | 'develop'): void {
    append(this.dependencies, from, to);
    const reasons = this.#needed.get(to);
    if (reasons === undefined) this.#needed.set(to, new Set([why]));
    else reasons.add(why);
  }

  /** True where all that needs a package needs it only to be built or tested. */
  isForDevelopment(id: string): boolean {
    const reasons = this.#needed.get(id);
    return reasons?.has('develop') === true && !reasons.has('run');
  }

  /** Names of the lockfiles that list a package, as Trivy has them. */
  lockfilesOf(id: string): string[] {
    const containers = this.#containers.get(id) ?? [];
    return containers.flatMap((container) => this.#lockfiles.get(container)?.name ?? []);
  }

  /** The files that show a package, with the layer that has them, as the properties that Syft writes elsewhere. */
  locationsOf(id: string): Property[] {
    const files = (this.#evidence.get(id) ?? []).flatMap((file) => this.#files.get(file) ?? []);
    return files.flatMap(({ fileName, comment }, index) => {
      const layer = comment?.startsWith('layerID: ') === true ? comment.slice('layerID: '.length).trim() : null;
      const path = { name: `syft:location:${index}:path`, value: fileName };
      return layer === null ? [path] : [path, { name: `syft:location:${index}:layerID`, value: layer }];
    });
  }
}

/** Trivy's entry for a file that lists packages (a lockfile, a binary): no package itself. */
export function isLockfile({ SPDXID, externalRefs }: SpdxPackage): boolean {
  return SPDXID.startsWith('SPDXRef-Application-') && (externalRefs ?? []).length === 0;
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
