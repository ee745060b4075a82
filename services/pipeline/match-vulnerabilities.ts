import { type Gap, gap, MATCHING_GAPS } from '../domain/completeness.ts';
import { isDistributionPackage } from '../domain/packages/purl.ts';
import type { Report, ReportPackage, Vulnerability } from '../domain/report/report.ts';
import type { DatabaseInfo, Enrichment } from '../domain/vulnerabilities/advisory.ts';
import { CATALOGUES } from '../domain/vulnerabilities/enrichment.ts';
import { type RowContext, rowsOf } from '../domain/vulnerabilities/match.ts';
import { namespacesOf, ownNamespaces } from '../domain/vulnerabilities/namespace.ts';
import { SeverityJudge } from '../domain/vulnerabilities/severity.ts';
import { type Lookup, statementsOn } from '../domain/vulnerabilities/statement.ts';
import { isThirdParty } from '../domain/vulnerabilities/third-party.ts';
import type { AdvisoryDatabase } from './advisory-ports.ts';

export interface MatchOptions {
  /** Whose severity goes before everybody else's, in this order; none: see docs/matching.md. */
  readonly severitySources?: readonly string[];
  /** Ids of the only packages to look at; the rows of the others are then missing. */
  readonly only?: ReadonlySet<string>;
}

/** Names that one message lists; the rest are counted. */
const NAMES_SHOWN = 10;

/**
 * The report with its vulnerabilities as this database knows them, feeds and gaps included. Works on the report alone, so
 * that a scan, an SBOM and a stored report give the same. Without a database nothing is judged, and a blocking gap says so.
 */
export function matchVulnerabilities(
  report: Report,
  database: AdvisoryDatabase | null,
  options: MatchOptions = {},
): Report {
  const info = database?.describe() ?? null;
  const judges = new Judges(report, info);
  const lookup: Lookup = (ecosystem, name) => database?.lookup(ecosystem, name) ?? [];
  const enrichments = new Map<string, Enrichment | null>();
  const context: RowContext = {
    severities: new SeverityJudge(options.severitySources),
    enrichment: (cve) => remembered(enrichments, cve, () => database?.enrichment(cve) ?? null),
  };
  const vulnerabilities: Vulnerability[] = [];
  if (database !== null) {
    for (const item of report.packages) {
      if (options.only?.has(item.id) === false || judges.of(item) !== 'feeds') continue;
      vulnerabilities.push(...rowsOf(item, statementsOn(item, report.image, lookup), context));
    }
  }
  const gaps = [
    ...report.completeness.gaps.filter(({ code }) => !MATCHING_GAPS.has(code)),
    ...databaseGaps(info),
    ...(info === null ? [] : judges.gaps()),
    ...incomparable(vulnerabilities),
  ];
  const partial = gaps.some((each) => each.class === 'blocking');
  return {
    ...report,
    inputs: { ...report.inputs, db: info?.digest ?? null },
    image: { ...report.image, os: withEndOfLife(report, info) },
    vulnerabilities,
    completeness: {
      ...report.completeness,
      status: partial ? 'partial' : 'complete',
      gaps,
      feeds: judges.feeds(),
      withoutFeed: judges.withoutFeed(),
    },
  };
}

export type Judge = 'feeds' | 'owner' | 'third-party' | 'nobody';

/** Who judges each package of a report, and what that leaves unjudged. */
export class Judges {
  readonly #report: Report;
  readonly #info: DatabaseInfo | null;
  readonly #known: ReadonlySet<string>;
  readonly #byId: ReadonlyMap<string, ReportPackage>;
  /** By type of package: the image is one. */
  readonly #namespacesByType = new Map<string, readonly string[]>();

  constructor(report: Report, info: DatabaseInfo | null) {
    this.#report = report;
    this.#info = info;
    this.#known = new Set(info?.feeds.map(({ ecosystem }) => ecosystem));
    this.#byId = new Map(report.packages.map((item) => [item.id, item]));
  }

