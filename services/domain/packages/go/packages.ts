import type { PackageRecord } from '../ecosystem.ts';
import { languagePackage } from '../package-file.ts';
import { isToken, quote, type UnitGaps } from '../unit-gaps.ts';
import type { BuildInfo, GoModule } from './build-info.ts';
import { compare } from './version.ts';

/** What the go command prints for a module that it built from a folder whose version it does not know. */
const UNKNOWN = '(devel)';

/** The packages of one program: the toolchain as `stdlib`, the main module, and the modules that are linked into it. */
export function packagesOf(goVersion: string, info: BuildInfo, gaps: UnitGaps): readonly PackageRecord[] {
  const records: PackageRecord[] = [];
  const add = (name: string, version: string): void => {
    // GOPATH builds and Go before 1.18 write modules without a name.
    if (name === '') return;
    if (isToken(name) && isToken(version)) {
      records.push(languagePackage({ type: 'golang', name, version, licenses: [], dependsOn: [] }));
    } else gaps.add('package-record-invalid', `no module and version: ${quote(name)} ${quote(version)}`);
  };
  const stdlib = toolchainVersion(goVersion);
  if (stdlib === null) gaps.add('package-record-invalid', `the version of Go is no release: ${quote(goVersion)}`);
  else add('stdlib', stdlib);
  if (info.main !== null) add(info.main.path, mainVersion(info));
  for (const dependency of info.dependencies) {
    const { path, version } = built(dependency);
    add(path, version === '' ? UNKNOWN : version);
  }
  return records;
}

/**
 * `go1.22.3` is 1.22.3, also with experiments or a vendor's mark behind it. A development tree (`devel go1.23-0ab1c2d`)
 * comes before the first beta of its line, where Go has the language itself: 1.23.
 */
function toolchainVersion(goVersion: string): string | null {
  return /^(?:devel )?go([0-9]+(?:\.[0-9]+)*(?:[a-z]+[0-9]+)?)(?![0-9A-Za-z.])/.exec(goVersion)?.[1] ?? null;
}

/** A module in place of another is what was built; a folder has no name of its own, and nobody knows its version. */
function built({ path, version, replace }: GoModule): { path: string; version: string } {
  if (replace === null) return { path, version };
  return /^(?:\.{0,2}\/|[A-Za-z]:[\\/])|^\.{1,2}$/.test(replace.path) ? { path, version: UNKNOWN } : replace;
}

/**
 * Since Go 1.24 the go command writes the version that it takes from the repository. Where it did not, or knew no tag,
 * the first that there is: what the linker was told to put into a variable `version` of the program or of a package of
 * its module, as releases commonly are marked; the pseudo-version of the commit, as Go writes it where there is no tag;
 * and else `(devel)`, which is no version and compares with none.
 */
function mainVersion({ main, settings }: BuildInfo): string {
  const { path, version } = built(main!);
  if (version !== '' && version !== UNKNOWN && !version.startsWith('v0.0.0-')) return version;
  return (
    linkedVersion(path, settings.get('-ldflags') ?? '') ??
    (isToken(version) && version !== UNKNOWN ? version : null) ??
    commitVersion(settings) ??
    UNKNOWN
  );
}

/** `-X PACKAGE.version=1.2.3`; null where none is given, or two that differ. */
function linkedVersion(module: string, ldflags: string): string | null {
  const found = new Set<string>();
  for (const [, variable, value] of ldflags.matchAll(/(?:^|[\s'"])-{1,2}X[=\s]+['"]?([^\s='"]+)=([^\s'"]+)/g)) {
    const name = /^(.*)\.(?:version|ver)$/i.exec(variable!);
    if (name === null || !(name[1] === 'main' || name[1] === module || name[1]!.startsWith(`${module}/`))) continue;
    const version = value!.startsWith('v') ? value! : `v${value}`;
    if (/^v[0-9]+\.[0-9]+\.[0-9]+/.test(version) && compare(version, 'v0.0.0') !== 'incomparable') found.add(version);
  }
  return found.size === 1 ? [...found][0]! : null;
}

/** `v0.0.0-20240102030405-0123456789ab`, with `+dirty` where the tree had changes (cmd/go, vcs.revision and its like). */
function commitVersion(settings: ReadonlyMap<string, string>): string | null {
  const revision = /^[0-9a-f]{12}/.exec(settings.get('vcs.revision') ?? '')?.[0];
  const time = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z$/.exec(settings.get('vcs.time') ?? '');
  if (revision === undefined || time === null) return null;
  const dirty = settings.get('vcs.modified') === 'true' ? '+dirty' : '';
  return `v0.0.0-${time.slice(1).join('')}-${revision}${dirty}`;
}
