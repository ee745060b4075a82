import type { XmlElement } from '../../packages/xml.ts';
import type { Advisory, AffectedPackage, StatedSeverity } from '../advisory.ts';
import type { Feed, FeedContext, FeedReading } from './feed.ts';
import { momentOrNull, sentenceOrNull, textOrNull } from './foreign-json.ts';
import { elements, firstElement, parseForeignXml, textOf } from './foreign-xml.ts';
import { levelOfWord } from './osv-severity.ts';
import { packageEntry } from './package-entry.ts';
import { RefusalCounter } from './refusals.ts';

/**
 * updateinfo.xml, which rpm repositories carry beside their packages (Amazon, Rocky, Oracle): errata, and the packages
 * that fix what each is about. An advisory stands for each CVE of a security erratum, or, where it names none, for itself.
 */
export const updateinfo: Feed = {
  id: 'updateinfo',
  recognises: (_name, head) => /<updates[\s>]/.test(head) && /<update\s/.test(head),
  read: readUpdates,
};

interface Found {
  published: string | null;
  modified: string | null;
  url: string | null;
  summary: string | null;
  readonly affected: AffectedPackage[];
}

function readUpdates(bytes: Uint8Array, { name, limits }: FeedContext): FeedReading {
  const refusals = new RefusalCounter();
  const covers = new Set<string>();
  const found = new Map<string, Found>();
  const root = parseForeignXml(bytes, limits, (update) => {
    const id = textOrNull(textOf(update, 'id'), 256);
    if (id === null) {
      refusals.malformed('an erratum without an id', name);
      return;
    }
    const affected = affectedBy(update, id, refusals);
    for (const { ecosystem } of affected) covers.add(ecosystem);
    const cves = cvesOf(update);
    if (update.attributes.get('type') !== 'security' && cves.length === 0) {
      refusals.outOfScope('an erratum that fixes no vulnerability', id);
      return;
    }
    if (affected.length === 0) refusals.malformed('a security erratum that names no package', id);
    const published = momentOf(update, 'issued');
    const modified = momentOf(update, 'updated') ?? published;
    for (const vulnerability of affected.length === 0 ? [] : cves.length > 0 ? cves : [id]) {
      const known = found.get(vulnerability) ?? { published, modified, url: urlOf(id), summary: null, affected: [] };
      if (known.affected.length + affected.length > limits.advisoryEntries) {
        refusals.malformed('a record past the limit advisoryEntries', vulnerability);
        continue;
      }
      known.affected.push(...affected);
      known.summary ??= sentenceOrNull(textOf(update, 'title'));
      if (published !== null && (known.published === null || published < known.published)) known.published = published;
      if (modified !== null && (known.modified === null || modified > known.modified)) known.modified = modified;
      found.set(vulnerability, known);
    }
  });
  if (root === null) refusals.malformed('an updateinfo that is no whole XML document, or past a limit', name);
  const advisories = Array.from(found, ([id, facts]): Advisory => {
    return { id, aliases: [], source: 'updateinfo', withdrawn: null, severities: [], ...facts };
  });
  return { advisories, covers: [...covers].sort(), refusals: refusals.list() };
}

function affectedBy(update: XmlElement, id: string, refusals: RefusalCounter): AffectedPackage[] {
  const severities = severitiesOf(update, id);
  const entries = new Map<string, AffectedPackage & { readonly architectures: string[] }>();
  for (const collection of elements(update, 'pkglist').flatMap((list) => elements(list, 'collection'))) {
    const packages = elements(collection, 'package');
    const ecosystem = namespaceOf(textOf(collection, 'name'), id, packages);
    if (ecosystem === null) {
      refusals.malformed('an erratum of a distribution that nobody knows', id);
      continue;
    }
    const stream = firstElement(collection, 'module')?.attributes;
    const [name, branch] = [stream?.get('name'), stream?.get('stream')];
    const module = name === undefined || branch === undefined ? null : `${name}:${branch}`;
    for (const { attributes } of packages) {
      const fixed = versionOf(attributes);
      const packageName = textOrNull(attributes.get('name'));
      const architecture = attributes.get('arch') ?? 'noarch';
      if (fixed === null || packageName === null) {
        refusals.malformed('a package of an erratum without name or version', id);
        continue;
      }
      if (architecture === 'src' || /-debug(?:info|source)(?:-|$)/.test(packageName)) continue;
      const key = `${ecosystem}\0${packageName}\0${fixed}\0${module}`;
      const stated = { ecosystem, name: packageName, severities, module, fixed } as const;
      const entry = entries.get(key) ?? {
        ...packageEntry({ ...stated, nameOf: 'binary', status: 'fixed' }),
        architectures: [],
      };
      if (architecture !== 'noarch' && !entry.architectures.includes(architecture)) {
        entry.architectures.push(architecture);
      }
      entries.set(key, entry);
    }
  }
  return [...entries.values()];
}