  /**
   * A distribution's advisories speak of the language packages in its own packages too, under the name of those. Where it
   * has no feed, or somebody else built the package, those of the language do.
   */
  of(item: ReportPackage): Judge {
    if (isDistributionPackage(item)) {
      if (this.#isThirdParty(item)) return 'third-party';
    } else {
      const owner = item.ownedBy === null ? undefined : this.#byId.get(item.ownedBy);
      if (owner !== undefined && isDistributionPackage(owner) && !this.#isThirdParty(owner) && this.#hasFeed(owner)) {
        return 'owner';
      }
    }
    return this.#hasFeed(item) ? 'feeds' : 'nobody';
  }

  /** The feeds that this report needs and the database has, one row for each namespace. */
  feeds(): Report['completeness']['feeds'] {
    const needed = new Set(CATALOGUES);
    for (const item of this.#report.packages) for (const name of this.#namespaces(item)) needed.add(name);
    const rows = new Map<string, { ecosystem: string; records: number; newest: string | null }>();
    for (const { ecosystem, records, newest } of this.#info?.feeds ?? []) {
      if (!needed.has(ecosystem)) continue;
      const row = rows.get(ecosystem) ?? { ecosystem, records: 0, newest: null };
      row.records += records;
      if (newest !== null && (row.newest === null || row.newest < newest)) row.newest = newest;
      rows.set(ecosystem, row);
    }
    return [...rows.values()];
  }

  /** Namespaces of packages that nobody judges; the first of each package's, where it has several. */
  withoutFeed(): string[] {
    const names = this.#report.packages.flatMap((item) =>
      this.of(item) === 'nobody' ? (this.#namespaces(item)[0] ?? []) : [],
    );
    return [...new Set(names)].sort();
  }

  gaps(): Gap[] {
    const gaps: Gap[] = [];
    const unjudged = this.#report.packages.filter((item) => this.of(item) === 'nobody');
    for (const [namespace, items] of Map.groupBy(unjudged, (item) => this.#namespaces(item)[0]!)) {
      const counted = `${items.length} package${items.length === 1 ? '' : 's'}`;
      if (!isDistributionPackage(items[0]!)) {
        gaps.push(gap('ecosystem-without-feed', `The database has no feed for ${namespace}: ${counted} not judged.`));
      } else if (this.#report.image.os !== null) {
        const remedy = 'Build one with it (plimsoll db build), or scan with another database.';
        gaps.push(
          gap(
            'distribution-without-feed',
            `The database has no feed for ${namespace}: ${counted} not judged. ${remedy}`,
          ),
        );
      }
    }
    const foreign = this.#report.packages.filter((item) => this.of(item) === 'third-party').map(({ name }) => name);
    if (foreign.length > 0) {
      const message = `Not built by the distribution, whose advisories do not speak of them: ${listed(foreign)}.`;
      gaps.push(gap('third-party-packages', message));
    }
    return gaps;
  }

  #namespaces(item: ReportPackage): readonly string[] {
    return remembered(this.#namespacesByType, item.type, () => namespacesOf(item, this.#report.image).names);
  }

  /** The starter set stands in for every feed. */
  #hasFeed(item: ReportPackage): boolean {
    if (this.#info === null) return false;
    if (this.#info.starter) return !isDistributionPackage(item) || this.#report.image.os !== null;
    return this.#namespaces(item).some((namespace) => this.#known.has(namespace));
  }

  #isThirdParty(item: ReportPackage): boolean {
    return isThirdParty(item, this.#report.image.os?.id ?? null);
  }
}

function remembered<Value>(known: Map<string, Value>, key: string, find: () => Value): Value {
  let found = known.get(key);
  if (found === undefined) {
    found = find();
    known.set(key, found);
  }
  return found;
}

function databaseGaps(info: DatabaseInfo | null): Gap[] {
  if (info === null) {
    const message =
      'There is no advisory database: nothing was judged. Get one with "plimsoll db update", or name one with --db.';
    return [gap('advisory-database-missing', message)];
  }
  if (!info.starter) return [];
  return [
    gap(
      'starter-database',
      'This is the starter set, for a first look: no real database. Most advisories are not in it.',
    ),
  ];
}

function incomparable(vulnerabilities: readonly Vulnerability[]): Gap[] {
  const unknown = vulnerabilities.filter(({ status }) => status === 'unknown');
  return [...Map.groupBy(unknown, ({ packageId }) => packageId)].map(([packageId, rows]) => {
    const ids = listed(rows.map(({ id }) => id));
    return gap(
      'version-incomparable',
      `${packageId}: nobody can tell whether it is affected by ${ids}; ${rows[0]!.reason}.`,
    );
  });
}

function listed(names: readonly string[]): string {
  const distinct = [...new Set(names)].sort();
  const rest = distinct.length - NAMES_SHOWN;
  return `${distinct.slice(0, NAMES_SHOWN).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function withEndOfLife({ image }: Report, info: DatabaseInfo | null): Report['image']['os'] {
  if (image.os === null || info === null) return image.os;
  const names = new Set(ownNamespaces(image));
  const stated = info.endOfLife.find(({ ecosystem, eol }) => eol !== null && names.has(ecosystem));
  return { ...image.os, eol: stated?.eol ?? image.os.eol };
}
