import { PlimsollError } from '../errors.ts';
import { displayPath } from '../layers/path.ts';
import type {
  IndexReport,
  Report,
  ReportCompleteness,
  ReportDocument,
  ReportImage,
  ReportPackage,
  ReportVerdict,
  Vulnerability,
} from './report.ts';

/**
 * A report as its one text: two-space JSON and a final newline, the same bytes for the same facts whatever order they
 * were found in. Keys stand in the order of the schema. Lists that are sets are sorted by UTF-16 code units, null
 * first: packages by type, name, version, arch, layer, purl, id; vulnerabilities by package and id; layers by index; gaps by layer, code, path, message;
 * reports of an index by platform, digest. `entrypoint` and `cmd` keep their order, which means something.
 *
 * Every text is well-formed Unicode, since other languages refuse JSON that is not: a byte of a name that is no UTF-8
 * reads `\xNN`. Characters that steer a terminal are written as `\uNNNN`. Raises LIMIT_EXCEEDED where the text would be longer than the runtime allows (512 MiB).
 */
export function serializeReport(document: ReportDocument): string {
  return jsonText('reports' in document ? canonicalIndex(document) : canonicalReport(document));
}

/** The report in the order and the Unicode of its text: what is made of it is then the same for the same facts, too. */
export function asSerialized(report: Report): Report {
  return JSON.parse(serializeReport(report)) as Report;
}

/** Any value as such a text; keys and lists as they stand. */
export function jsonText(value: unknown): string {
  try {
    const text = JSON.stringify(value, null, 2);
    return `${escapeSteering(LONE_SURROGATE.test(text) ? wellFormedText(value) : text)}\n`;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new PlimsollError('LIMIT_EXCEEDED', 'The report is too large to be written as one JSON text.', { cause });
  }
}

/** How JSON.stringify writes half a pair (ECMA-262, QuoteJSONString). To look at each text one by one takes ten times as long. */
const LONE_SURROGATE = /\\ud[89a-f]/;

function wellFormedText(value: unknown): string {
  return JSON.stringify(value, (_, item) => (typeof item === 'string' ? wellFormed(item) : item), 2);
}

