import { satisfies } from '../packages/npm/range.ts';
import type { ReportPackage } from '../report/report.ts';

/**
 * From the id of each package to the ids of those that it depends on, sorted. A dependency is an expression of the
 * ecosystem; it leads to a package of the same type and name in the same report, where there is exactly one that it can
 * mean. What a package merely provides (rpm capabilities, apk `so:`) leads nowhere: reports do not hold it.
 */
export function resolvedDependencies(packages: readonly ReportPackage[]): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, ReportPackage[]>();
  for (const each of packages) {
    const key = keyOf(each.type, each.name);
    const known = byName.get(key);
    if (known === undefined) byName.set(key, [each]);
    else known.push(each);
  }
  return new Map(
    packages.map((each) => {
      const ids = each.dependsOn.flatMap((expression) => {
        // Debian's alternatives: the first that is there.
        const meant = alternatives(each.type, expression).map((one) => choose(each, one, byName));
        return meant.find((target) => target !== null)?.id ?? [];
      });
      return [each.id, [...new Set(ids)].filter((id) => id !== each.id).sort()];
    }),
  );
}

function alternatives(type: string, expression: string): readonly string[] {
  return type === 'deb' ? expression.split('|') : [expression];
}

function choose(
  from: ReportPackage,
  expression: string,
  byName: ReadonlyMap<string, readonly ReportPackage[]>,
): ReportPackage | null {
  const [name, rest] = nameAndRest(from.type, expression.trim());
  const named = byName.get(keyOf(from.type, name)) ?? [];
  const installed = named.filter(({ hiddenBy }) => hiddenBy === from.hiddenBy);
  const exact = installed.filter(({ version }) => rest === `@${version}`);
  const fitting = exact.length > 0 ? exact : inRange(from.type, installed, rest);
  const ofArch = fitting.filter(({ arch }) => arch === from.arch);
  const [only = null, ...others] = fitting.length > 1 ? ofArch : fitting;
  return others.length === 0 ? only : null;
}

/** npm installs one name in several versions: those that the range takes; all where it takes none, or is the only one. */
function inRange(type: string, named: readonly ReportPackage[], rest: string): readonly ReportPackage[] {
  if (type !== 'npm' || named.length < 2 || !rest.startsWith('@')) return named;
  const taken = named.filter(({ version }) => satisfies(version, rest.slice(1)));
  return taken.length > 0 ? taken : named;
}

/** What comes behind the name: an architecture, `NAME:RANGE` of Composer, `NAME/RANGE` of NuGet. */
const NAME_END: Readonly<Record<string, RegExp>> = { deb: /[\s(:]/, composer: /[\s:]/, nuget: /[\s/]/ };

/** The name at the start of an expression, and what follows: a range, `@version`, a marker. */
function nameAndRest(type: string, expression: string): [name: string, rest: string] {
  // rpm: "perl(Carp)" is a capability, not the package perl. pypi: what only an extra needs is not installed with it.
  if (type === 'rpm') return [expression, ''];
  const marker = expression.indexOf(';');
  if (type === 'pypi' && marker >= 0 && /\bextra *==/.test(expression.slice(marker))) return ['', ''];
  const end = expression.slice(1).search(NAME_END[type] ?? /[\s(<>=!~;[,@]/);
  return end < 0 ? [expression, ''] : [expression.slice(0, end + 1), expression.slice(end + 1)];
}

function keyOf(type: string, name: string): string {
  if (type === 'pypi') return `${type}\0${name.toLowerCase().replace(/[-_.]+/g, '-')}`;
  return `${type}\0${type === 'nuget' ? name.toLowerCase() : name}`;
}
