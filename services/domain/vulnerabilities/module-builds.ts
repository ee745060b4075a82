import type { AffectedPackage } from './advisory.ts';
import type { Standing } from './range.ts';
import { withoutModuleBuild } from './rebuilt-version.ts';

/** An entry of a record, and where the installed version stands to it. */
interface Stated {
  readonly entry: AffectedPackage;
  readonly standing: Standing | null;
}

/**
 * Of one record, the entries that are builds of a fix of which another build is installed: AlmaLinux names that of each minor
 * release that the module was built for again. Who has one of them has the fix, although the next is the later version.
 */
export function otherBuilds<Each extends Stated>(statements: readonly Each[]): ReadonlySet<Each> {
  const held = new Set(
    statements.flatMap(({ entry, standing }) => (standing?.state === 'outside' ? (moduleFixOf(entry) ?? []) : [])),
  );
  return new Set(
    statements.filter(({ entry, standing }) => {
      const fix = standing?.state === 'inside' ? moduleFixOf(entry) : null;
      return fix !== null && held.has(fix);
    }),
  );
}

/** Whether the version that ends an entry is another build of this fix. */
export function isBuildOfFix(fix: string, entry: AffectedPackage): boolean {
  const stated = moduleFixOf(entry);
  return stated !== null && stated === keyOf(entry, withoutModuleBuild(fix));
}

/** Of an entry that says no more than "before this build": the build without its numbers, and the module. */
function moduleFixOf(entry: AffectedPackage): string | null {
  const { ranges, versions } = entry;
  const [first, second, ...others] = ranges.flatMap(({ events }) => events);
  if (ranges.length !== 1 || versions.length > 0 || others.length > 0 || first === undefined || second === undefined) {
    return null;
  }
  if (!('introduced' in first) || first.introduced !== '0' || !('fixed' in second)) return null;
  const fix = withoutModuleBuild(second.fixed);
  return fix === second.fixed ? null : keyOf(entry, fix);
}

function keyOf({ name, module }: AffectedPackage, fix: string): string {
  return `${name}\0${module}\0${fix}`;
}
