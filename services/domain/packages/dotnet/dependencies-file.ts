import type { Limits } from '../../limits.ts';
import type { DatabaseFile, DatabaseUnit, PackageRecord } from '../ecosystem.ts';
import {
  isObject,
  type JsonObject,
  languagePackage,
  type PackageFile,
  packageListUnit,
  parseJson,
  stated,
} from '../package-file.ts';
import { quote } from '../unit-gaps.ts';

/** What is there to be loaded: of NuGet, the application and its own libraries, the runtime that comes along. */
const KINDS: ReadonlySet<string> = new Set(['package', 'project', 'runtimepack']);
/** The SDK's mark on the name of such a runtime. */
const RUNTIME_PACK = 'runtimepack.';
/** Files of a library that are loaded (.NET, "Runtime configuration file", deps.json). */
const ASSETS = ['runtime', 'runtimeTargets', 'native', 'resources'];

/**
 * What a .NET application was published with: `NAME.deps.json` beside it. Of the libraries, those of the application,
 * packages, and the runtime of a self-contained one, by the name that NuGet has for it. One that the runtime target
 * lists with no file is not there: the compiler needed it, or it stands for others; where the target says nothing of it,
 * it counts. Names are as stated; NuGet takes them in any case, so that two spellings in one file are one package.
 */
export function readDependenciesFile(bytes: DatabaseFile, limits: Limits): DatabaseUnit {
  return packageListUnit(bytes, limits, (file) => {
    const content = parseJson(file);
    if (content === null) return [];
    if (!isObject(content.libraries)) {
      file.gaps.add('package-file-unparsable', 'JSON, but without libraries');
      return [];
    }
    const target = targetOf(content);
    const found = new Map<string, PackageRecord>();
    for (const [key, library] of Object.entries(content.libraries)) {
      const record = readLibrary(key, library, target, file);
      if (record !== null) found.set(`${record.name}/${record.version}`.toLowerCase(), record);
    }
    return [...found.values()];
  });
}

/** What the target that is run says of each library; the older form of the file has no name for it, and one target. */
function targetOf({ runtimeTarget, targets }: JsonObject): JsonObject {
  if (!isObject(targets)) return {};
  const name = isObject(runtimeTarget) ? runtimeTarget.name : runtimeTarget;
  const all = Object.values(targets);
  const target = typeof name === 'string' ? targets[name] : all.length === 1 ? all[0] : null;
  return isObject(target) ? target : {};
}

function readLibrary(key: string, library: unknown, target: JsonObject, file: PackageFile): PackageRecord | null {
  const kind = isObject(library) && typeof library.type === 'string' ? library.type.toLowerCase() : '';
  const listed = Object.hasOwn(target, key) ? target[key] : null;
  if (!KINDS.has(kind) || (isObject(listed) && !hasAssets(listed))) return null;
  const [named = '', version = null, more] = key.split('/');
  const [name, number] = [stated(packageName(named), file), stated(version, file)];
  if (name === null || number === null || more !== undefined) {
    file.gaps.add('package-record-invalid', `${quote(key)} is no name and version`);
    return null;
  }
  const needs = isObject(listed) ? listed.dependencies : null;
  return languagePackage({
    type: 'nuget',
    name,
    version: number,
    licenses: [],
    dependsOn: dependenciesOf(needs, file),
  });
}

/** `NAME/RANGE` of an object from names to ranges. */
export function dependenciesOf(needs: unknown, file: PackageFile): readonly string[] {
  return Object.entries(isObject(needs) ? needs : {}).flatMap(([text, range]) => {
    const needed = stated(packageName(text), file);
    return needed === null ? [] : [`${needed}/${stated(range, file) ?? ''}`.replace(/\/$/, '')];
  });
}

function packageName(name: string): string {
  return name.startsWith(RUNTIME_PACK) ? name.slice(RUNTIME_PACK.length) : name;
}

function hasAssets(listed: JsonObject): boolean {
  return ASSETS.some((kind) => isObject(listed[kind]) && Object.keys(listed[kind]).length > 0);
}
