import { baseOf } from '../../../layers/path.ts';
import { eachLockLine, type LockedPackages, lockfileAnalyzer } from '../../locked-packages.ts';
import type { PackageFile } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';

/** gems.locked goes with gems.rb, as Gemfile.lock with Gemfile. */
const NAMES = ['Gemfile.lock', 'gems.locked'];
/** An installed gem brings its own lockfile, which counts for nobody. */
const OF_A_DEPENDENCY = /(?:^|\/)(?:vendor\/bundle|gems\/[^/]+-[0-9][^/]*|bundler\/gems)\//;

/** Where gems come from. Those of PATH lie in the tree of the project: they are the project itself. */
const SOURCES: ReadonlySet<string> = new Set(['GEM', 'GIT', 'PATH', 'PLUGIN SOURCE']);
const OWN = 'PATH';
const OTHERS: ReadonlySet<string> = new Set(['PLATFORMS', 'DEPENDENCIES', 'CHECKSUMS', 'RUBY VERSION', 'BUNDLED WITH']);

/** A line of a source: `    NAME (VERSION[-PLATFORM])` is a gem, `      NAME[ (RANGES)]` what it needs, `!` pins a source. */
const SPEC = /^ {4}([^\s(]+)(?: \(([^-)]*)(?:-([^)]*))?\))?!?$/;
const DEPENDENCY = /^ {6}([^\s(]+(?: \([^)]*\))?)!?$/;

/**
 * Gemfile.lock as Bundler writes it: a gem for several platforms is one gem. Groups, and so what only development
 * needs, are not in the file.
 */
function readLock(file: PackageFile, packages: LockedPackages): void {
  const { gaps } = file;
  let section = '';
  let isLock = false;
  let isInSpecs = false;
  let gem: { name: string; version: string; dependsOn: string[] } | null = null;
  const close = (): void => {
    if (gem !== null && section !== OWN) packages.add({ type: 'gem', ...gem });
    gem = null;
  };
  const readSpec = (line: string, number: number): void => {
    const needed = DEPENDENCY.exec(line);
    if (needed !== null && gem !== null) {
      gem.dependsOn.push(needed[1]!);
      return;
    }
    close();
    const [, name, version] = SPEC.exec(line) ?? [];
    if (name === undefined || !version) {
      gaps.add('package-record-invalid', `line ${number} is no gem and version: ${quote(line.trim())}`);
    } else gem = { name, version, dependsOn: [] };
  };
  eachLockLine(file, (line, number) => {
    if (/^[^\s]/.test(line)) {
      close();
      section = line.trimEnd();
      isInSpecs = false;
      if (SOURCES.has(section) || OTHERS.has(section)) isLock = true;
      else gaps.add('package-file-unparsable', `line ${number} is no section that Bundler writes: ${quote(line)}`);
    } else if (!SOURCES.has(section) || line.trim() === '') return;
    else if (/^ {2}[^\s]/.test(line)) isInSpecs = line.trimEnd() === '  specs:';
    else if (isInSpecs) readSpec(line.trimEnd(), number);
  });
  close();
  if (!isLock) gaps.add('package-file-unparsable', 'it has no section of those that Bundler writes');
}

export const gemfileLock = lockfileAnalyzer({
  id: 'gemfile-lock',
  version: 1,
  isWanted: (path) => NAMES.includes(baseOf(path)) && !OF_A_DEPENDENCY.test(path),
  read: readLock,
});
