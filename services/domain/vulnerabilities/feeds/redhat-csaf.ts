import type { JsonObject } from '../../image/json.ts';
import type { Advisory, AdvisoryStatus, AffectedPackage, StatedSeverity } from '../advisory.ts';
import { CsafProducts, type ProductComponent } from './csaf-products.ts';
import type { Feed, FeedContext, FeedReading } from './feed.ts';
import {
  listOrEmpty,
  momentOrNull,
  objectOrNull,
  parseForeignJson,
  sentenceOrNull,
  textOrNull,
} from './foreign-json.ts';
import { namespaceOf } from './osv-namespace.ts';
import { levelOfWord } from './osv-severity.ts';
import { packageEntry } from './package-entry.ts';
import { RefusalCounter } from './refusals.ts';

/**
 * Red Hat's VEX (one document a CVE) and errata, both as CSAF 2.0
 * (https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html, https://security.access.redhat.com/data/csaf/v2/).
 * One advisory a CVE; the erratum that fixed it is its link, as many CVEs share an erratum.
 */
export const redhatCsaf: Feed = {
  id: 'redhat-csaf',
  recognises: (_name, head) => /"csaf_version"\s*:/.test(head) && /redhat\.com/.test(head),
  read: readCsaf,
};

function readCsaf(bytes: Uint8Array, { name, limits }: FeedContext): FeedReading {
  const refusals = new RefusalCounter();
  const document = bytes.length > limits.advisoryBytes ? null : objectOrNull(parseForeignJson(bytes));
  const head = objectOrNull(document?.document);
  const tree = objectOrNull(document?.product_tree);
  if (document === null || head === null || tree === null) {
    refusals.malformed('a CSAF document that is none, or past the limit advisoryBytes', name);
    return { advisories: [], refusals: refusals.list() };
  }
  const products = CsafProducts.read(tree, limits);
  if (products === null) {
    refusals.malformed('a product tree past the limit advisoryEntries', name);
    return { advisories: [], refusals: refusals.list() };
  }
  const tracking = objectOrNull(head.tracking);
  const advisories = listOrEmpty(document.vulnerabilities).flatMap((item): Advisory[] => {
    const vulnerability = objectOrNull(item);
    const id = textOrNull(vulnerability?.cve, 64);
    if (vulnerability === null || id === null) {
      refusals.outOfScope('a vulnerability of a CSAF document without a CVE', name);
      return [];
    }
    const affected = affectedOf(vulnerability, products);
    if (affected === null) {
      refusals.malformed('a product status past the limit advisoryEntries', id);
      return [];
    }
    if (affected.length === 0) {
      refusals.outOfScope('a CVE that names no package of Red Hat Enterprise Linux', id);
      return [];
    }
    return [
      {
        id,
        aliases: [],
        source: 'redhat-csaf',
        url: `https://access.redhat.com/security/cve/${id}`,
        summary: sentenceOrNull(vulnerability.title),
        published: momentOrNull(vulnerability.release_date) ?? momentOrNull(tracking?.initial_release_date),
        modified: momentOrNull(tracking?.current_release_date),
        withdrawn: null,
        severities: severitiesOf(vulnerability, head),
        affected,
      },
    ];
  });
  return { advisories, refusals: refusals.list() };
}

/** The product status in the order that decides where a product stands in several groups. */
const STATUSES = [
  ['fixed', 'fixed'],
  ['first_fixed', 'fixed'],
  ['known_affected', 'affected'],
  ['first_affected', 'affected'],
  ['last_affected', 'affected'],
  ['under_investigation', 'under_investigation'],
  ['known_not_affected', 'not_affected'],
] as const satisfies readonly (readonly [string, AdvisoryStatus])[];

/** Details of `none_available` and `no_fix_planned`, as Red Hat words them. */
const STANDS: ReadonlyMap<string, AdvisoryStatus> = new Map<string, AdvisoryStatus>([
  ['Will not fix', 'will_not_fix'],
  ['Fix deferred', 'fix_deferred'],
  ['Out of support scope', 'end_of_life'],
  ['Under investigation', 'under_investigation'],
  ['Affected', 'affected'],
]);

