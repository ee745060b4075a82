import { purlName } from '../verdict/gate.ts';
import { compareSeverities, type SeverityLevel } from '../vulnerabilities/advisory.ts';
import type { Report, ReportDocument, ReportPackage, ReportVerdict, Vulnerability } from './report.ts';
import { asSerialized, jsonText } from './serialize.ts';

/*
 * SARIF 2.1.0 (OASIS), with what GitHub's code scanning asks for: rules with `security-severity`, a file and a line for each result,
 * `partialFingerprints` that outlive an upgrade, and a category for each image.
 */

type Sha256 = (bytes: Uint8Array) => string;
type Violation = ReportVerdict['violations'][number];
type Level = 'error' | 'warning' | 'note';

interface Rule {
  readonly id: string;
  readonly shortDescription: Text;
  readonly fullDescription: Text;
  readonly help: Text;
  readonly helpUri?: string;
  readonly defaultConfiguration: { readonly level: Level };
  readonly properties: Readonly<Record<string, unknown>>;
}
interface Text {
  readonly text: string;
}
interface Result {
  readonly rule: Rule;
  readonly level: Level;
  readonly text: string;
  readonly item: ReportPackage | null;
  readonly layer: number | null;
  /** What makes two results of two scans the same. */
  readonly identity: readonly (string | null)[];
  readonly suppression: string | null;
  readonly properties: Readonly<Record<string, unknown>>;
}

const LEVELS: Readonly<Record<SeverityLevel, Level>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  negligible: 'note',
  none: 'note',
  unknown: 'note',
};

/** The scores that GitHub takes for a severity, and the one for where no source's score lies among them. */
const BANDS: Partial<Readonly<Record<SeverityLevel, readonly [from: number, to: number, otherwise: number]>>> = {
  critical: [9.1, 10, 9.5],
  high: [7, 9, 8],
  medium: [4, 6.9, 5.5],
  low: [0.1, 3.9, 2],
  negligible: [0.1, 3.9, 1],
};

/** One run for each report. */
export function formatSarif(document: ReportDocument, sha256: Sha256): string {
  const reports = 'reports' in document ? document.reports : [document];
  return jsonText({
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: reports.map((report) => runOf(asSerialized(report), sha256)),
  });
}

function runOf(report: Report, sha256: Sha256): object {
  const { target, tool, verdict, completeness } = report;
  const results = resultsOf(report);
  const rules = [...new Map(results.map(({ rule }) => [rule.id, rule])).values()];
  const indexes = new Map(rules.map(({ id }, i) => [id, i]));
  const base = target.kind === 'dir' ? '%SRCROOT%' : 'ROOTFS';
  return {
    tool: { driver: { name: 'Plimsoll', semanticVersion: tool.version, rules } },
    // GitHub: the category; a later upload takes the place of an earlier one of the same.
    automationDetails: { id: `plimsoll/${category(target)}/` },
    originalUriBaseIds: { [base]: { description: { text: `The root of ${target.kind}:${target.reference}` } } },
    invocations: [
      {
        executionSuccessful: true,
        toolExecutionNotifications: completeness.gaps.map(({ code, class: kind, message, path }) => ({
          descriptor: { id: code },
          level: kind === 'blocking' ? 'error' : 'note',
          message: { text: literal(message) },
          ...(path !== null && path !== '' && { locations: [{ physicalLocation: placeOf(path, base) }] }),
        })),
      },
    ],
    results: results.map((result) => resultOf(result, report, base, indexes.get(result.rule.id)!, sha256)),
    columnKind: 'utf16CodeUnits',
    properties: { target, decision: verdict?.decision ?? null, completeness: completeness.status },
  };
}

