import { baseOf } from '../../layers/path.ts';
import { isToken, quote, type UnitGaps } from '../unit-gaps.ts';
import type { ArchiveFacts } from './archive.ts';
import { parseManifest, parseProperties } from './manifest.ts';
import { compare } from './version.ts';

/** Where Maven puts a pom.properties. */
const OF_MAVEN = /META-INF\/maven\/([^/]+)\/([^/]+)\/pom\.properties$/;

type Attributes = ReadonlyMap<string, string>;

/** One Maven artifact. */
export interface Artifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly string[];
}

/** `log4j-1.2-api-2.17.1.jar`: `log4j-1.2-api`, 2.17.1. */
export interface NamedArtifact {
  readonly name: string;
  /** null: the name has none. */
  readonly version: string | null;
}

/** What versions go on with behind a hyphen: dates, counters, and words that are known. */
const VERSION =
  /-([0-9][0-9A-Za-z_.+~]*(?:-(?:[0-9][0-9A-Za-z_.+]*|(?:alpha|beta|b|m|milestone|rc|cr|pre|ga|final|release|snapshot|sp|stable|incubating|jre|jdk|android|redhat|patch|build)[0-9._]*))*)$/i;

/** NAME_MAX of Linux, where artifacts are files. Names in archives may be longer, and are nobody's. */
const LONGEST_NAME = 255;
const LONGEST_LICENSE = 1_000;

/** The name and version in the name of a file; of several ways to divide it the one with the longest version. */
export function namedArtifact(file: string): NamedArtifact {
  const stem = baseOf(file).replace(/\.[^.]*$/, '');
  const match = stem.length > LONGEST_NAME ? null : VERSION.exec(stem);
  return match === null ? { name: stem, version: null } : { name: stem.slice(0, match.index), version: match[1]! };
}

/**
 * The artifacts of one archive, which is called `file`: every pom.properties in it is one, of the archive itself or of
 * what was shaded into it. Where none is the archive's own, its name and manifest tell what it is, with less certainty.
 */
export function artifactsOf(facts: ArchiveFacts, file: string, gaps: UnitGaps): readonly Artifact[] {
  const where = facts.location.length === 0 ? '' : `in ${quote(facts.location.join('!/'))}: `;
  const artifacts: Artifact[] = [];
  for (const { path, text } of facts.poms) {
    const artifact = pomArtifact(path, text);
    if (artifact !== null) artifacts.push(artifact);
    else if (OF_MAVEN.test(path))
      gaps.add('package-record-invalid', `${where}${quote(path)} names no artifact and version`);
  }
  const named = namedArtifact(file);
  const manifest = parseManifest(facts.manifest ?? '');
  const version = versionOf(named, manifest);
  const own = ownOf(artifacts, named, version);
  if (own !== null)
    return artifacts.map((artifact) => (artifact === own ? { ...own, licenses: licensesOf(manifest) } : artifact));
  const name = version === null ? null : withoutVersion(named.name, version);
  if (version !== null && isName(name)) {
    return [
      { group: groupOf(name, version, file, manifest), name, version, licenses: licensesOf(manifest) },
      ...artifacts,
    ];
  }
  if (artifacts.length === 0) gaps.add('package-record-invalid', `${where}nothing tells the version of this archive`);
  return artifacts;
}

/** By what the file says, and its folders. */
function pomArtifact(path: string, text: string): Artifact | null {
  const properties = parseProperties(text);
  const [, groupFolder, artifactFolder] = OF_MAVEN.exec(path) ?? [];
  const group = properties.get('groupId') ?? groupFolder;
  const name = properties.get('artifactId') ?? artifactFolder;
  const version = properties.get('version');
  return isName(group) && isName(name) && isName(version) ? { group, name, version, licenses: [] } : null;
}

