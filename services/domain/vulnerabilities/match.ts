import type { ReportPackage, Vulnerability } from '../report/report.ts';
import type { Advisory, AdvisoryStatus, Enrichment } from './advisory.ts';
import { type Group, groupByVulnerability } from './grouping.ts';
import { isBuildOfFix } from './module-builds.ts';
import { standingOf } from './range.ts';
import type { SeverityJudge } from './severity.ts';
import { type Doubt, type Statement, withoutEpoch } from './statement.ts';
import { versionOrder } from './version-order.ts';
import { isCve } from './vulnerability-id.ts';

/** What the statements on one vulnerability come to. */
export interface Decision {
  readonly group: Group<Statement>;
  readonly state: 'affected' | 'unknown' | 'not-affected';
  /** The statements that decided, best first; others are outranked, or are for somebody else. */
  readonly deciding: readonly Statement[];
  /** The CVE list rejected the id of what would else be affected or unknown. */
  readonly rejected: boolean;
}

export interface RowContext {
  readonly severities: SeverityJudge;
  readonly enrichment: (cveId: string) => Enrichment | null;
}

/** One decision for each vulnerability that anybody names beside the package, also where it is not affected. */
export function decide(statements: readonly Statement[], { enrichment }: Pick<RowContext, 'enrichment'>): Decision[] {
  return groupByVulnerability(statements).map((group) => {
    const speaking = group.items.filter(saysSomething);
    const best = Math.min(...speaking.map(rankOf));
    const heard = speaking.filter((statement) => rankOf(statement) === best);
    const affecting = heard.filter(isAffecting);
    const unknown = heard.filter(({ standing }) => standing?.state === 'unknown');
    if (affecting.length + unknown.length === 0)
      return { group, state: 'not-affected', deciding: heard, rejected: false };
    const rejected = isCve(group.id) && (enrichment(group.id)?.rejected ?? false);
    if (rejected) return { group, state: 'not-affected', deciding: heard, rejected };
    if (affecting.length > 0) return { group, state: 'affected', deciding: affecting, rejected };
    return { group, state: 'unknown', deciding: unknown, rejected };
  });
}

/** A vendor's "not affected" is heard only where it is for this version. */
function saysSomething({ standing, entry }: Statement): boolean {
  return standing !== null && (entry.status !== 'not_affected' || standing.state === 'inside');
}

function isAffecting({ standing, entry }: Statement): boolean {
  return standing?.state === 'inside' && entry.status !== 'not_affected';
}

/**
 * A distribution's own feed goes before what others made of it; last comes Ubuntu's VEX on what is fixed, which names the
 * newest version in the place of the first that has the fix.
 */
function rankOf({ advisory, entry }: Statement): number {
  if (advisory.source === 'ubuntu-vex' && entry.status === 'fixed') return 2;
  return advisory.source === 'osv' && entry.nameOf !== 'package' ? 1 : 0;
}