function resultOf(result: Result, { target, image }: Report, base: string, ruleIndex: number, sha256: Sha256): object {
  const { rule, level, text, item, layer, identity, suppression, properties } = result;
  const instruction = layer === null ? null : (image.layers[layer]?.instruction ?? null);
  const paths = item?.paths ?? [];
  const fingerprint = sha256(new TextEncoder().encode(JSON.stringify(identity)));
  return {
    ruleId: rule.id,
    ruleIndex,
    level,
    message: { text: literal(text) },
    locations: [
      {
        physicalLocation: placeOf(paths[0] ?? target.reference, base),
        ...(item !== null && {
          logicalLocations: [{ name: item.name, fullyQualifiedName: item.purl, kind: 'package' }],
        }),
        ...(layer !== null && {
          message: { text: literal(`layer ${layer}${instruction === null ? '' : `: ${instruction}`}`) },
        }),
      },
    ],
    partialFingerprints: { primaryLocationLineHash: `${fingerprint.slice(0, 16)}:1`, 'plimsoll/v1': fingerprint },
    ...(suppression !== null && {
      suppressions: [{ kind: 'external', status: 'accepted', justification: literal(suppression) }],
    }),
    properties: { ...properties, ...(paths.length > 1 && { paths }) },
  };
}

/** Worst first: GitHub shows so many and no more. */
function resultsOf(report: Report): Result[] {
  const packages = new Map(report.packages.map((item) => [item.id, item]));
  const rows = (report.vulnerabilities ?? []).toSorted((a, b) => compareSeverities(a.severity, b.severity));
  const rules = new Map(
    [...Map.groupBy(rows, ({ id }) => id)].map(([id, group]) => [id, vulnerabilityRule(group as [Vulnerability])]),
  );
  const vulnerabilities = rows.map((row): Result => {
    const item = packages.get(row.packageId) ?? null;
    return {
      rule: rules.get(row.id)!,
      level: LEVELS[row.severity],
      text: vulnerabilityText(row, item),
      item,
      layer: row.layer,
      identity: [row.id, purlName(row.purl), item?.paths[0] ?? null],
      suppression: row.suppressed === undefined ? null : suppressionText(row.suppressed),
      properties: {
        purl: row.purl,
        installedVersion: row.installedVersion,
        fixedVersion: row.fixedVersion,
        severity: row.severity,
        status: row.status,
        exploited: row.kev !== null,
        epss: row.epss?.probability ?? null,
      },
    };
  });
  // What speaks of a vulnerability is there already.
  const others = (report.verdict?.violations ?? []).filter(({ evidence }) => evidence.vulnerability === undefined);
  return [...others.map((violation) => violationResult(violation, packages)), ...vulnerabilities];
}

