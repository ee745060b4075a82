import { baseOf } from '../../../layers/path.ts';
import { eachLockLine, type LockedPackages, lockfileAnalyzer } from '../../locked-packages.ts';
import type { PackageFile } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';

/** One file a project, and of its build scripts (Gradle 6.8 and later): `gradle.lockfile`, `buildscript-gradle.lockfile`. */
const ONE_A_PROJECT = /^(?:(buildscript|settings)-)?gradle\.lockfile$/;
/** One file a configuration, which has its name (Gradle before 7). */
const ONE_A_CONFIGURATION = /(?:^|\/)gradle\/dependency-locks\/(buildscript-)?([^/]+)\.lockfile$/;
/** Of the source set `test`, of another that ends so, or of Android's (`debugUnitTestRuntimeClasspath`). */
const OF_TESTS = /^test(?![a-z])|Test(?![a-z])/;

/**
 * `GROUP:ARTIFACT:VERSION=CONFIGURATION,…` a line, in old files without configurations, as the name of the file is it.
 * Development: what only tests need, and the plugins of build scripts. The last line, `empty=`, names configurations
 * without any dependency.
 */
function readLock(file: PackageFile, packages: LockedPackages): void {
  const { gaps, path } = file;
  const ofConfiguration = ONE_A_CONFIGURATION.exec(path);
  const ofBuild = (ofConfiguration ?? ONE_A_PROJECT.exec(baseOf(path)))?.[1] !== undefined;
  let isWhole = false;
  eachLockLine(file, (line, number) => {
    const text = line.trim();
    if (text === '') return;
    // Old files have no last line of their own, and all have this comment.
    if (ofConfiguration !== null) isWhole = true;
    if (text.startsWith('#')) return;
    if (text.startsWith('empty=')) {
      isWhole = true;
      return;
    }
    const [, group, artifact, version, list] = /^([^:=]+):([^:=]+):([^:=]+)(?:=(.*))?$/.exec(text) ?? [];
    if (group === undefined) {
      gaps.add('package-file-unparsable', `line ${number} is no GROUP:ARTIFACT:VERSION: ${quote(text)}`);
      return;
    }
    const configurations = (list ?? ofConfiguration?.[2] ?? '').split(',');
    const development = ofBuild || configurations.every((name) => OF_TESTS.test(name.trim()));
    packages.add({ type: 'maven', name: `${group}:${artifact}`, version: version!, development });
  });
  if (!isWhole) gaps.add('package-file-unparsable', 'the line `empty=` is missing, with which Gradle ends the file');
}

export const gradleLockfile = lockfileAnalyzer({
  id: 'gradle-lockfile',
  version: 1,
  isWanted: (path) => ONE_A_PROJECT.test(baseOf(path)) || ONE_A_CONFIGURATION.test(path),
  read: readLock,
});