/** The rows of one package, in the order of their ids. */
export function rowsOf(item: ReportPackage, statements: readonly Statement[], context: RowContext): Vulnerability[] {
  // Most packages; what the records say besides versions is then not asked for.
  if (statements.every(({ standing }) => standing === null || standing.state === 'outside')) return [];
  return decide(statements, context)
    .filter(({ state }) => state !== 'not-affected')
    .map((decision) => rowOf(item, decision, context))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function rowOf(item: ReportPackage, decision: Decision, { severities, enrichment }: RowContext): Vulnerability {
  const { group, deciding, state } = decision;
  const fixedVersion = state === 'unknown' ? null : resolvingFix(item, group, deciding);
  const primary = primaryOf(deciding, fixedVersion);
  const beside = isCve(group.id) ? enrichment(group.id) : null;
  const stated = group.items.filter(({ refusal }) => refusal === null);
  const severity = severities.judge(
    [
      ...stated.flatMap(({ advisory, entry }) => [...entry.severities, ...advisory.severities]),
      ...(beside?.severities ?? []),
    ],
    primary.entry.ecosystem,
  );
  const doubt = doubtOf(decision);
  return {
    id: group.id,
    aliases: [...group.aliases],
    packageId: item.id,
    purl: item.purl,
    installedVersion: item.version,
    fixedVersion: fixedVersion === null ? null : asItsToolPrints(fixedVersion, item),
    status: state === 'unknown' ? 'unknown' : statusOf(primary.entry.status, fixedVersion),
    vendorStatus: vendorStatusOf(primary),
    severity: severity.level,
    severitySource: severity.source,
    severities: severity.stated.map((each) => ({ ...each })),
    cvss: severity.cvss.map((each) => ({ ...each })),
    epss: beside?.epss ? { ...beside.epss } : null,
    kev: beside?.kev ? { ...beside.kev } : null,
    published: stated.reduce((first, { advisory }) => earlier(first, advisory.published), null as string | null),
    modified: stated.reduce((last, { advisory }) => later(last, advisory.modified), null as string | null),
    advisory: sourceOf(primary),
    sources: sourcesOf(stated),
    confidence: doubt?.confidence ?? 'high',
    reason: doubt?.reason ?? null,
    layer: item.layer,
  };
}

/**
 * The lowest version that ends all of it: at which no deciding statement holds the package any more. Null where none of
 * the fixes that are named does.
 */
function resolvingFix(item: ReportPackage, group: Group<Statement>, deciding: readonly Statement[]): string | null {
  const [only] = deciding;
  const fixesOf = ({ standing }: Statement) => (standing?.state === 'inside' ? standing.fixes : []);
  if (deciding.length === 1 && fixesOf(only!).length <= 1 && group.items.length === 1) return fixesOf(only!)[0] ?? null;
  const order = versionOrder('ECOSYSTEM', item.type) ?? versionOrder('SEMVER', item.type)!;
  const candidates = [...new Set(deciding.flatMap(fixesOf))].sort((a, b) => {
    const result = order.compare(a, b);
    return result === 'incomparable' || result === 0 ? (a < b ? -1 : 1) : result;
  });
  const standing = group.items.filter(saysSomething).filter(isSameRankAs(only!));
  const names = (advisory: Advisory, fix: string) =>
    deciding.some((each) => each.advisory.id === advisory.id && fixesOf(each).includes(fix));
  return (
    candidates.find((fix) =>
      standing.every(({ advisory, entry }) => {
        if (entry.status === 'not_affected') return true;
        if (item.type === 'rpm' && isBuildOfFix(fix, entry) && names(advisory, fix)) return true;
        const readAs = item.type === 'rpm' && entry.nameOf === 'source' ? { readAs: withoutEpoch } : {};
        return standingOf(fix, entry, item.type, readAs).state === 'outside';
      }),
    ) ?? null
  );
}

function earlier(a: string | null, b: string | null): string | null {
  return a === null || (b !== null && b < a) ? b : a;
}

function later(a: string | null, b: string | null): string | null {
  return a === null || (b !== null && b > a) ? b : a;
}

/** rpm shows no epoch of 0, which errata often write out. */
function asItsToolPrints(version: string, { type }: ReportPackage): string {
  return type === 'rpm' ? version.replace(/^0+:/, '') : version;
}

function isSameRankAs(other: Statement): (statement: Statement) => boolean {
  return (statement) => rankOf(statement) === rankOf(other);
}

/** The statement that names the fix, else the one that says most of where the vendor stands. */
function primaryOf(deciding: readonly Statement[], fixedVersion: string | null): Statement {
  const score = ({ standing, entry }: Statement): number => {
    const names = standing?.state === 'inside' && fixedVersion !== null && standing.fixes.includes(fixedVersion);
    return (names ? 2 : 0) + (entry.vendorStatus === null ? 0 : 1);
  };
  const key = ({ advisory }: Statement) => `${advisory.id}\0${advisory.source}`;
  return [...deciding].sort((a, b) => score(b) - score(a) || (key(a) < key(b) ? -1 : 1))[0]!;
}

function statusOf(stated: AdvisoryStatus, fixedVersion: string | null): Exclude<AdvisoryStatus, 'not_affected'> {
  if (stated !== 'fixed' && stated !== 'affected' && stated !== 'not_affected') return stated;
  return fixedVersion === null ? 'affected' : 'fixed';
}

/** The vendor's own word; a fix that is only in a support channel says which. */
function vendorStatusOf({ entry }: Statement): string | null {
  return entry.vendorStatus ?? entry.channel;
}

/** The first doubt of the lowest confidence: a match is as sure as its surest statement. */
function doubtOf({ state, deciding, group }: Decision): Doubt | null {
  if (state === 'unknown') {
    const standing = deciding.map((each) => each.standing).find((each) => each?.state === 'unknown');
    return {
      confidence: 'low',
      reason: standing?.state === 'unknown' ? standing.reason : 'the version does not compare',
    };
  }
  const worst = deciding.map(
    ({ doubts }) => doubts.find(({ confidence }) => confidence === 'low') ?? doubts[0] ?? null,
  );
  const sure = worst.some((doubt) => doubt === null);
  if (!sure) return worst.find((doubt) => doubt?.confidence === 'medium') ?? worst[0]!;
  const rank = rankOf(deciding[0]!);
  const contrary = group.items.find(
    (each) => saysSomething(each) && rankOf(each) === rank && !isAffecting(each) && isOtherRecord(each, deciding),
  );
  if (contrary === undefined) return null;
  return { confidence: 'medium', reason: `${contrary.advisory.id} does not hold this version` };
}

function isOtherRecord({ advisory }: Statement, deciding: readonly Statement[]): boolean {
  return deciding.every((each) => each.advisory.id !== advisory.id);
}

function sourceOf({ advisory }: Statement): Vulnerability['advisory'] {
  return { id: advisory.id, url: advisory.url, source: advisory.source };
}

/** Every record that speaks of it, once. */
function sourcesOf(statements: readonly Statement[]): Vulnerability['advisory'][] {
  const sources = new Map(statements.map((each) => [`${each.advisory.id}\0${each.advisory.source}`, sourceOf(each)]));
  return [...sources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source);
}
