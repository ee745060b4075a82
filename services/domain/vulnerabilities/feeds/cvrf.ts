import type { XmlElement } from '../../packages/xml.ts';
import type { Advisory, AffectedPackage, StatedSeverity } from '../advisory.ts';
import type { Feed, FeedContext, FeedReading } from './feed.ts';
import { momentOrNull, sentenceOrNull, textOrNull } from './foreign-json.ts';
import { elements, firstElement, parseForeignXml, textOf } from './foreign-xml.ts';
import { levelOfWord } from './osv-severity.ts';
import { packageEntry } from './package-entry.ts';
import { RefusalCounter } from './refusals.ts';

/**
 * Security updates of SUSE and openEuler as CVRF 1.1 (http://www.icasi.org/CVRF/schema/cvrf/1.1): an update, what it
 * fixes, and the packages of each product that hold the fix. One advisory for each vulnerability.
 */
export const cvrf: Feed = {
  id: 'cvrf',
  recognises: (_name, head) => /<(?:cvrf:)?cvrfdoc[\s>]/.test(head),
  read: readCvrf,
};

function readCvrf(bytes: Uint8Array, { name, limits }: FeedContext): FeedReading {
  const refusals = new RefusalCounter();
  const root = parseForeignXml(bytes, limits);
  if (root === null) {
    refusals.malformed('a CVRF document that is no whole XML, or past a limit', name);
    return { advisories: [], refusals: refusals.list() };
  }
  const tracking = firstElement(root, 'DocumentTracking');
  const packages = packagesOf(firstElement(root, 'ProductTree'));
  const link = elements(firstElement(root, 'DocumentReferences'), 'Reference').find(
    ({ attributes }) => attributes.get('Type') === 'Self',
  );
  const seen = new Set<string>();
  const advisories = elements(root, 'Vulnerability').flatMap((vulnerability): Advisory[] => {
    const id = textOrNull(textOf(vulnerability, 'CVE'), 64);
    if (id === null || !/^CVE-\d{4}-\d+$/.test(id) || seen.has(id)) {
      if (id === null || !seen.has(id)) refusals.malformed('a vulnerability without a CVE', name);
      return [];
    }
    seen.add(id);
    const affected = affectedBy(vulnerability, packages);
    if (affected.length === 0 || affected.length > limits.advisoryEntries) {
      refusals.malformed('a vulnerability that names no package, or past the limit advisoryEntries', id);
      return [];
    }
    const url = link === undefined ? '' : textOf(link, 'URL');
    return [
      {
        id,
        aliases: [],
        source: 'cvrf',
        url: /^https?:\/\/[^\s\p{Cc}]+$/u.test(url) && url.length <= 2_048 ? url : null,
        summary: sentenceOrNull(textOf(root, 'DocumentTitle')),
        published: momentOrNull(textOf(tracking, 'InitialReleaseDate')),
        modified: momentOrNull(textOf(tracking, 'CurrentReleaseDate')),
        withdrawn: null,
        severities: severitiesOf(vulnerability, affected[0]!.ecosystem),
        affected,
      },
    ];
  });
  return { advisories, refusals: refusals.list() };
}

interface ProductPackage {
  readonly ecosystem: string;
  readonly channel: string | null;
  readonly name: string;
  readonly fixed: string;
  readonly architecture: string | null;
}

/** What each product id of a status means: one package of a product (SUSE), or all that the update has for it (openEuler). */
function packagesOf(tree: XmlElement | undefined): ReadonlyMap<string, readonly ProductPackage[]> {
  const found = new Map<string, ProductPackage[]>();
  for (const relation of elements(tree, 'Relationship')) {
    const [reference, product] = ['ProductReference', 'RelatesToProductReference'].map((key) =>
      relation.attributes.get(key),
    );
    const id = firstElement(relation, 'FullProductName')?.attributes.get('ProductID');
    const package_ = packageOf(product, reference, null);
    if (id !== undefined && package_ !== null) found.set(id, [package_]);
  }
  for (const { attributes, children } of elements(tree, 'Branch')) {
    if (attributes.get('Type') !== 'Package Arch') continue;
    const architecture = attributes.get('Name') ?? null;
    for (const file of children) {
      const product = file.attributes.get('CPE')?.split(':');
      const of = product === undefined ? undefined : `${product[3]}-${product.slice(4).join(':')}`;
      const package_ = packageOf(of, file.text.replace(/\.[^.]+\.rpm$/, ''), architecture);
      if (of !== undefined && package_ !== null) found.set(of, [...(found.get(of) ?? []), package_]);
    }
  }
  return found;
}

