import type { Comparison } from '../packages/ecosystem.ts';
import type { AffectedPackage, RangeEvent, VersionRange } from './advisory.ts';
import { type VersionOrder, versionOrder } from './version-order.ts';

/** Where a version stands to what one advisory entry names. */
export type Standing =
  /** `fixes`: the versions at which the ranges that hold it end, lowest first within each range. */
  | { readonly state: 'inside'; readonly fixes: readonly string[] }
  | { readonly state: 'outside' }
  /** Some comparison has no answer, and no other decides. Never to be read as outside. */
  | { readonly state: 'unknown'; readonly reason: string };

/** One comparison that was made: `installed` against what stands in the advisory, both as they were read. */
export interface ComparisonMade {
  readonly event: 'introduced' | 'fixed' | 'lastAffected' | 'limit' | 'version';
  readonly installed: string;
  readonly stated: string;
  readonly order: string;
  readonly result: Comparison;
}

export interface EvaluationOptions {
  /** Told of every comparison. */
  readonly onComparison?: (made: ComparisonMade) => void;
  /** What is compared in the place of a version, installed or stated. Nothing else changes: fixes are as they are stated. */
  readonly readAs?: (version: string) => string;
}

const OUTSIDE: Standing = { state: 'outside' };

/**
 * Evaluates one entry as OSV 1.7 does ("Evaluation"): inside where any range or any listed version holds the version.
 * An entry that names neither holds every version.
 */
export function standingOf(
  version: string,
  entry: Pick<AffectedPackage, 'ranges' | 'versions'>,
  purlType: string,
  options: EvaluationOptions = {},
): Standing {
  if (entry.ranges.length === 0 && entry.versions.length === 0) return { state: 'inside', fixes: [] };
  let unknown: Standing | null = null;
  const fixes: string[] = [];
  let inside = false;
  for (const range of entry.ranges) {
    const standing = inRange(version, range, purlType, options);
    if (standing.state === 'unknown') unknown ??= standing;
    if (standing.state !== 'inside') continue;
    inside = true;
    fixes.push(...standing.fixes);
  }
  if (inside) return { state: 'inside', fixes };
  if (isListed(version, entry.versions, purlType, options)) return { state: 'inside', fixes: [] };
  return unknown ?? OUTSIDE;
}

/** Listed versions are compared too: PyPI's 1.0 is 1.0.0. One that does not compare is another version. */
function isListed(version: string, versions: readonly string[], purlType: string, options: EvaluationOptions): boolean {
  const order = versionOrder('ECOSYSTEM', purlType) ?? versionOrder('SEMVER', purlType)!;
  const compare = comparer(order, options);
  const equal = versions.includes(version) ? version : versions.find((listed) => compare(version, listed) === 0);
  if (equal !== undefined) {
    options.onComparison?.({ event: 'version', ...asRead(version, equal, options), order: order.name, result: 0 });
  }
  return equal !== undefined;
}

/** An event that counts for the installed version, at its place: what includes its version ends just behind it. */
interface Step {
  readonly at: string;
  readonly kind: 'introduced' | 'fixed' | 'lastAffected';
}

function inRange(version: string, range: VersionRange, purlType: string, options: EvaluationOptions): Standing {
  const order = versionOrder(range.type, purlType);
  if (order === null) {
    return { state: 'unknown', reason: `versions of type ${purlType} have no order here` };
  }
  const compare = comparer(order, options);
  const simple = options.onComparison === undefined ? beforeFix(version, range, compare) : null;
  if (simple !== null) return simple;
  const steps: Step[] = [];
  let isLimited = false;
  let belowLimit = false;
  let fix: string | null = null;
  for (const event of range.events) {
    const { kind, stated } = partsOf(event);
    const result = isBeginning(kind, stated) ? 1 : compare(version, stated);
    options.onComparison?.({ event: kind, ...asRead(version, stated, options), order: order.name, result });
    if (result === 'incomparable') return incomparable(version, stated, order);
    if (kind === 'limit') {
      isLimited = true;
      belowLimit ||= result < 0;
    } else if (result > 0 || (result === 0 && kind !== 'lastAffected')) {
      steps.push({ at: stated, kind });
    } else if (kind === 'fixed') {
      const lower = fix === null ? 1 : compare(fix, stated);
      if (lower === 'incomparable') return incomparable(fix!, stated, order);
      if (lower > 0) fix = stated;
    }
  }
  if (isLimited && !belowLimit) return OUTSIDE;
  const inside = afterSteps(steps, compare);
  if (inside === null) return { state: 'unknown', reason: `its events do not compare in the order ${order.name}` };
  return inside ? { state: 'inside', fixes: fix === null ? [] : [fix] } : OUTSIDE;
}

