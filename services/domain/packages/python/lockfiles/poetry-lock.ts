import { parseToml } from '../../foreign-documents.ts';
import { isObject, type JsonObject } from '../../package-file.ts';
import {
  addDistribution,
  developmentNames,
  distributionsOf,
  normalized,
  projectAnalyzer,
  standardWishes,
  tableAt,
  type Wishes,
} from './python-project.ts';

/**
 * poetry.lock (python-poetry.org). Until Poetry 1.4 and since 2.0 each package names its groups; between them only what
 * pyproject.toml beside it leads to tells what is for development.
 */
export const poetryLock = projectAnalyzer(
  { id: 'poetry-lock', version: 1, lockfile: 'poetry.lock' },
  (file, manifest, packages) => {
    const lock = parseToml(file);
    if (lock === null) return;
    if (!isObject(lock.metadata)) file.gaps.add('package-file-unparsable', 'it has no metadata of Poetry');
    const distributions = distributionsOf(lock, file) ?? [];
    const names = (table: JsonObject) => Object.keys(tableAt(table, 'dependencies'));
    const led = manifest === null ? new Set() : developmentNames(distributions, wishesOf(manifest), names);
    for (const distribution of distributions) {
      const { name, table } = distribution;
      // A folder of the project.
      if (tableAt(table, 'source').type === 'directory') continue;
      const { category, groups } = table;
      const development = Array.isArray(groups)
        ? groups.length > 0 && !groups.includes('main')
        : typeof category === 'string'
          ? category === 'dev'
          : led.has(normalized(name));
      addDistribution(distribution, { development, dependsOn: dependenciesOf(table) }, file, packages);
    }
  },
);

function wishesOf(manifest: JsonObject): Wishes {
  const poetry = tableAt(manifest, 'tool', 'poetry');
  const standard = standardWishes(manifest);
  const groups = Object.values(tableAt(poetry, 'group')).filter(isObject);
  return {
    needed: [...standard.needed, ...Object.keys(tableAt(poetry, 'dependencies'))],
    development: [
      ...standard.development,
      ...Object.keys(tableAt(poetry, 'dev-dependencies')),
      ...groups.flatMap((group) => Object.keys(tableAt(group, 'dependencies'))),
    ],
  };
}

/** `NAME (CONSTRAINT)`; a constraint by platform is a table or several. */
function dependenciesOf(table: JsonObject): string[] {
  return Object.entries(tableAt(table, 'dependencies')).map(([name, wanted]) => {
    const constraints = [wanted].flat().flatMap((each: unknown) => {
      const text = isObject(each) ? each.version : each;
      return typeof text === 'string' && text !== '*' ? [text] : [];
    });
    return constraints.length === 0 ? name : `${name} (${constraints.join(' || ')})`;
  });
}
