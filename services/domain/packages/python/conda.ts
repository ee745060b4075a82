import type { Limits } from '../../limits.ts';
import type { DatabaseFile, DatabaseUnit } from '../ecosystem.ts';
import { languagePackage, packageFileUnit, parseJson, stated, statedLicense } from '../package-file.ts';

/** One package of a conda environment: `conda-meta/NAME-VERSION-BUILD.json` (conda, "PrefixRecord"). */
export function readCondaMeta(bytes: DatabaseFile, limits: Limits): DatabaseUnit {
  return packageFileUnit(bytes, limits, (file) => {
    const meta = parseJson(file);
    if (meta === null) return null;
    const name = stated(meta.name, file);
    const version = stated(meta.version, file);
    if (name === null || version === null) {
      file.gaps.add('package-record-invalid', 'states no name or no version');
      return null;
    }
    const license = statedLicense(meta.license, file);
    const depends: readonly unknown[] = Array.isArray(meta.depends) ? meta.depends : [];
    return languagePackage({
      type: 'conda',
      name,
      version,
      licenses: license === null ? [] : [license],
      dependsOn: depends.flatMap((value) => stated(value, file) ?? []),
    });
  });
}
