import { baseOf, parentOf } from '../../layers/path.ts';
import type { Limits } from '../../limits.ts';
import type { DatabaseFile, DatabaseUnit, PackageRecord } from '../ecosystem.ts';
import { languagePackage, type PackageFile, packageFileUnit, stated, statedLicense } from '../package-file.ts';
import { type Headers, readHeaders } from './headers.ts';

const WANTED = new Set(['name', 'version', 'license-expression', 'license', 'classifier', 'requires-dist']);

/**
 * The core metadata of one installed distribution (packaging.python.org, "Core metadata specifications"). What it does
 * not state of name and version is taken from its folder, as pip does: `NAME-VERSION.dist-info`, `NAME-VERSION.egg-info`.
 */
export function readMetadata(bytes: DatabaseFile, limits: Limits): DatabaseUnit {
  return packageFileUnit(bytes, limits, (file) => {
    const headers = readHeaders(file, WANTED);
    let name = stated(headers.get('name')?.[0], file);
    let version = stated(headers.get('version')?.[0], file);
    if (name === null || version === null) {
      const [folderName, folderVersion] = namedByFolder(file.path);
      name ??= folderName ?? null;
      version ??= folderVersion ?? null;
      if (name === null || version === null) {
        file.gaps.add('package-record-invalid', 'neither the headers Name and Version nor the path say what this is');
        return null;
      }
      file.gaps.add('package-file-unparsable', 'the header Name or Version is missing: read from the path instead');
    }
    return languagePackage({
      type: 'pypi',
      name,
      version,
      licenses: licensesOf(headers, file),
      dependsOn: (headers.get('requires-dist') ?? []).flatMap((value) => stated(value, file) ?? []),
    });
  });
}

/** `NAME-VERSION` or `NAME-VERSION-pyX.Y` before the suffix; blanks and hyphens inside are spelt `_` or `.` there. */
function namedByFolder(path: string): (string | undefined)[] {
  let named = baseOf(path);
  if (named === 'METADATA' || named === 'PKG-INFO') named = baseOf(parentOf(path));
  if (named.toLowerCase() === 'egg-info') named = baseOf(parentOf(parentOf(path)));
  const stem = named.slice(0, named.lastIndexOf('.'));
  return stem.split('-').map((part) => (/^[\w.!+~]+$/.test(part) ? part : undefined));
}

/** The expression of PEP 639 alone where there is one; else the free text, and what the classifiers call it. */
function licensesOf(headers: Headers, file: PackageFile): PackageRecord['licenses'] {
  const expression = stated(headers.get('license-expression')?.[0], file);
  if (expression !== null) return [expression];
  const license = statedLicense(headers.get('license')?.[0], file);
  const classified = (headers.get('classifier') ?? []).flatMap((classifier) => {
    return classifier.startsWith('License ::') ? (stated(classifier.split('::').at(-1), file) ?? []) : [];
  });
  // distutils writes UNKNOWN where nothing was said.
  return [...new Set([...(license === null || license === 'UNKNOWN' ? [] : [license]), ...classified])];
}
