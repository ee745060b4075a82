import type { Limits } from '../../../limits.ts';
import type { DatabaseFile } from '../../ecosystem.ts';
import { parseXml, type XmlElement, type XmlFlaw } from '../../xml.ts';

/** A dependency as a pom states it, before properties are put in; `version` and `scope` may be left to management. */
export interface PomDependency {
  readonly group: string;
  readonly artifact: string;
  readonly version: string | null;
  readonly scope: string | null;
  readonly type: string;
  readonly classifier: string;
}

export interface PomParent {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  /** From the folder of the pom, to a file or a folder; empty where it is to be had from a repository alone. */
  readonly relativePath: string;
}

/** What a pom.xml says of dependencies (Maven's model 4.0.0), as it stands there. */
export interface Pom {
  readonly path: string;
  /** null: those of the parent. */
  readonly group: string | null;
  readonly version: string | null;
  readonly artifact: string;
  readonly parent: PomParent | null;
  readonly properties: ReadonlyMap<string, string>;
  readonly managed: readonly PomDependency[];
  readonly dependencies: readonly PomDependency[];
  /** Profiles with dependencies that count only where somebody asks for the profile. */
  readonly furtherProfiles: readonly string[];
}

/** Maven's own default of `relativePath`. */
const PARENT = '../pom.xml';

/** The pom in a file, or why there is none. */
export function readPom({ path, bytes }: DatabaseFile, limits: Limits): Pom | XmlFlaw {
  const project = parseXml(bytes, limits);
  if (!('name' in project)) return project;
  const unparsable = (message: string): XmlFlaw => ({ code: 'package-file-unparsable', message });
  if (project.name !== 'project') return unparsable('no pom: its root is no project');
  const artifact = textOf(project, 'artifactId');
  if (artifact === null) return unparsable('no pom: it has no artifactId');
  const profiles = childrenOf(childOf(project, 'profiles'), 'profile');
  const active = profiles.filter((profile) => textOf(childOf(profile, 'activation'), 'activeByDefault') === 'true');
  const parts = [project, ...active];
  return {
    path,
    artifact,
    group: textOf(project, 'groupId'),
    version: textOf(project, 'version'),
    parent: parentOf(childOf(project, 'parent')),
    properties: new Map(
      parts.flatMap((part) =>
        (childOf(part, 'properties')?.children ?? []).map(({ name, text }) => [name, text] as const),
      ),
    ),
    // Of one dependency the last counts, as in a profile for the project's own.
    managed: parts.flatMap((part) => dependenciesOf(childOf(part, 'dependencyManagement'))),
    dependencies: parts.flatMap(dependenciesOf),
    furtherProfiles: profiles
      .filter((profile) => !active.includes(profile) && dependenciesOf(profile).length > 0)
      .map((profile) => textOf(profile, 'id') ?? ''),
  };
}

function parentOf(element: XmlElement | null): PomParent | null {
  const group = textOf(element, 'groupId');
  const artifact = textOf(element, 'artifactId');
  const version = textOf(element, 'version');
  if (group === null || artifact === null || version === null) return null;
  const relativePath = childOf(element, 'relativePath')?.text ?? PARENT;
  return { group, artifact, version, relativePath };
}

function dependenciesOf(element: XmlElement | null): PomDependency[] {
  return childrenOf(childOf(element, 'dependencies'), 'dependency').map((dependency) => ({
    group: textOf(dependency, 'groupId') ?? '',
    artifact: textOf(dependency, 'artifactId') ?? '',
    version: textOf(dependency, 'version'),
    scope: textOf(dependency, 'scope'),
    type: textOf(dependency, 'type') ?? 'jar',
    classifier: textOf(dependency, 'classifier') ?? '',
  }));
}

function childOf(element: XmlElement | null, name: string): XmlElement | null {
  return element?.children.find((child) => child.name === name) ?? null;
}

function childrenOf(element: XmlElement | null, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** null where there is no such element, or nothing in it. */
function textOf(element: XmlElement | null, name: string): string | null {
  return childOf(element, name)?.text || null;
}