/** `libopenssl0_9_8-0.9.8j-106.12.1` of a product. */
function packageOf(
  product: string | undefined,
  file: string | undefined,
  architecture: string | null,
): ProductPackage | null {
  const parts = /^(?<name>\S+)-(?<version>[^-\s]+-[^-\s]+)$/.exec(file ?? '')?.groups;
  const namespace = product === undefined ? null : namespaceOf(product);
  if (parts === undefined || namespace === null || architecture === 'src') return null;
  return {
    ...namespace,
    name: parts.name!,
    fixed: parts.version!,
    architecture: architecture === 'noarch' ? null : architecture,
  };
}

/** `SUSE Linux Enterprise Server 12 SP2-LTSS`, `openSUSE Leap 15.0`, `openEuler-20.03-LTS-SP3`, as OSV spells their namespaces. */
function namespaceOf(product: string): { ecosystem: string; channel: string | null } | null {
  const parts = /^(?<family>SUSE|openSUSE|openEuler)[ -](?<release>\S.*)$/.exec(product)?.groups;
  if (parts === undefined) return null;
  if (parts.family === 'openEuler') return { ecosystem: `openEuler:${parts.release}`, channel: null };
  const channel = /-(LTSS|ESPOS|TERADATA)$/i.exec(parts.release!)?.[1]?.toLowerCase() ?? null;
  const release = channel === null ? parts.release! : parts.release!.slice(0, -channel.length - 1);
  return { ecosystem: `${parts.family}:${release}`, channel };
}

function affectedBy(
  vulnerability: XmlElement,
  packages: ReadonlyMap<string, readonly ProductPackage[]>,
): AffectedPackage[] {
  const statuses = elements(firstElement(vulnerability, 'ProductStatuses'), 'Status');
  const ids = statuses.flatMap((status) => {
    return status.attributes.get('Type') === 'Fixed' ? elements(status, 'ProductID').map(({ text }) => text) : [];
  });
  const entries = new Map<string, AffectedPackage & { readonly architectures: string[] }>();
  for (const { ecosystem, channel, name, fixed, architecture } of ids.flatMap((id) => packages.get(id) ?? [])) {
    const key = `${ecosystem}\0${channel}\0${name}\0${fixed}`;
    const entry = entries.get(key) ?? {
      ...packageEntry({ ecosystem, channel, name, nameOf: 'binary', status: 'fixed', fixed }),
      architectures: [],
    };
    if (architecture !== null && !entry.architectures.includes(architecture)) entry.architectures.push(architecture);
    entries.set(key, entry);
  }
  return [...entries.values()];
}

function severitiesOf(vulnerability: XmlElement, ecosystem: string): StatedSeverity[] {
  const source = ecosystem.startsWith('openEuler:') ? 'openeuler' : 'suse';
  const threat = elements(firstElement(vulnerability, 'Threats'), 'Threat').find(
    ({ attributes }) => attributes.get('Type') === 'Impact',
  );
  const word = textOrNull(textOf(threat, 'Description'), 64);
  const vectors = elements(firstElement(vulnerability, 'CVSSScoreSets'), 'ScoreSet').flatMap((set) => {
    return set.children.flatMap((each) => (/^Vector/.test(each.name) ? (textOrNull(each.text, 512) ?? []) : []));
  });
  return [
    ...(word === null ? [] : [{ source, level: levelOfWord(word), text: word, vector: null }]),
    // SUSE and openEuler leave the version out, which only CVSS 3 has the letters for.
    ...vectors.map((vector): StatedSeverity => {
      const whole = /^(?:CVSS:|AV:[LAN]\/AC:[LMH]\/Au:)/.test(vector) ? vector : `CVSS:3.1/${vector}`;
      return { source, level: 'unknown', text: null, vector: whole };
    }),
  ];
}
