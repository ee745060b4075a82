import { baseOf } from '../../../layers/path.ts';
import { parseToml } from '../../foreign-documents.ts';
import { lockfileAnalyzer } from '../../locked-packages.ts';
import { isObject, type JsonObject } from '../../package-file.ts';
import { addDistribution, developmentNames, distributionsOf, normalized, tableAt } from './python-project.ts';

/**
 * uv.lock (docs.astral.sh/uv). The project and the members of its workspace are packages of a folder: what they need is
 * needed, what is in their groups is for development.
 */
export const uvLock = lockfileAnalyzer({
  id: 'uv-lock',
  version: 1,
  isWanted: (path) => baseOf(path) === 'uv.lock',
  read(file, packages) {
    const lock = parseToml(file);
    if (lock === null) return;
    if (lock.version === undefined)
      file.gaps.add('package-file-unparsable', 'it states no version of a lockfile of uv');
    const distributions = distributionsOf(lock, file) ?? [];
    const members = distributions.filter(({ table }) => isFolder(table)).map(({ table }) => table);
    const needed = members.flatMap(dependenciesOf);
    const development = members.flatMap((member) => groupsOf(member, 'dev-dependencies'));
    // A member's groups are for itself alone; what it needs, those need that need it.
    const led = developmentNames(distributions, { needed, development }, dependenciesOf);
    for (const distribution of distributions) {
      if (isFolder(distribution.table)) continue;
      const dependsOn = namesOf(distribution.table.dependencies);
      addDistribution(distribution, { development: led.has(normalized(distribution.name)), dependsOn }, file, packages);
    }
  },
});

function isFolder({ source }: JsonObject): boolean {
  return isObject(source) && ['editable', 'virtual', 'directory'].some((kind) => source[kind] !== undefined);
}

function namesOf(list: unknown): string[] {
  return (Array.isArray(list) ? list : []).flatMap((each: unknown) =>
    isObject(each) && typeof each.name === 'string' ? [each.name] : [],
  );
}

function dependenciesOf(table: JsonObject): string[] {
  return [...namesOf(table.dependencies), ...groupsOf(table, 'optional-dependencies')];
}

function groupsOf(table: JsonObject, key: string): string[] {
  return Object.values(tableAt(table, key)).flatMap(namesOf);
}
