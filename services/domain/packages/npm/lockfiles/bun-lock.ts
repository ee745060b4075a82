import { baseOf } from '../../../layers/path.ts';
import { onlyDevelopment } from '../../development.ts';
import { parseJsonc } from '../../foreign-documents.ts';
import { lockfileAnalyzer } from '../../locked-packages.ts';
import { isObject, type JsonObject } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';
import { dependenciesOf } from '../manifest.ts';
import { addLocked, isLocal } from './locked-package.ts';

/**
 * bun.lock, the text form of bun's lockfile (bun.com/docs/install/lockfile): packages by place (`a/b` is the `b` of `a`),
 * each a list that begins with `NAME@VERSION` and has its manifest in it. The workspaces tell what is for development.
 */
export const bunLock = lockfileAnalyzer({
  id: 'bun-lock',
  version: 1,
  isWanted: (path) => baseOf(path) === 'bun.lock',
  read(file, packages) {
    const lock = parseJsonc(file);
    if (lock === null) return;
    if (!isObject(lock.packages) || !isObject(lock.workspaces)) {
      file.gaps.add('package-file-unparsable', 'it has no packages or no workspaces');
      return;
    }
    const development = onlyForDevelopment(lock.workspaces, lock.packages);
    for (const [place, entry] of Object.entries(lock.packages)) {
      const identity: unknown = Array.isArray(entry) ? entry[0] : undefined;
      if (typeof identity !== 'string') {
        file.gaps.add('package-file-unparsable', `${quote(place)} does not say what it is`);
        continue;
      }
      const at = identity.indexOf('@', 1);
      const [name, version] = at < 0 ? [identity, null] : [identity.slice(0, at), identity.slice(at + 1)];
      if (version !== null && isLocal(version)) continue;
      const dependsOn = dependenciesOf(manifestOf(entry), file);
      addLocked({ name, version, development: development.has(place), dependsOn }, file, packages);
    }
  },
});

function manifestOf(entry: unknown): JsonObject {
  return (Array.isArray(entry) && (entry as unknown[]).find(isObject)) || {};
}

function onlyForDevelopment(workspaces: JsonObject, packages: JsonObject): Set<string> {
  /** As Node.js looks modules up: beside the one that asks, then further up. */
  const placeOf = (from: readonly string[], name: string): string[] => {
    for (let depth = from.length; depth >= 0; depth--) {
      const place = [...from.slice(0, depth), name].join('/');
      if (Object.hasOwn(packages, place)) return [place];
    }
    return [];
  };
  const places = (from: readonly string[], ...groups: readonly unknown[]): string[] =>
    groups.flatMap((group) => (isObject(group) ? Object.keys(group).flatMap((name) => placeOf(from, name)) : []));
  const roots = Object.values(workspaces).filter(isObject);
  const fromOf = ({ name }: JsonObject): string[] => (typeof name === 'string' ? [name] : []);
  const needed = roots.flatMap((root) => places(fromOf(root), root.dependencies, root.optionalDependencies));
  const development = roots.flatMap((root) => places(fromOf(root), root.devDependencies));
  return onlyDevelopment(needed, development, (place) => {
    const { dependencies, optionalDependencies, peerDependencies } = manifestOf(packages[place]);
    return places(partsOf(place), dependencies, optionalDependencies, peerDependencies);
  });
}

/** `@s/a/b` is `@s/a`, then `b`. */
function partsOf(place: string): string[] {
  return place.match(/(?:@[^/]+\/)?[^/]+/g) ?? [];
}