/** JSON with every character that steers a terminal as its escape. */
export function escapeSteering(json: string): string {
  return json.replace(STEERING, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What JSON leaves as it is and a terminal obeys: DEL and C1 controls, bidirectional marks, line separators. */
const STEERING = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Key orders; a test compares them with the schema, which a scan need not load. */
export const KEYS = {
  indexReport: ['schemaVersion', 'index', 'reports'],
  index: ['kind', 'reference', 'digest'],
  report: [
    'schemaVersion',
    'tool',
    'createdAt',
    'target',
    'inputs',
    'engines',
    'sandbox',
    'image',
    'packages',
    'vulnerabilities',
    'findings',
    'completeness',
    'verdict',
    'timings',
  ],
  tool: ['name', 'version'],
  target: ['kind', 'reference', 'digest', 'platform'],
  inputs: ['db', 'policy', 'exceptions', 'vex', 'config'],
  engine: ['name', 'version', 'status'],
  sandbox: ['fs', 'net', 'memory'],
  image: ['id', 'os', 'architecture', 'created', 'repositories', 'layers', 'config'],
  os: ['id', 'versionId', 'prettyName', 'eol'],
  layer: ['index', 'digest', 'diffId', 'size', 'instruction', 'base', 'contentSets'],
  imageConfig: ['user', 'entrypoint', 'cmd', 'exposedPorts', 'labels'],
  package: [
    'id',
    'purl',
    'type',
    'name',
    'version',
    'arch',
    'source',
    'epoch',
    'modularity',
    'origin',
    'vendor',
    'repository',
    'licenses',
    'layer',
    'paths',
    'ownedBy',
    'dependsOn',
    'development',
    'hiddenBy',
    'foundBy',
  ],
  source: ['name', 'version'],
  vulnerability: [
    'id',
    'aliases',
    'packageId',
    'purl',
    'installedVersion',
    'fixedVersion',
    'status',
    'vendorStatus',
    'severity',
    'severitySource',
    'severities',
    'cvss',
    'epss',
    'kev',
    'published',
    'modified',
    'advisory',
    'sources',
    'confidence',
    'reason',
    'layer',
    'suppressed',
  ],
  statedSeverity: ['source', 'level', 'text'],
  cvssScore: ['source', 'version', 'vector', 'score'],
  epss: ['probability', 'percentile', 'date'],
  kev: ['added', 'due', 'ransomware'],
  advisorySource: ['id', 'url', 'source'],
  suppression: ['by', 'status', 'justification', 'reason', 'owner', 'source', 'expires'],
  completeness: ['status', 'layersRead', 'layersTotal', 'gaps', 'feeds', 'withoutFeed'],
  gap: ['code', 'class', 'layer', 'path', 'message'],
  feed: ['ecosystem', 'records', 'newest'],
  verdict: ['decision', 'violations', 'reasons', 'policies', 'gate'],
  violation: ['policy', 'rule', 'level', 'mode', 'message', 'evidence', 'exempt'],
  exempt: ['by', 'reason', 'owner', 'expires'],
  verdictReason: ['code', 'decides', 'message'],
  judgingPolicy: ['name', 'digest', 'builtin', 'rules'],
  gate: ['failOn', 'severities', 'ignoreUnfixed', 'against'],
} as const;

function canonicalIndex(document: IndexReport): object {
  return ordered(KEYS.indexReport, {
    ...document,
    index: ordered(KEYS.index, document.index),
    reports: sortedBy(document.reports, (each) => [
      each.target.platform,
      each.target.digest,
      each.target.reference,
    ]).map(canonicalReport),
  });
}

function canonicalReport(report: Report): object {
  return ordered(KEYS.report, {
    ...report,
    tool: ordered(KEYS.tool, report.tool),
    target: ordered(KEYS.target, report.target),
    inputs: ordered(KEYS.inputs, report.inputs),
    engines: sortedBy(report.engines, (each) => [each.name, each.version, each.status]).map((each) =>
      ordered(KEYS.engine, each),
    ),
    sandbox: report.sandbox && ordered(KEYS.sandbox, report.sandbox),
    image: canonicalImage(report.image),
    packages: sortedBy(report.packages, (each) => [
      each.type,
      each.name,
      each.version,
      each.arch,
      each.layer,
      each.purl,
      each.id,
    ]).map(canonicalPackage),
    vulnerabilities:
      report.vulnerabilities &&
      sortedBy(report.vulnerabilities, (each) => [each.packageId, each.id]).map(canonicalVulnerability),
    findings: sortedBy(report.findings, (each) => [each.kind, each.id, stableText(each)]).map(withSortedKeys),
    completeness: canonicalCompleteness(report.completeness),
    verdict: report.verdict && canonicalVerdict(report.verdict),
    timings: withSortedKeys(report.timings),
  });
}

function canonicalImage(image: ReportImage): object {
  const { config } = image;
  return ordered(KEYS.image, {
    ...image,
    os: image.os && ordered(KEYS.os, image.os),
    repositories: sorted(image.repositories),
    layers: sortedBy(image.layers, (each) => [each.index]).map((each) =>
      ordered(KEYS.layer, { ...each, contentSets: sorted(each.contentSets) }),
    ),
    config:
      config &&
      ordered(KEYS.imageConfig, {
        ...config,
        exposedPorts: sorted(config.exposedPorts),
        labels: withSortedKeys(config.labels),
      }),
  });
}

function canonicalPackage(each: ReportPackage): object {
  return ordered(KEYS.package, {
    ...each,
    source: each.source && ordered(KEYS.source, each.source),
    licenses: sorted(each.licenses),
    paths: sorted(each.paths),
    dependsOn: sorted(each.dependsOn),
    foundBy: sorted(each.foundBy),
  });
}

function canonicalVulnerability(each: Vulnerability): object {
  const { epss, kev, suppressed } = each;
  const sources = sortedBy(each.sources, ({ id, source }) => [id, source]);
  return ordered(KEYS.vulnerability, {
    ...each,
    aliases: sorted(each.aliases),
    severities: sortedBy(each.severities, ({ source, level, text }) => [source, level, text]).map((item) =>
      ordered(KEYS.statedSeverity, item),
    ),
    cvss: sortedBy(each.cvss, ({ source, version, vector }) => [source, version, vector]).map((item) =>
      ordered(KEYS.cvssScore, item),
    ),
    epss: epss && ordered(KEYS.epss, epss),
    kev: kev && ordered(KEYS.kev, kev),
    advisory: ordered(KEYS.advisorySource, each.advisory),
    sources: sources.map((item) => ordered(KEYS.advisorySource, item)),
    suppressed: suppressed && ordered(KEYS.suppression, suppressed),
  });
}

function canonicalCompleteness(completeness: ReportCompleteness): object {
  return ordered(KEYS.completeness, {
    ...completeness,
    gaps: sortedBy(completeness.gaps, (each) => [each.layer, each.code, each.path, each.message]).map((each) =>
      ordered(KEYS.gap, each),
    ),
    feeds: sortedBy(completeness.feeds, (each) => [each.ecosystem, each.newest, each.records]).map((each) =>
      ordered(KEYS.feed, each),
    ),
    withoutFeed: sorted(completeness.withoutFeed),
  });
}

function canonicalVerdict(verdict: ReportVerdict): object {
  return ordered(KEYS.verdict, {
    ...verdict,
    violations: sortedBy(verdict.violations, (each) => [
      each.policy,
      each.rule,
      each.message,
      stableText(each.evidence),
      each.level,
    ]).map((each) =>
      ordered(KEYS.violation, {
        ...each,
        evidence: withSortedKeys(each.evidence),
        exempt: each.exempt && ordered(KEYS.exempt, each.exempt),
      }),
    ),
    reasons: sortedBy(verdict.reasons, (each) => [REASON_RANK[each.decides ?? 'shown'], each.code, each.message]).map(
      (each) => ordered(KEYS.verdictReason, each),
    ),
    policies: sortedBy(verdict.policies, (each) => [each.name]).map((each) => ordered(KEYS.judgingPolicy, each)),
    gate: ordered(KEYS.gate, {
      ...verdict.gate,
      severities: verdict.gate.severities && sorted(verdict.gate.severities),
    }),
  });
}

/** What decides comes first. */
const REASON_RANK = { fail: 0, unknown: 1, shown: 2 } as const;

/** The value with these keys in this order; a key that is absent stays absent. */
function ordered<Value extends object>(keys: readonly (keyof Value & string)[], value: Value): object {
  return Object.fromEntries(keys.flatMap((key) => (value[key] === undefined ? [] : [[key, value[key]]])));
}

function withSortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => compareKeys(a, b));
  return Object.fromEntries(entries.map(([key, item]) => [wellFormed(key), withSortedKeys(item)]));
}

function stableText(value: unknown): string {
  return JSON.stringify(withSortedKeys(value));
}

type SortKey = string | number | null;

/** Ordered by the first key that differs; null before everything else. Of each value its keys are asked once. */
function sortedBy<Value>(values: readonly Value[], keysOf: (value: Value) => readonly SortKey[]): Value[] {
  return values
    .map((value) => ({ value, keys: keysOf(value) }))
    .sort((a, b) => {
      for (const [i, key] of a.keys.entries()) {
        const order = compareKeys(key, b.keys[i]!);
        if (order !== 0) return order;
      }
      return 0;
    })
    .map(({ value }) => value);
}

function compareKeys(a: SortKey, b: SortKey): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

function sorted(texts: readonly string[]): string[] {
  return texts.toSorted(compareKeys);
}

function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  // Only lone surrogates change here: control characters are escaped in the finished text.
  return text.replace(/(?<![\ud800-\udbff])[\udc80-\udcff]/g, displayPath).toWellFormed();
}
