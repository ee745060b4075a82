import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type {
  AdvisoryStatus,
  AffectedPackage,
  Enrichment,
  RangeEvent,
  SeverityLevel,
  StatedSeverity,
  VersionRange,
} from '../../services/domain/vulnerabilities/advisory.ts';
import { normalName } from '../../services/domain/vulnerabilities/package-name.ts';
import { versionOrder } from '../../services/domain/vulnerabilities/version-order.ts';
import { advisory, affectedPackage } from './advisory.ts';
import { MemoryAdvisories } from './memory-advisories.ts';

/**
 * The advisories that Trivy's golden results were made with, in the product's normal form, so that our matching judges by
 * the very same facts. They are YAML images of Trivy's database (https://github.com/aquasecurity/bolt-fixtures): nested
 * buckets whose leaves are advisories by vulnerability id, and one bucket of what is known of each id.
 */

interface Node {
  readonly bucket?: string;
  readonly key?: string;
  readonly pairs?: readonly Node[];
  readonly value?: unknown;
}

/** A leaf of a bucket of packages. */
interface TrivyAdvisory {
  readonly FixedVersion?: string;
  readonly Status?: number;
  readonly State?: string;
  readonly Severity?: number;
  readonly VendorIDs?: readonly string[];
  readonly PatchedVersions?: readonly string[];
  readonly VulnerableVersions?: readonly string[];
  /** Red Hat only: what holds for the products of these indexes. */
  readonly Entries?: readonly {
    readonly Affected?: readonly number[];
    readonly Cves?: readonly { readonly ID?: string }[];
    readonly Arches?: readonly string[];
    readonly FixedVersion?: string;
    readonly Status?: number;
  }[];
}

/** A leaf of the bucket `vulnerability`. */
interface TrivyVulnerability {
  readonly CVSS?: Readonly<Record<string, { readonly V2Vector?: string; readonly V3Vector?: string }>>;
  readonly VendorSeverity?: Readonly<Record<string, number>>;
}

/** By the start of a bucket's name: the namespace, and what its names name. Buckets that no golden needs are not read. */
const BUCKETS: readonly (readonly [start: RegExp, ecosystem: string, nameOf: AffectedPackage['nameOf']])[] = [
  [/^alpine (\d+\.\d+)$/, 'Alpine:v$1', 'source'],
  [/^debian (\d+)$/, 'Debian:$1', 'source'],
  [/^amazon linux (\d+)$/, 'Amazon Linux:$1', 'binary'],
  [/^cargo::.*/, 'crates.io', 'package'],
  [/^composer::.*/, 'Packagist', 'package'],
  [/^go::.*/, 'Go', 'package'],
  [/^maven::.*/, 'Maven', 'package'],
  [/^npm::.*/, 'npm', 'package'],
  [/^nuget::.*/, 'NuGet', 'package'],
  [/^pip::.*/, 'PyPI', 'package'],
];

/** Of each language: its purl type, by which versions compare, and the kind of its ranges in OSV. */
const LANGUAGES: Readonly<Record<string, readonly [purlType: string, range: VersionRange['type']]>> = {
  'crates.io': ['cargo', 'SEMVER'],
  Packagist: ['composer', 'ECOSYSTEM'],
  Go: ['golang', 'SEMVER'],
  Maven: ['maven', 'ECOSYSTEM'],
  npm: ['npm', 'SEMVER'],
  NuGet: ['nuget', 'ECOSYSTEM'],
  PyPI: ['pypi', 'ECOSYSTEM'],
};

/** Trivy's numbers of statuses and severities, in their order. */
const STATUSES: readonly AdvisoryStatus[] = [
  'affected',
  'not_affected',
  'affected',
  'fixed',
  'under_investigation',
  'will_not_fix',
  'fix_deferred',
  'end_of_life',
];
const LEVELS: readonly SeverityLevel[] = ['unknown', 'low', 'medium', 'high', 'critical'];

/** Everything in a folder of such files. */
export function trivyAdvisories(folder: string): MemoryAdvisories {
  const roots = readdirSync(folder).flatMap(
    (file) => parse(readFileSync(join(folder, file), 'utf8')) as readonly Node[],
  );
  const known = new Map(leavesOf(roots, 'vulnerability').map(([id, value]) => [id, value as TrivyVulnerability]));
  const cpes = new Map(
    leavesOf(childrenOf(roots, 'Red Hat CPE'), 'cpe').map(([index, cpe]) => [Number(index), cpe as string]),
  );
  const advisories = roots.flatMap(({ bucket = '', pairs = [] }) =>
    pairs.flatMap(({ bucket: name = '', pairs: leaves = [] }) =>
      leaves.flatMap(({ key: id = '', value }) => {
        const stated = (value ?? {}) as TrivyAdvisory;
        const affected = bucket === 'Red Hat' ? redHatEntries(name, stated, cpes) : entriesOf(bucket, name, stated);
        if (affected.length === 0) return [];
        const vulnerability = known.get(id);
        const cves = stated.Entries?.flatMap(({ Cves = [] }) => Cves.flatMap(({ ID }) => ID ?? [])) ?? [];
        return advisory({
          id,
          aliases: [...new Set([...cves, ...(stated.VendorIDs ?? [])])].sort(),
          source: bucket,
          // What is said of a CVE stands beside the advisories, as in the product's databases.
          severities: id.startsWith('CVE-') || vulnerability === undefined ? [] : severitiesOf(vulnerability),
          affected,
        });
      }),
    ),
  );
  return new MemoryAdvisories(advisories, enrichmentOf(known));
}

