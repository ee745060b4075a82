import { baseOf } from '../../../layers/path.ts';
import { onlyDevelopment } from '../../development.ts';
import type { Analyzer, DatabaseFile, ReadContext } from '../../ecosystem.ts';
import { type LockedPackages, lockfileUnit } from '../../locked-packages.ts';
import { isObject, type JsonObject, type PackageFile, parseJson } from '../../package-file.ts';
import { filesByProject, isProjectFile } from '../../project-files.ts';
import { addLocked, aliasOf, isLocal } from './locked-package.ts';
import { readYarnEntries, type YarnEntry } from './yarn-entries.ts';

const LOCK = 'yarn.lock';
const MANIFEST = 'package.json';

/**
 * yarn's lockfile: its own format of version 1, and the one like YAML since version 2 (`__metadata`). It does not tell
 * what is for development; the package.json files of the project do, where they lie beside it.
 */
export const yarnLock: Analyzer = {
  id: 'yarn-lock',
  version: 1,
  roots: [],
  wants: ({ path }) => ([LOCK, MANIFEST].includes(baseOf(path)) && isProjectFile(path) ? 'whole' : 'no'),
  readDatabase(files, context) {
    const projects = filesByProject(files, LOCK, MANIFEST);
    return { units: projects.map(({ lock, manifests }) => unitOf(lock, manifests, context)) };
  },
};

function unitOf(lock: DatabaseFile, manifests: readonly DatabaseFile[], context: ReadContext) {
  return lockfileUnit(lock, context, (file, packages) => {
    const entries = readYarnEntries(file);
    const development = onlyForDevelopment(entries, manifests, file);
    for (const entry of entries) addEntry(entry, development.has(entry), file, packages);
  });
}

function addEntry(entry: YarnEntry, development: boolean, file: PackageFile, packages: LockedPackages): void {
  const { descriptors, version, resolution, dependencies } = entry;
  const [name, range] = nameAndRange(resolution ?? descriptors[0] ?? '');
  if (isLocal(range)) return;
  const alias = resolution === null ? aliasOf(range) : null;
  const dependsOn = dependencies.map(([dependency, wanted]) => `${dependency}@${wanted.replace(/^npm:(?!.*@)/, '')}`);
  addLocked({ name: alias?.name ?? name, version, development, dependsOn }, file, packages);
}

function nameAndRange(descriptor: string): [name: string, range: string] {
  const at = descriptor.indexOf('@', 1);
  return at < 0 ? [descriptor, ''] : [descriptor.slice(0, at), descriptor.slice(at + 1)];
}

/** A range that `resolutions` overrides is found by the name alone: all entries of it may be meant. */
function onlyForDevelopment(
  entries: readonly YarnEntry[],
  manifests: readonly DatabaseFile[],
  file: PackageFile,
): Set<YarnEntry> {
  const byDescriptor = new Map(entries.flatMap((entry) => entry.descriptors.map((descriptor) => [descriptor, entry])));
  const byName = Map.groupBy(entries, ({ descriptors }) => nameAndRange(descriptors[0] ?? '')[0]);
  const found = ([name, range]: readonly [string, string]): readonly YarnEntry[] => {
    const entry = byDescriptor.get(`${name}@${range}`) ?? byDescriptor.get(`${name}@npm:${range}`);
    return entry === undefined ? (byName.get(name) ?? []) : [entry];
  };
  // A workspace's own entry names what it needs for development too.
  const next = (entry: YarnEntry) =>
    isLocal(nameAndRange(entry.resolution ?? '')[1]) ? [] : entry.dependencies.flatMap(found);
  const objects = manifests.flatMap(({ path, bytes }) => {
    const manifest = parseJson({ ...file, path, bytes });
    return manifest === null ? [] : [manifest];
  });
  const wanted = (group: (manifest: JsonObject) => unknown) =>
    objects.flatMap((manifest) => rangesOf(group(manifest)).flatMap(found));
  const needed = [
    ...wanted(({ dependencies }) => dependencies),
    ...wanted(({ optionalDependencies }) => optionalDependencies),
  ];
  return onlyDevelopment(
    needed,
    wanted(({ devDependencies }) => devDependencies),
    next,
  );
}

function rangesOf(group: unknown): [name: string, range: string][] {
  if (!isObject(group)) return [];
  return Object.entries(group).flatMap(([name, range]) => (typeof range === 'string' ? [[name, range]] : []));
}