/** The most common range, from the beginning to one fix, without what the others need; null for any other. */
function beforeFix(version: string, { events }: VersionRange, compare: VersionOrder['compare']): Standing | null {
  const [first, second] = events;
  if (events.length !== 2 || !('introduced' in first!) || first.introduced !== '0') return null;
  if (!('fixed' in second!) || second.fixed === '0') return null;
  const result = compare(version, second.fixed);
  if (result === 'incomparable') return null;
  return result < 0 ? { state: 'inside', fixes: [second.fixed] } : OUTSIDE;
}

/**
 * Whether the last of the steps leaves the version affected. `introduced` and `fixed` at one version cancel each other: an
 * empty range stays empty, two ranges that touch stay one. Null where the steps have no order.
 */
function afterSteps(steps: Step[], compare: VersionOrder['compare']): boolean | null {
  let comparable = true;
  const place = (a: Step, b: Step): number => {
    if (a.at === b.at || isBeginning(a.kind, a.at) || isBeginning(b.kind, b.at)) {
      const beginnings = Number(isBeginning(b.kind, b.at)) - Number(isBeginning(a.kind, a.at));
      return beginnings || Number(a.kind === 'lastAffected') - Number(b.kind === 'lastAffected');
    }
    const order = compare(a.at, b.at);
    if (order === 'incomparable') comparable = false;
    if (order !== 0) return Number(order);
    return Number(a.kind === 'lastAffected') - Number(b.kind === 'lastAffected');
  };
  steps.sort(place);
  if (!comparable) return null;
  let inside = false;
  for (let from = 0; from < steps.length; ) {
    let to = from + 1;
    while (to < steps.length && place(steps[from]!, steps[to]!) === 0) to++;
    const here = steps.slice(from, to);
    const begins = here.some(({ kind }) => kind === 'introduced');
    const ends = here.some(({ kind }) => kind !== 'introduced');
    if (begins !== ends) inside = begins;
    from = to;
  }
  return inside;
}

/** OSV: `0` is before every version, whatever the order says. */
function isBeginning(kind: string, stated: string): boolean {
  return stated === '0' && (kind === 'introduced' || kind === 'fixed');
}

function partsOf(event: RangeEvent): { kind: Exclude<ComparisonMade['event'], 'version'>; stated: string } {
  if ('introduced' in event) return { kind: 'introduced', stated: event.introduced };
  if ('fixed' in event) return { kind: 'fixed', stated: event.fixed };
  if ('lastAffected' in event) return { kind: 'lastAffected', stated: event.lastAffected };
  return { kind: 'limit', stated: event.limit };
}

function comparer(order: VersionOrder, { readAs }: EvaluationOptions): VersionOrder['compare'] {
  return readAs === undefined ? order.compare : (a, b) => order.compare(readAs(a), readAs(b));
}

function asRead(
  installed: string,
  stated: string,
  { readAs = (version) => version }: EvaluationOptions,
): Pick<ComparisonMade, 'installed' | 'stated'> {
  return { installed: readAs(installed), stated: readAs(stated) };
}

function incomparable(version: string, stated: string, order: VersionOrder): Standing {
  return {
    state: 'unknown',
    reason: `"${shown(version)}" and "${shown(stated)}" do not compare in the order ${order.name}`,
  };
}

function shown(version: string): string {
  return version.length <= 80 ? version : `${version.slice(0, 79)}…`;
}