/** Printable, and nothing that Maven should have filled in. */
function isName(text: string | null | undefined): text is string {
  return isToken(text ?? undefined) && text!.length <= LONGEST_NAME && !/[:@]|\$\{/.test(text!);
}

/** That of the file's name is Maven's own; the bundle's is spelt as OSGi wants it. */
function versionOf(named: NamedArtifact, manifest: Attributes): string | null {
  const versions = [named.version, manifest.get('implementation-version'), manifest.get('bundle-version')];
  return versions.find((text) => isName(text) && /[0-9]/.test(text)) ?? null;
}

/**
 * The artifact that the archive itself is: it has the file's name. A file that was given another name is told by its
 * version, if only one artifact has that.
 */
function ownOf(artifacts: readonly Artifact[], named: NamedArtifact, version: string | null): Artifact | null {
  const namesake = artifacts.find(({ name }) => name === named.name || name === `${named.name}-${named.version}`);
  if (namesake !== undefined) return namesake;
  if (version === null) return artifacts.length === 1 ? artifacts[0]! : null;
  if (named.version !== null && artifacts.length > 1) return null;
  const same = artifacts.filter((artifact) => compare(artifact.version, version) === 0);
  return same.length === 1 ? same[0]! : null;
}

/** `tool-1.2-all` of version 1.2 is `tool`. */
function withoutVersion(name: string, version: string): string {
  const at = `${name}-`.indexOf(`-${version}-`);
  return at > 0 ? name.slice(0, at) : name;
}

/** As stated (OSGi, "Bundle-License"): an address or a name, which may have a comma in it, or several addresses. */
function licensesOf(manifest: Attributes): readonly string[] {
  const stated =
    manifest
      .get('bundle-license')
      ?.replace(/[\p{Cc}\p{Cf}]+/gu, '')
      .trim() ?? '';
  if (stated === '' || stated.length > LONGEST_LICENSE) return [];
  return stated.split(/\s*,\s*(?=https?:\/\/)/);
}

/**
 * A local repository of Maven or a cache of Gradle has the group in its folders; else the names of the module tell it.
 * Archives that have neither are mostly as old as Maven 1, whose groups were called as their artifacts.
 */
function groupOf(artifact: string, version: string, file: string, manifest: Attributes): string {
  const group = groupOfFolders(file.split('/'), artifact, version);
  if (group !== null) return group;
  for (const name of ['bundle-symbolicname', 'automatic-module-name']) {
    const symbolic = manifest.get(name)?.split(';', 1)[0]?.trim();
    const found = isName(symbolic) ? groupIn(symbolic, artifact) : null;
    if (found !== null) return found;
  }
  const vendor = manifest.get('implementation-vendor-id');
  return isName(vendor) && isGroup(vendor) ? vendor : artifact;
}

/** `repository/org/example/tool/1.0/tool-1.0.jar`; Gradle has a folder more, which is called by a digest. */
function groupOfFolders(parts: readonly string[], artifact: string, version: string): string | null {
  const root = parts.findLastIndex((part) => part === 'repository' || part === 'maven-repo' || part === 'files-2.1');
  const end = parts.length - (parts[root] === 'files-2.1' ? 4 : 3);
  if (root < 0 || end <= root || parts[end] !== artifact || parts[end + 1] !== version) return null;
  const group = parts.slice(root + 1, end).join('.');
  return isName(group) ? group : null;
}

/** Have many groups below them, and are none themselves. */
const NO_GROUPS = [
  'com.github',
  'com.google',
  'com.sun',
  'io.github',
  'org.apache',
  'org.codehaus',
  'org.eclipse',
  'org.jboss',
];

function isGroup(text: string): boolean {
  return text.includes('.') && !NO_GROUPS.includes(text);
}

/**
 * Maven's bundle plugin makes the symbolic name of GROUP and ARTIFACT, and names once what the group ends and the
 * artifact begins with: org.apache.commons and commons-lang3 are org.apache.commons.lang3. The shortest that fits.
 */
function groupIn(symbolic: string, artifact: string): string | null {
  const plain = (text: string): string => text.replace(/[-_]/g, '.').toLowerCase();
  const parts = symbolic.split('.');
  for (let length = 2; length <= parts.length; length++) {
    const group = parts.slice(0, length).join('.');
    const fits = [length, length - 1].some((from) => plain(parts.slice(from).join('.')) === plain(artifact));
    if (fits && isGroup(group)) return group;
  }
  return null;
}
