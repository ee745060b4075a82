import type { Limits } from '../../limits.ts';
import type { DatabaseFile, DatabaseUnit, PackageRecord } from '../ecosystem.ts';
import {
  type JsonObject,
  languagePackage,
  type PackageFile,
  packageFileUnit,
  parseJson,
  stated,
  statedLicense,
} from '../package-file.ts';
import { quote } from '../unit-gaps.ts';

/**
 * One installed `package.json`. As `npm ls` has it: the name is the one that the file states (an alias is installed in
 * a folder of another name), or the folder's where it states none; the version is as stated. A file with neither name
 * nor version only marks its folder (`{"type": "module"}`) and is no package; one with a name alone is told.
 */
export function readManifest(bytes: DatabaseFile, installedName: string, limits: Limits): DatabaseUnit {
  return packageFileUnit(bytes, limits, (file) => {
    const manifest = parseJson(file);
    if (manifest === null) return null;
    const ownName = stated(manifest.name, file);
    const name = ownName ?? stated(installedName, file);
    const version = stated(manifest.version, file);
    if (version === null && ownName === null) return null;
    if (version === null || name === null) {
      file.gaps.add(
        'package-record-invalid',
        version === null ? `${quote(name ?? '')} states no version` : 'has no name',
      );
      return null;
    }
    return languagePackage({
      type: 'npm',
      name,
      version,
      licenses: licensesOf(manifest, file),
      dependsOn: dependenciesOf(manifest, file),
    });
  });
}

/** Texts, and the objects `{ type, url }` of old. */
export function licensesOf(manifest: JsonObject, file: PackageFile): PackageRecord['licenses'] {
  const licenses = [manifest.license, manifest.licenses].flat().map((value: unknown) => {
    return statedLicense(typeof value === 'object' && value !== null && 'type' in value ? value.type : value, file);
  });
  return [...new Set(licenses.filter((license) => license !== null))];
}

/** `NAME@RANGE` of what npm installs with it; an optional dependency replaces another of its name. */
export function dependenciesOf(manifest: JsonObject, file: PackageFile): PackageRecord['dependsOn'] {
  return namedRanges([manifest.dependencies, manifest.optionalDependencies], file);
}

/** `NAME@RANGE` of every entry of these objects; a later one replaces another of its name. */
export function namedRanges(groups: readonly unknown[], file: PackageFile): string[] {
  const ranges = new Map<string, string>();
  for (const group of groups) {
    if (typeof group !== 'object' || group === null || Array.isArray(group)) continue;
    for (const [key, range] of Object.entries(group)) {
      const name = stated(key, file);
      if (name !== null) ranges.set(name, stated(range, file) ?? '');
    }
  }
  return Array.from(ranges, ([name, range]) => (range === '' ? name : `${name}@${range}`));
}