/** One entry for each package, stream and fix in each product, with all architectures that say the same. */
function affectedOf(vulnerability: JsonObject, products: CsafProducts): AffectedPackage[] | null {
  const status = objectOrNull(vulnerability.product_status);
  const words = wordsOf(vulnerability);
  const found = new Map<string, AffectedPackage & { readonly architectures: string[] }>();
  for (const [group, stand] of STATUSES) {
    for (const productId of listOrEmpty(status?.[group])) {
      const component = typeof productId === 'string' ? products.component(productId) : null;
      const entry = component === null ? null : entryOf(component, stand, words.get(productId as string) ?? null);
      if (component === null || entry === null) continue;
      const key = JSON.stringify({ ...entry, architectures: [] });
      const known = found.get(key);
      if (known === undefined) found.set(key, { ...entry, architectures: [...entry.architectures] });
      else {
        const [architecture] = entry.architectures;
        if (architecture !== undefined && !known.architectures.includes(architecture)) {
          known.architectures.push(architecture);
        }
      }
      if (found.size > products.mostEntries) return null;
    }
  }
  return [...found.values()];
}

function entryOf(component: ProductComponent, stand: AdvisoryStatus, word: string | null): AffectedPackage | null {
  const { cpe, name, version, architecture, module } = component;
  if (/-debug(?:info|source)(?:-|$)/.test(name)) return null;
  const product = /^cpe:\/[oa]:redhat:(.+)$/.exec(cpe)?.[1];
  if (product === undefined) return null;
  const namespace = namespaceOf(`Red Hat:${product}`, null, null);
  if (!/^Red Hat:\d+$/.test(namespace.ecosystem)) return null;
  const isSource = architecture === 'src';
  // Of what is fixed the binaries are listed beside their source.
  if (isSource && version !== null) return null;
  const isFixed = stand === 'fixed' && version !== null;
  if (stand === 'fixed' && !isFixed) return null;
  return packageEntry({
    ecosystem: namespace.ecosystem,
    channel: namespace.channel,
    name,
    nameOf: isSource ? 'source' : 'binary',
    status: stand === 'affected' ? (STANDS.get(word ?? '') ?? 'affected') : stand,
    vendorStatus: stand === 'affected' ? word : null,
    module,
    architectures: architecture === null || isSource || architecture === 'noarch' ? [] : [architecture],
    // A whole release (`enterprise_linux:9`) is everybody's.
    contentSets: product.includes('::') ? [product] : [],
    fixed: isFixed ? version : null,
  });
}

/** What Red Hat says of products without a fix, by product id. */
function wordsOf(vulnerability: JsonObject): Map<string, string> {
  const words = new Map<string, string>();
  for (const item of listOrEmpty(vulnerability.remediations)) {
    const remediation = objectOrNull(item);
    if (remediation === null || !['none_available', 'no_fix_planned'].includes(String(remediation.category))) continue;
    const details = textOrNull(remediation.details, 128);
    if (details === null) continue;
    for (const id of listOrEmpty(remediation.product_ids)) if (typeof id === 'string') words.set(id, details);
  }
  return words;
}

/** Red Hat rates a CVE once; where products differ the first impact and the first vector stand, which are the gravest. */
function severitiesOf(vulnerability: JsonObject, head: JsonObject): StatedSeverity[] {
  const impacts = listOrEmpty(vulnerability.threats).flatMap((item) => {
    const threat = objectOrNull(item);
    return threat?.category === 'impact' ? (textOrNull(threat.details, 64) ?? []) : [];
  });
  const word = impacts[0] ?? textOrNull(objectOrNull(head.aggregate_severity)?.text, 64);
  const vectors = listOrEmpty(vulnerability.scores).flatMap((item) => {
    const score = objectOrNull(item);
    return [score?.cvss_v4, score?.cvss_v3, score?.cvss_v2].flatMap(
      (cvss) => textOrNull(objectOrNull(cvss)?.vectorString, 512) ?? [],
    );
  });
  return [
    ...(word === null ? [] : [{ source: 'redhat', level: levelOfWord(word), text: word, vector: null }]),
    ...[...new Set(vectors)].map(
      (vector): StatedSeverity => ({ source: 'redhat', level: 'unknown', text: null, vector }),
    ),
  ];
}
