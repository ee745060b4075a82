import type { LockedPackages } from '../../locked-packages.ts';
import { type PackageFile, stated } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';

/** One entry of a lockfile of npm's kin; name and version as foreign values. */
export interface LockedEntry {
  readonly name: unknown;
  readonly version: unknown;
  readonly development: boolean;
  readonly licenses?: readonly string[];
  readonly dependsOn: readonly string[];
}

/**
 * Adds one package. Where the lockfile says which package it is and no version, that is told: what comes from git or a
 * URL has the version of its own package.json, which only some lockfiles repeat.
 */
export function addLocked(entry: LockedEntry, file: PackageFile, packages: LockedPackages): void {
  const name = stated(entry.name, file);
  const version = stated(entry.version, file);
  if (name === null) {
    file.gaps.add('package-file-unparsable', 'an entry has no name');
    return;
  }
  if (version === null || !/^[v=]?\d/.test(version)) {
    const only = version === null ? '' : `, only ${quote(version)}`;
    file.gaps.add('dependency-unresolved', `of ${quote(name)} the lockfile states no version${only}`);
    return;
  }
  packages.add({ ...entry, type: 'npm', name, version });
}

/** Whether a version leads to another folder of the project: what lies there has a manifest and a lockfile of its own. */
export function isLocal(version: string): boolean {
  return /^(?:file|link|portal|workspace):/.test(version);
}

/** What `npm:NAME@VERSION` stands for, which an alias leads to. */
export function aliasOf(version: string): { readonly name: string; readonly version: string } | null {
  const [, name, aliased] = /^npm:(@?[^@]+)@(.+)$/.exec(version) ?? [];
  return name === undefined || aliased === undefined ? null : { name, version: aliased };
}
