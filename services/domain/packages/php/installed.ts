import type { Limits } from '../../limits.ts';
import type { DatabaseFile, DatabaseUnit, PackageRecord } from '../ecosystem.ts';
import {
  isObject,
  type JsonObject,
  languagePackage,
  type PackageFile,
  packageListUnit,
  parseJsonValue,
  stated,
  statedLicense,
} from '../package-file.ts';

/**
 * What Composer installed into one vendor folder: `composer/installed.json`, of Composer 1 a list of packages, of Composer
 * 2 an object with `packages` and `dev-package-names`. Versions are as the package states them (`v5.4.0`), names as
 * Packagist compares them, in lower case. The project itself stands only in `installed.php`, which is a program and is
 * not read.
 */
export function readInstalled(bytes: DatabaseFile, limits: Limits): DatabaseUnit {
  return packageListUnit(bytes, limits, (file) => {
    const value = parseJsonValue(file);
    if (value === undefined) return [];
    const packages = isObject(value) ? value.packages : value;
    if (!Array.isArray(packages)) {
      file.gaps.add('package-file-unparsable', 'JSON, but no list of packages');
      return [];
    }
    const development = namesIn(isObject(value) ? value['dev-package-names'] : null);
    return packages.flatMap((entry: unknown) => readPackage(entry, development, file) ?? []);
  });
}

function namesIn(list: unknown): ReadonlySet<string> {
  return new Set(Array.isArray(list) ? list.filter((name) => typeof name === 'string').map(lowerCase) : []);
}

function readPackage(entry: unknown, development: ReadonlySet<string>, file: PackageFile): PackageRecord | null {
  const fields: JsonObject = isObject(entry) ? entry : {};
  const name = stated(fields.name, file)?.toLowerCase() ?? null;
  const version = stated(fields.version, file);
  if (name === null || version === null) {
    file.gaps.add('package-record-invalid', 'a package states no name or no version');
    return null;
  }
  const licenses = [fields.license].flat().flatMap((license: unknown) => statedLicense(license, file) ?? []);
  return languagePackage({
    type: 'composer',
    name,
    version,
    licenses: [...new Set(licenses)],
    dependsOn: dependenciesOf(fields.require, file),
    ...(development.has(name) && { development: true }),
  });
}

/** `NAME:RANGE` as `composer require` takes it. What has no vendor is PHP itself, or a part of it: no package. */
function dependenciesOf(require: unknown, file: PackageFile): PackageRecord['dependsOn'] {
  return Object.entries(isObject(require) ? require : {}).flatMap(([key, range]) => {
    const name = stated(key, file)?.toLowerCase() ?? '';
    return name.includes('/') ? [`${name}:${stated(range, file) ?? '*'}`] : [];
  });
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}
