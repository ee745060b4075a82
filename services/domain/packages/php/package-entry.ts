import type { PackageRecord } from '../ecosystem.ts';
import {
  isObject,
  type JsonObject,
  languagePackage,
  type PackageFile,
  stated,
  statedLicense,
} from '../package-file.ts';

/**
 * A package as Composer writes it into composer.lock and installed.json. Versions are as the package states them
 * (`v5.4.0`), names as Packagist compares them, in lower case.
 */
export function readPackage(entry: unknown, file: PackageFile): PackageRecord | null {
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
  });
}

/** `NAME:RANGE` as `composer require` takes it. What has no vendor is PHP itself, or a part of it: no package. */
function dependenciesOf(require: unknown, file: PackageFile): PackageRecord['dependsOn'] {
  return Object.entries(isObject(require) ? require : {}).flatMap(([key, range]) => {
    const name = stated(key, file)?.toLowerCase() ?? '';
    return name.includes('/') ? [`${name}:${stated(range, file) ?? '*'}`] : [];
  });
}
