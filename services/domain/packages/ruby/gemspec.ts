import { baseOf } from '../../layers/path.ts';
import type { Limits } from '../../limits.ts';
import type { DatabaseFile, DatabaseUnit, PackageRecord } from '../ecosystem.ts';
import { languagePackage, type PackageFile, packageFileUnit, stated, statedLicense } from '../package-file.ts';
import { eachLine } from '../text-lines.ts';
import { quote } from '../unit-gaps.ts';
import { stringIn, stringsIn } from './literals.ts';
import { compare } from './version.ts';

/** What one gemspec says, each as its source writes it. */
interface Statements {
  /** `NAME VERSION PLATFORM` of the second line, which RubyGems goes by without evaluating the rest. */
  stub: readonly string[] | null;
  name: string | null;
  version: string | null;
  platform: string | null;
  readonly licenses: string[];
  /** What it needs to run: its requirements, by name. */
  readonly dependencies: Map<string, readonly string[]>;
}

interface Identity {
  readonly name: string | null;
  readonly version: string | null;
  readonly platform: string | null;
}

const STUB = /^# stub: (\S+) (\S+) (\S+)/;
const ASSIGNMENT = /^\s*[a-z_]\w*\.(name|version|platform|licenses?)\s*=\s*(.+)$/;
const DEPENDENCY = /^\s*[a-z_]\w*\.add_(?:runtime_)?dependency[\s(]+(.+)$/;
/** `NAME-VERSION` or `NAME-VERSION-PLATFORM`, as RubyGems names the file. */
const FILE = /^(.+?)-([0-9][0-9A-Za-z.]*)(?:-(.+))?\.gemspec$/;
const PURE_RUBY = 'ruby';

/**
 * One installed gem (RubyGems, "Specification Reference"). RubyGems writes these files itself, a statement a line, and
 * Plimsoll reads that text; it never evaluates Ruby. Name, version and platform are those of the stub line, by which
 * RubyGems finds gems; else those that are assigned; else those in the name of the file, which is told. `arch` is the
 * platform that a gem with compiled parts was built for.
 */
export function readGemspec(bytes: DatabaseFile, limits: Limits): DatabaseUnit {
  return packageFileUnit(bytes, limits, (file) => {
    const statements = readStatements(file);
    const { name, version, platform } = identityOf(statements, file);
    if (name === null || version === null) {
      file.gaps.add('package-record-invalid', 'neither its statements nor its name say which gem this is');
      return null;
    }
    return languagePackage({
      type: 'gem',
      name,
      version,
      arch: platform === PURE_RUBY ? null : platform,
      licenses: [...new Set(statements.licenses.flatMap((text) => statedLicense(text, file) ?? []))],
      dependsOn: dependenciesOf(statements, file),
    });
  });
}

function readStatements(file: PackageFile): Statements {
  const found: Statements = {
    stub: null,
    name: null,
    version: null,
    platform: null,
    licenses: [],
    dependencies: new Map(),
  };
  const most = file.limits.recordFieldBytes;
  // The branch of `if s.respond_to? …` that only the RubyGems of 2008 takes: there all dependencies are of one kind.
  let isOther = false;
  const visit = (line: string, number: number): boolean => {
    if (number === 2) found.stub = STUB.exec(line)?.slice(1) ?? null;
    const [, attribute, value] = ASSIGNMENT.exec(line) ?? [];
    if (attribute === 'license' || attribute === 'licenses') found.licenses.push(...stringsIn(value!));
    else if (attribute !== undefined) found[attribute as keyof Identity] = stringIn(value!);
    if (/^\s*(?:else|end)\s*$/.test(line)) isOther = line.trim() === 'else';
    if (isOther) return true;
    const [name, ...requirements] = stringsIn(DEPENDENCY.exec(line)?.[1] ?? '');
    if (name !== undefined) found.dependencies.set(name, requirements);
    return true;
  };
  if (eachLine(file.bytes, visit, most).overlong) {
    file.gaps.add('limit-reached', `a line is longer than ${most} bytes (recordFieldBytes)`);
  }
  return found;
}

function identityOf(statements: Statements, file: PackageFile): Identity {
  const [name, version, platform] = statements.stub ?? [];
  const assigned: Identity = {
    name: stated(statements.name, file),
    version: stated(statements.version, file),
    platform: stated(statements.platform, file),
  };
  if (name !== undefined && compare(version!, version!) === 0) {
    const differs =
      (assigned.name !== null && assigned.name !== name) ||
      (assigned.version !== null && compare(assigned.version, version!) !== 0);
    if (differs) {
      const message = `its stub line says ${quote(`${name} ${version}`)}, its statements ${quote(`${assigned.name} ${assigned.version}`)}`;
      file.gaps.add('package-file-unparsable', message);
    }
    return { name: stated(name, file), version: stated(version, file), platform: stated(platform, file) };
  }
  if (assigned.name !== null && assigned.version !== null) return assigned;
  const [, fileName, fileVersion, filePlatform] = FILE.exec(baseOf(file.path)) ?? [];
  if (fileName === undefined) return assigned;
  file.gaps.add('package-file-unparsable', 'its name or version is none that can be read: taken from the file name');
  return {
    name: assigned.name ?? stated(fileName, file),
    version: assigned.version ?? stated(fileVersion, file),
    platform: assigned.platform ?? stated(filePlatform, file),
  };
}

/** `NAME (REQUIREMENT, …)` as gem and bundler print them; any version will do where none is named. */
function dependenciesOf({ dependencies }: Statements, file: PackageFile): PackageRecord['dependsOn'] {
  return [...dependencies].flatMap(([text, requirements]) => {
    const name = stated(text, file);
    if (name === null) return [];
    const wanted = requirements.flatMap((requirement) => stated(requirement, file) ?? []);
    const range = wanted.filter((requirement) => requirement !== '>= 0').join(', ');
    return [range === '' ? name : `${name} (${range})`];
  });
}