/** Of all packages that have it: rules have one severity, so that it is the worst. */
function vulnerabilityRule(rows: readonly [Vulnerability, ...Vulnerability[]]): Rule {
  const [worst] = rows;
  const { id, severity, aliases, published, advisory, sources } = worst;
  const url = advisory.url ?? sources.find((source) => source.url !== null)?.url ?? urlOf(id);
  const names = [id, ...aliases].join(', ');
  const score = scoreOf(worst);
  return {
    id,
    shortDescription: { text: literal(`${id}: ${severity} severity`) },
    fullDescription: { text: literal(`The vulnerability ${names}, of ${severity} severity.`) },
    help: {
      text: literal(
        `${names}\nSeverity: ${severity}${worst.severitySource === null ? '' : ` (${worst.severitySource})`}\nPublished: ${published ?? 'unknown'}\nRecords: ${sources.map((source) => source.id).join(', ')}`,
      ),
    },
    ...(url !== null && /^https?:\/\/[^\s"<>\\^`{|}]+$/.test(url) && { helpUri: url }),
    defaultConfiguration: { level: LEVELS[severity] },
    properties: {
      ...(score !== null && { 'security-severity': score.toFixed(1) }),
      precision: worst.confidence === 'high' ? 'very-high' : worst.confidence,
      tags: ['security', 'vulnerability', severity],
    },
  };
}

/** A score within the severity that was decided: a vendor's "low" must not be shown as the "critical" of somebody else's score. */
function scoreOf({ severity, severitySource, cvss }: Vulnerability): number | null {
  const band = BANDS[severity];
  if (band === undefined) return null;
  const [from, to, otherwise] = band;
  const within = cvss.filter(({ score }) => score >= from && score <= to);
  const own = within.filter(({ source }) => source === severitySource);
  const scores = (own.length > 0 ? own : within).map(({ score }) => score);
  return scores.length === 0 ? otherwise : Math.max(...scores);
}

function vulnerabilityText(row: Vulnerability, item: ReportPackage | null): string {
  const { id, severity, status, fixedVersion, installedVersion, purl, kev, reason } = row;
  const fix =
    status === 'unknown'
      ? `nobody can tell whether it is affected: ${reason}`
      : fixedVersion === null
        ? `no fix (${status.replaceAll('_', ' ')})`
        : `fixed in ${fixedVersion}`;
  const exploited = kev === null ? '' : ', known to be exploited';
  return `${item?.name ?? purl} ${installedVersion}: ${id} (${severity}${exploited}), ${fix}.`;
}

function suppressionText(suppressed: NonNullable<Vulnerability['suppressed']>): string {
  const { by, status, justification, reason, owner, source, expires } = suppressed;
  const parts = [status, justification, reason, owner && `by ${owner}`, source, expires && `until ${expires}`];
  return `${by}: ${parts.filter(Boolean).join('; ')}`;
}

function violationResult(violation: Violation, packages: ReadonlyMap<string, ReportPackage>): Result {
  const { rule, policy, level, mode, message, evidence, exempt } = violation;
  const item = packages.get(String(evidence.package)) ?? null;
  const shown: Level = mode !== 'deny' ? 'note' : level === 'undecided' ? 'warning' : level;
  return {
    rule: {
      id: `policy/${rule}`,
      shortDescription: { text: literal(`Policy rule ${rule}`) },
      fullDescription: { text: literal(`The rule ${rule} of the policy ${policy}.`) },
      help: { text: literal(`The rule ${rule} of the policy ${policy}; see "plimsoll policy list".`) },
      defaultConfiguration: { level: 'warning' },
      properties: { tags: ['security', 'policy'] },
    },
    level: shown,
    text: `${message}${/[.!?]$/.test(message) ? '' : '.'}`,
    item,
    layer: item?.layer ?? null,
    identity: [
      rule,
      item === null ? null : purlName(item.purl),
      item?.paths[0] ?? null,
      item === null ? message : null,
    ],
    suppression: exempt === null ? null : `${exempt.by}: ${exempt.reason}`,
    properties: { mode, policy },
  };
}

/** The image without its tag and digest, and the platform: what stays the same from one scan to the next. */
function category({ kind, reference, platform }: Report['target']): string {
  const name =
    kind === 'registry' ? reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '') : reference.replace(/^[./]+/, '');
  return [name, platform ?? []].flat().join('/');
}

/** A file below the root, as a relative reference of RFC 3986; the first line, as GitHub wants one. */
function placeOf(path: string, base: string): object {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  const uri = segments.map((segment) => (segment === '..' ? '%2E%2E' : encodeURIComponent(segment))).join('/') || '.';
  return { artifactLocation: { uri, uriBaseId: base }, region: { startLine: 1 } };
}

function urlOf(id: string): string | null {
  if (/^CVE-\d{4}-\d+$/.test(id)) return `https://www.cve.org/CVERecord?id=${id}`;
  return /^GHSA(?:-[\w]{4}){3}$/.test(id) ? `https://github.com/advisories/${id}` : null;
}

/** Text that means itself: brackets would be links in it, and numbers in braces places for arguments (sections 3.11.5, 3.11.6). */
function literal(text: string): string {
  return text.replace(/[\\[\]]/g, '\\$&').replace(/\{(\d+)\}/g, '{{$1}}');
}
