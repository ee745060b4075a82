import { parseToml } from '../../foreign-documents.ts';
import { isObject, type JsonObject, stated } from '../../package-file.ts';
import { addDistribution, distributionsOf, projectAnalyzer, tableAt } from './python-project.ts';

/** pdm.lock (pdm-project.org). Each package names its groups; which of them are for development pyproject.toml tells. */
export const pdmLock = projectAnalyzer(
  { id: 'pdm-lock', version: 1, lockfile: 'pdm.lock' },
  (file, manifest, packages) => {
    const lock = parseToml(file);
    if (lock === null) return;
    if (!isObject(lock.metadata)) file.gaps.add('package-file-unparsable', 'it has no metadata of PDM');
    const development = developmentGroups(manifest ?? {});
    for (const distribution of distributionsOf(lock, file) ?? []) {
      const { path, editable, groups, dependencies } = distribution.table;
      // A folder of the project; an archive in it has a suffix.
      if (
        editable === 'true' ||
        editable === true ||
        (typeof path === 'string' && !/\.(?:whl|zip|tar\.\w+|tgz)$/.test(path))
      )
        continue;
      const named = Array.isArray(groups) ? (groups as unknown[]) : [];
      const dependsOn = Array.isArray(dependencies) ? dependencies.flatMap((each) => stated(each, file) ?? []) : [];
      const isDevelopment = named.length > 0 && named.every((group) => development.has(group));
      addDistribution(distribution, { development: isDevelopment, dependsOn }, file, packages);
    }
  },
);

function developmentGroups(manifest: JsonObject): Set<unknown> {
  const groups = { ...tableAt(manifest, 'tool', 'pdm', 'dev-dependencies'), ...tableAt(manifest, 'dependency-groups') };
  // Its own name for them where no manifest says.
  return new Set(['dev', ...Object.keys(groups)].filter((group) => group !== 'default'));
}
