import type { JsonObject } from '../../image/json.ts';
import type { Limits } from '../../limits.ts';
import type { Advisory, AffectedPackage, StatedSeverity } from '../advisory.ts';
import { normalName } from '../package-name.ts';
import type { Feed, FeedContext, FeedReading } from './feed.ts';
import {
  listOrEmpty,
  momentOrNull,
  objectOrNull,
  parseForeignJson,
  sentenceOrNull,
  textOrNull,
} from './foreign-json.ts';
import { type Namespace, namespaceOf } from './osv-namespace.ts';
import { boundedBy, readRanges } from './osv-ranges.ts';
import { severityOfTitle, severityWord, speakerOf, statedSeverities, vendorStand } from './osv-severity.ts';
import { RefusalCounter } from './refusals.ts';

/** Records of OSV 1.x (https://ossf.github.io/osv-schema/), one a file, as the bulk export has them in ECOSYSTEM/all.zip. */
export const osv: Feed = {
  id: 'osv',
  recognises: (_name, head) => {
    if (!/^\s*\{/.test(head) || !/"id"\s*:/.test(head)) return false;
    return /"(?:affected|schema_version|modified|withdrawn)"\s*:/.test(head);
  },
  read: readOsv,
};

function readOsv(bytes: Uint8Array, context: FeedContext): FeedReading {
  const refusals = new RefusalCounter();
  const advisory = readRecord(bytes, context, refusals);
  return { advisories: advisory === null ? [] : [advisory], refusals: refusals.list() };
}

function readRecord(bytes: Uint8Array, { name, limits }: FeedContext, refusals: RefusalCounter): Advisory | null {
  const refused = (reason: string, where = name): null => {
    refusals.malformed(reason, where);
    return null;
  };
  if (bytes.length > limits.advisoryBytes) return refused('a record past the limit advisoryBytes');
  const record = objectOrNull(parseForeignJson(bytes));
  if (record === null) return refused('a record that is no JSON object');
  const id = textOrNull(record.id, 256);
  if (id === null) return refused('a record without an id');
  const entries = record.affected ?? [];
  if (!Array.isArray(entries)) return refused('affected is no list', id);
  if (entries.length > limits.advisoryEntries) return refused('a record past the limit advisoryEntries', id);
  const withdrawn = momentOrNull(record.withdrawn);
  if (withdrawn === null && record.withdrawn !== undefined && record.withdrawn !== null) {
    // Hides nothing: who cannot say when it was withdrawn has not withdrawn it.
    refusals.malformed('withdrawn at no date; the record stands', id);
  }

  const speaker = speakerOf(id);
  const title = sentenceOrNull(record.summary);
  const aliases = aliasesOf(record, id);
  if (/^(?:AL|RL|RH|RX)[BE]A-/.test(id) && aliases.length === 0) {
    refusals.outOfScope('an erratum that fixes no vulnerability', id);
    return null;
  }
  const affected = entries.flatMap((entry: unknown) => {
    return readAffected(entry, { id, title, speaker, limits, refusals }) ?? [];
  });
  if (affected.length === 0) {
    if (entries.length === 0) refusals.outOfScope('a record that names no package', id);
    return null;
  }
  return {
    id,
    aliases,
    source: 'osv',
    url: urlOf(record),
    summary: title ?? sentenceOrNull(record.details),
    published: momentOrNull(record.published),
    modified: momentOrNull(record.modified),
    withdrawn,
    severities: distinct([
      ...statedSeverities(record.severity, speaker),
      ...severityWord(objectOrNull(record.database_specific), ['severity'], speaker),
      ...severityOfTitle(title, speaker),
      ...(speaker === 'malicious-packages' ? [MALICIOUS] : []),
    ]),
    affected,
  };
}

/** Such records state no severity: the package itself is the attack. */
const MALICIOUS: StatedSeverity = { source: 'malicious-packages', level: 'critical', text: 'malicious', vector: null };

interface Whole {
  readonly id: string;
  readonly title: string | null;
  readonly speaker: string;
  readonly limits: Limits;
  readonly refusals: RefusalCounter;
}

function readAffected(value: unknown, { id, title, speaker, limits, refusals }: Whole): AffectedPackage | null {
  const refused = (reason: string): null => {
    refusals.malformed(reason, id);
    return null;
  };
  const entry = objectOrNull(value);
  if (entry === null) return refused('an affected entry that is no object');
  const { ranges, flaw, opened, git, never } = readRanges(entry.ranges);
  if (flaw !== null) return refused(flaw);
  if (opened) refusals.malformed('a range that ends at no version; it is taken as without an end', id);
  if (git > 0) refusals.outOfScope('an entry with ranges of commits (GIT)', id);
  const stated = objectOrNull(entry.package);
  if (stated === null && git > 0) return null;
  const ecosystem = textOrNull(stated?.ecosystem, 256);
  const name = textOrNull(stated?.name);
  if (ecosystem === null || name === null) return refused('an affected entry without ecosystem and name');
  const listed = entry.versions ?? [];
  if (!Array.isArray(listed)) return refused('versions are no list');
  if (listed.length > limits.advisoryEntries) return refused('an affected entry past the limit advisoryEntries');
  const versions = listed.map((version: unknown) => textOrNull(version));
  if (!versions.every((version) => version !== null)) return refused('a version that is no text');
  if (ranges.length === 0 && versions.length === 0 && !never) {
    return git > 0 ? null : refused('an affected entry that names no versions');
  }
  const specific = objectOrNull(entry.ecosystem_specific);
  const own = objectOrNull(entry.database_specific);
  const namespace = namespaceOf(ecosystem, textOrNull(specific?.availability), textOrNull(stated?.purl, 4_096));
  const stand = vendorStand(specific);
  const hasFix = ranges.some(({ events }) => events.some((event) => 'fixed' in event));
  return {
    ecosystem: namespace.ecosystem,
    channel: namespace.channel,
    name: normalName(namespace.ecosystem, name),
    nameOf: namespace.nameOf,
    ranges: boundedBy(ranges, own?.last_known_affected_version_range),
    versions,
    status: never ? 'not_affected' : (stand?.status ?? (hasFix ? 'fixed' : 'affected')),
    vendorStatus: stand?.word ?? textOrNull(own?.informational, 64),
    severities: distinct([
      ...statedSeverities(entry.severity, speaker),
      ...severityWord(specific, ['severity', 'urgency'], speaker),
      ...severityWord(own, ['severity'], speaker),
    ]),
    module: moduleOf(namespace, ranges, title),
    architectures: textsOf(objectOrNull(specific?.affects)?.arch),
    contentSets: namespace.contentSet === null ? [] : [namespace.contentSet],
    imports: importsOf(specific),
  };
}

/**
 * Distributions name the CVEs that an erratum fixes as `upstream`; rpm errata without it (AlmaLinux, Rocky) as `related`,
 * which elsewhere is only a hint.
 */
function aliasesOf(record: JsonObject, id: string): readonly string[] {
  const texts = (value: unknown): string[] => textsOf(value, 256);
  const upstream = texts(record.upstream);
  const isErratum = /^(?:AL|RL|RH|RX)[SBE]A-/.test(id) && upstream.length === 0;
  const related = isErratum ? texts(record.related).filter((other) => other.startsWith('CVE-')) : [];
  const all = new Set([...texts(record.aliases), ...upstream, ...related]);
  all.delete(id);
  return [...all].sort();
}

/**
 * The module stream (`nodejs:12`) that an rpm erratum is for: builds of modules carry `.module` in their release, and
 * the erratum's title names the stream. Null where it does not: a fixed version with `.module` then still says that
 * only builds of a module are meant.
 */
function moduleOf({ ecosystem }: Namespace, ranges: AffectedPackage['ranges'], title: string | null): string | null {
  if (!/^(?:AlmaLinux|Red Hat|Rocky Linux)\b/.test(ecosystem)) return null;
  const isModular = ranges.some(({ events }) => {
    return events.some((event) => 'fixed' in event && /\.module[+_]/.test(event.fixed));
  });
  return isModular ? (/(?:^|\s)([a-z0-9][\w.+-]*:[\w.+-]+)(?=[\s,]|$)/i.exec(title ?? '')?.[1] ?? null) : null;
}

/** Go: the import paths of `ecosystem_specific.imports`. */
function importsOf(specific: JsonObject | null): readonly string[] {
  const paths = listOrEmpty(specific?.imports).flatMap((item) => textOrNull(objectOrNull(item)?.path) ?? []);
  return [...new Set(paths)].sort();
}

/** The page that explains the record, else the first link that it has. */
function urlOf(record: JsonObject): string | null {
  const links = listOrEmpty(record.references).map(objectOrNull);
  const page = links.find((link) => link?.type === 'ADVISORY' && isWebLink(link.url));
  return textOrNull((page ?? links.find((link) => isWebLink(link?.url)))?.url, 2_048);
}

function isWebLink(url: unknown): boolean {
  return typeof url === 'string' && url.length <= 2_048 && /^https?:\/\/[^\s\p{Cc}]+$/u.test(url);
}

function textsOf(value: unknown, max?: number): string[] {
  return listOrEmpty(value).flatMap((item) => textOrNull(item, max) ?? []);
}

/** Without repetitions: GitHub and RustSec say the same vector twice. */
function distinct(severities: readonly StatedSeverity[]): readonly StatedSeverity[] {
  const seen = new Set<string>();
  return severities.filter((severity) => {
    const key = JSON.stringify(severity);
    return !seen.has(key) && seen.add(key);
  });
}