function childrenOf(nodes: readonly Node[], bucket: string): readonly Node[] {
  return nodes.filter((node) => node.bucket === bucket).flatMap(({ pairs = [] }) => pairs);
}

function leavesOf(nodes: readonly Node[], bucket: string): (readonly [key: string, value: unknown])[] {
  return childrenOf(nodes, bucket).map(({ key = '', value }) => [key, value]);
}

function entriesOf(bucket: string, name: string, stated: TrivyAdvisory): AffectedPackage[] {
  const rule = BUCKETS.find(([start]) => start.test(bucket));
  if (rule === undefined) return [];
  const [start, template, nameOf] = rule;
  const ecosystem = bucket.replace(start, template);
  const { FixedVersion: fixed, Severity: level, Status: status, State: vendorStatus = null } = stated;
  const language = LANGUAGES[ecosystem];
  const severities: StatedSeverity[] =
    level === undefined ? [] : [{ source: bucket.split(' ')[0]!, level: LEVELS[level]!, text: null, vector: null }];
  return [
    affectedPackage({
      ecosystem,
      name: normalName(ecosystem, name),
      nameOf,
      ranges: language === undefined ? [below(fixed)] : languageRanges(stated, ...language),
      status: status === undefined ? (fixed === undefined ? 'affected' : 'fixed') : STATUSES[status]!,
      vendorStatus,
      severities,
    }),
  ];
}

/** One entry for each product whose CPE is known; the indexes of others are of no image here. */
function redHatEntries(
  name: string,
  { Entries = [] }: TrivyAdvisory,
  cpes: ReadonlyMap<number, string>,
): AffectedPackage[] {
  return Entries.flatMap(({ Affected = [], Arches = [], FixedVersion, Status }) =>
    Affected.flatMap((index) => {
      const product = /^cpe:\/o:redhat:(enterprise_linux:(\d+)::\w+)$/.exec(cpes.get(index) ?? '');
      if (product === null) return [];
      return affectedPackage({
        ecosystem: `Red Hat:${product[2]}`,
        name,
        nameOf: 'binary',
        ranges: [below(FixedVersion)],
        status: Status === undefined ? 'fixed' : STATUSES[Status]!,
        architectures: Arches,
        contentSets: [product[1]!],
      });
    }),
  );
}

function below(fixed: string | undefined): VersionRange {
  return { type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed === undefined ? [] : [{ fixed }])] };
}

/** RustSec states only what is patched; all the others what is vulnerable. */
function languageRanges(
  { VulnerableVersions: vulnerable, PatchedVersions: patched = [] }: TrivyAdvisory,
  purlType: string,
  type: VersionRange['type'],
): VersionRange[] {
  if (vulnerable === undefined) {
    const gaps = patched
      .map(boundsOf)
      .flatMap(({ from, end }): RangeEvent[] => [
        { fixed: from },
        ...(end === null || !('fixed' in end) ? [] : [{ introduced: end.fixed }]),
      ]);
    return [{ type, events: [{ introduced: '0' }, ...gaps] }];
  }
  const { compare } = versionOrder(type, purlType)!;
  return vulnerable.map((text) => {
    const { from, end } = boundsOf(text);
    return { type, events: [{ introduced: from }, ...(end === null ? [] : [fixedBehind(end, patched, compare)])] };
  });
}

/** As OSV's export of GitHub's advisories does: a range up to and with a version ends at the next that is patched. */
function fixedBehind(
  end: RangeEvent,
  patched: readonly string[],
  compare: (a: string, b: string) => number | 'incomparable',
): RangeEvent {
  if (!('lastAffected' in end)) return end;
  const behind = patched.filter((version) => compare(version, end.lastAffected) === 1);
  const [fixed] = behind.sort((a, b) => Number(compare(a, b)));
  return fixed === undefined ? end : { fixed };
}

/** `>= 2.0.0, <= 2.9.10.3`, `< v2.8.0`, `[2.9.0,2.9.10.7)`. */
function boundsOf(text: string): { readonly from: string; readonly end: RangeEvent | null } {
  const interval = /^\[([^,]+),([^)]+)\)$/.exec(text);
  if (interval !== null) return { from: interval[1]!, end: { fixed: interval[2]! } };
  let from = '0';
  let end: RangeEvent | null = null;
  for (const part of text.split(',')) {
    const [, operator, version] = /^\s*(>=|<=|<)\s*(\S+)\s*$/.exec(part) ?? [];
    if (version === undefined) throw new Error(`a range of Trivy's that nobody here understands: ${text}`);
    if (operator === '>=') from = version;
    else end = operator === '<' ? { fixed: version } : { lastAffected: version };
  }
  return { from, end };
}

function* enrichmentOf(known: ReadonlyMap<string, TrivyVulnerability>): Generator<readonly [string, Enrichment]> {
  for (const [id, vulnerability] of known) {
    yield [id, { kev: null, epss: null, rejected: false, severities: severitiesOf(vulnerability) }];
  }
}

function severitiesOf({ VendorSeverity = {}, CVSS = {} }: TrivyVulnerability): StatedSeverity[] {
  return [
    ...Object.entries(VendorSeverity).map(([source, level]) => ({
      source,
      level: LEVELS[level]!,
      text: null,
      vector: null,
    })),
    ...Object.entries(CVSS).flatMap(([source, { V2Vector, V3Vector }]) =>
      [V2Vector, V3Vector].flatMap((vector) =>
        vector === undefined ? [] : [{ source, level: 'unknown' as const, text: null, vector }],
      ),
    ),
  ];
}