/** `Rocky Linux 8`, `Oracle Linux 8`, `Amazon Linux 2`; where the name does not tell, ids and the releases of packages do. */
function namespaceOf(product: string, id: string, packages: readonly XmlElement[]): string | null {
  const release = /^(?:Amazon Linux|AlmaLinux|Oracle Linux|Rocky Linux)\s+(\d+)/i.exec(product)?.[1];
  const family = vendorOf(id)?.family;
  if (family === undefined) return null;
  if (family === 'Amazon Linux') return `${family}:${release ?? /^ALAS(2023|2)(?=[A-Z-])/.exec(id)?.[1] ?? '1'}`;
  const built = packages.flatMap(({ attributes }) => /[.+]el(\d+)/.exec(attributes.get('release') ?? '')?.[1] ?? []);
  const number = release ?? built[0];
  return number === undefined ? null : `${family}:${number}`;
}

interface Vendor {
  readonly prefix: RegExp;
  readonly source: string;
  readonly family: string;
  /** Where its errata can be read. */
  readonly url: string | null;
}

const VENDORS: readonly Vendor[] = [
  { prefix: /^ALAS/, source: 'amazon', family: 'Amazon Linux', url: null },
  { prefix: /^AL[SBE]A-/, source: 'almalinux', family: 'AlmaLinux', url: null },
  {
    prefix: /^EL[SBE]A-/,
    source: 'oracle',
    family: 'Oracle Linux',
    url: 'https://linux.oracle.com/errata/{id}.html',
  },
  { prefix: /^R[LX][SBE]A-/, source: 'rocky', family: 'Rocky Linux', url: 'https://errata.rockylinux.org/{id}' },
];

function vendorOf(id: string): Vendor | undefined {
  return VENDORS.find(({ prefix }) => prefix.test(id));
}

function urlOf(id: string): string | null {
  return vendorOf(id)?.url?.replace('{id}', encodeURIComponent(id).replaceAll('%3A', ':')) ?? null;
}

function severitiesOf(update: XmlElement, id: string): readonly StatedSeverity[] {
  const text = textOrNull(textOf(update, 'severity'), 64);
  if (text === null || /^none$/i.test(text)) return [];
  return [{ source: vendorOf(id)?.source ?? 'updateinfo', level: levelOfWord(text), text, vector: null }];
}

function cvesOf(update: XmlElement): string[] {
  const references = elements(update, 'references').flatMap((list) => elements(list, 'reference'));
  const ids = references.flatMap(({ attributes }) => {
    const id = attributes.get('type')?.toLowerCase() === 'cve' ? attributes.get('id') : undefined;
    return /^CVE-\d{4}-\d+$/.test(id ?? '') ? [id!] : [];
  });
  return [...new Set(ids)];
}

/** rpm `[epoch:]version-release`; epoch 0 is none. */
function versionOf(attributes: ReadonlyMap<string, string>): string | null {
  const version = textOrNull(attributes.get('version'), 256);
  const release = textOrNull(attributes.get('release'), 256);
  const epoch = attributes.get('epoch') ?? '0';
  if (version === null || release === null || !/^\d+$/.test(epoch)) return null;
  return epoch === '0' ? `${version}-${release}` : `${epoch}:${version}-${release}`;
}

/** `2018-01-11 21:05`: Amazon leaves the seconds out. */
function momentOf(update: XmlElement, name: string): string | null {
  const date = firstElement(update, name)?.attributes.get('date');
  return momentOrNull(date === undefined ? undefined : date.replace(/( \d\d:\d\d)$/, '$1:00'));
}
