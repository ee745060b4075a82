import { baseOf } from '../../../layers/path.ts';
import type { Analyzer } from '../../ecosystem.ts';
import { type LockedPackages, lockfileUnit } from '../../locked-packages.ts';
import type { PackageFile } from '../../package-file.ts';
import { isProjectFile } from '../../project-files.ts';
import { quote } from '../../unit-gaps.ts';
import { type Pom, readPom } from './pom-document.ts';
import { PomTree } from './pom-tree.ts';

/** What an archive was made from, unpacked: it tells of something installed, and not of a project. */
const OF_AN_ARCHIVE = /(?:^|\/)META-INF\/maven\//;

const NAME = /^[^:]+:[^:]+$/;

/**
 * The dependencies of one pom that are not of its own tree. What only tests need is development; what the environment
 * is to provide is there when the project runs.
 */
function readDependencies(pom: Pom, tree: PomTree, { gaps }: PackageFile, packages: LockedPackages): void {
  const { dependencies, outside } = tree.resolve(pom, (code, message) => gaps.add(code, message));
  const beyond = outside.length === 0 ? '' : `; not in the tree: ${outside.map(quote).join(', ')}`;
  const unresolved = (message: string): void => gaps.add('dependency-unresolved', `${message}${beyond}`);
  let foreign = 0;
  for (const { name, version, scope } of dependencies) {
    if (!('text' in name)) {
      unresolved(`a dependency whose name is open: the property ${quote(name.property)} ${name.why}`);
      continue;
    }
    const named = quote(name.text);
    if (!NAME.test(name.text)) {
      gaps.add('package-record-invalid', `a dependency without group or artifact: ${named}`);
      continue;
    }
    const stated = version !== null && 'text' in version ? version.text : null;
    if (tree.has(name.text, stated)) continue;
    foreign += 1;
    if (version === null) unresolved(`${named} has no version, and nothing in the tree manages it`);
    else if (!('text' in version)) {
      unresolved(`${named} has a version that is open: the property ${quote(version.property)} ${version.why}`);
    } else {
      const exact = exactVersion(version.text);
      if (exact === null) unresolved(`${named} has no version of its own, but asks for ${quote(version.text)}`);
      else packages.add({ type: 'maven', name: name.text, version: exact, development: scope === 'test' });
    }
  }
  if (foreign > 0 || outside.length > 0) {
    gaps.add('dependencies-unknown', `a pom names what the project needs itself, and not what that brings${beyond}`);
  }
  for (const profile of pom.furtherProfiles) {
    gaps.add(
      'dependencies-unknown',
      `its profile ${quote(profile)} has dependencies, which count where it is asked for`,
    );
  }
}

/** `[1.0]` is 1.0 and nothing else; other ranges, and what is latest, depend on the day. */
function exactVersion(version: string): string | null {
  const exact = /^\[([^,[\]()]+)\]$/.exec(version)?.[1]?.trim() ?? version;
  return /[,[\]()]/.test(exact) || exact === 'LATEST' || exact === 'RELEASE' ? null : exact;
}

/** pom.xml with its parents and what it imports, as far as they lie in the same tree. Nothing is looked up elsewhere. */
export const mavenPom: Analyzer = {
  id: 'maven-pom',
  version: 1,
  roots: [],
  wants: ({ path, type }) =>
    type === 'file' && baseOf(path) === 'pom.xml' && !OF_AN_ARCHIVE.test(path) && isProjectFile(path) ? 'whole' : 'no',
  readDatabase(files, context) {
    const { limits } = context;
    const read = files.map((file) => ({
      file,
      pom: file.bytes.length > limits.packageFileBytes ? null : readPom(file, limits),
    }));
    const tree = new PomTree(
      read.flatMap(({ pom }) => (pom !== null && 'artifact' in pom ? [pom] : [])),
      limits,
    );
    const units = read.map(({ file, pom }) => {
      return lockfileUnit(file, context, (opened, packages) => {
        if (pom === null) return;
        if ('artifact' in pom) readDependencies(pom, tree, opened, packages);
        else opened.gaps.add(pom.code, pom.message);
      });
    });
    return { units };
  },
};
