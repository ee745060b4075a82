import type { Limits } from '../../limits.ts';
import type { DatabaseFile, DatabaseUnit } from '../ecosystem.ts';
import { isObject, packageListUnit, parseJsonValue } from '../package-file.ts';
import { readPackage } from './package-entry.ts';

/**
 * What Composer installed into one vendor folder: `composer/installed.json`, of Composer 1 a list of packages, of Composer
 * 2 an object with `packages` and `dev-package-names`. The project itself stands only in `installed.php`, which is a
 * program and is not read.
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
    return packages.flatMap((entry: unknown) => {
      const record = readPackage(entry, file);
      if (record === null) return [];
      return development.has(record.name) ? { ...record, development: true } : record;
    });
  });
}

function namesIn(list: unknown): ReadonlySet<string> {
  return new Set(Array.isArray(list) ? list.filter((name) => typeof name === 'string').map(lowerCase) : []);
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}
