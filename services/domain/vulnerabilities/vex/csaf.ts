import type { JsonObject } from '../../image/json.ts';
import { listOrEmpty, momentOrNull, objectOrNull, sentenceOrNull, textOrNull } from '../feeds/foreign-json.ts';
import { type PurlPattern, parsePurlPattern } from '../purl-pattern.ts';
import type { VexDocument, VexProduct, VexStatement, VexStatus } from './document.ts';

/** Of section 3.2.3.9: what a statement of VEX is made of. */
const STATUSES: readonly (readonly [key: string, status: VexStatus])[] = [
  ['known_not_affected', 'not_affected'],
  ['fixed', 'fixed'],
  ['first_fixed', 'fixed'],
  ['known_affected', 'affected'],
  ['first_affected', 'affected'],
  ['last_affected', 'affected'],
  ['under_investigation', 'under_investigation'],
];

/** Branches inside branches. */
const BRANCH_DEPTH = 32;

/** CSAF 2.0 of category csaf_vex (https://docs.oasis-open.org/csaf/csaf/v2.0/). Product groups are left out, and said. */
export function readCsafVex(document: JsonObject): VexDocument {
  const head = objectOrNull(document.document);
  const tracking = objectOrNull(head?.tracking);
  const timestamp = momentOrNull(tracking?.current_release_date);
  const products = new ProductTree(objectOrNull(document.product_tree));
  const flaws: string[] = [...products.flaws];
  const statements = listOrEmpty(document.vulnerabilities).flatMap((item, i) => {
    const vulnerability = objectOrNull(item);
    const names = [
      textOrNull(vulnerability?.cve),
      ...listOrEmpty(vulnerability?.ids).map((id) => textOrNull(objectOrNull(id)?.text)),
    ].filter((name) => name !== null);
    if (names.length > 0) return statementsOf(vulnerability!, names, products, timestamp);
    flaws.push(`vulnerability ${i + 1}: it has no id`);
    return [];
  });
  return {
    format: 'CSAF',
    id: textOrNull(tracking?.id),
    author: textOrNull(objectOrNull(head?.publisher)?.name),
    statements,
    flaws,
  };
}

function statementsOf(
  vulnerability: JsonObject,
  vulnerabilities: readonly string[],
  tree: ProductTree,
  timestamp: string | null,
): VexStatement[] {
  const listed = objectOrNull(vulnerability.product_status);
  const flagOf = byProduct(vulnerability.flags);
  const threatTo = byProduct(vulnerability.threats);
  return STATUSES.flatMap(([key, status]) =>
    listOrEmpty(listed?.[key]).flatMap((value) => {
      const id = textOrNull(value);
      if (id === null) return [];
      const products = [tree.product(id)];
      const justification = textOrNull(flagOf(id)?.label);
      const reason = sentenceOrNull(threatTo(id)?.details);
      return [{ vulnerabilities, products, status, justification, reason, timestamp }];
    }),
  );
}

/** What a list says of a product id: its first entry that names it, else the first that names none. */
function byProduct(list: unknown): (id: string) => JsonObject | null {
  const named = new Map<unknown, JsonObject>();
  let general: JsonObject | null = null;
  for (const item of listOrEmpty(list)) {
    const entry = objectOrNull(item);
    if (entry === null) continue;
    if (entry.product_ids === undefined) general ??= entry;
    for (const id of listOrEmpty(entry.product_ids)) if (!named.has(id)) named.set(id, entry);
  }
  return (id) => named.get(id) ?? general;
}

/** Which product id means which package, or which package in which product. */
class ProductTree {
  readonly flaws: string[] = [];
  readonly #names = new Map<string, Pick<VexProduct, 'purls' | 'digests'>>();
  readonly #relations = new Map<string, readonly [component: string, product: string]>();

  constructor(tree: JsonObject | null) {
    this.#branches(listOrEmpty(tree?.branches), 0);
    for (const item of listOrEmpty(tree?.full_product_names)) this.#name(objectOrNull(item));
    for (const item of listOrEmpty(tree?.relationships)) {
      const relation = objectOrNull(item);
      const whole = objectOrNull(relation?.full_product_name);
      const component = textOrNull(relation?.product_reference);
      const product = textOrNull(relation?.relates_to_product_reference);
      const id = textOrNull(whole?.product_id);
      if (id !== null && component !== null && product !== null) this.#relations.set(id, [component, product]);
    }
    if (tree?.product_groups !== undefined) this.flaws.push('product groups are not read');
  }

  product(id: string): VexProduct {
    const relation = this.#relations.get(id);
    if (relation === undefined) return { ...this.#named(id), components: null, versions: null };
    const [component, product] = relation;
    return { ...this.#named(product), components: this.#named(component).purls, versions: null };
  }

  #named(id: string): Pick<VexProduct, 'purls' | 'digests'> {
    return this.#names.get(id) ?? { purls: [], digests: [] };
  }

  #branches(branches: readonly unknown[], depth: number): void {
    if (depth > BRANCH_DEPTH) {
      this.flaws.push(`branches lie deeper than ${BRANCH_DEPTH} in each other`);
      return;
    }
    for (const item of branches) {
      const branch = objectOrNull(item);
      this.#name(objectOrNull(branch?.product));
      this.#branches(listOrEmpty(branch?.branches), depth + 1);
    }
  }

  #name(product: JsonObject | null): void {
    const id = textOrNull(product?.product_id);
    const helper = objectOrNull(product?.product_identification_helper);
    if (id === null || helper === null) return;
    const purls: PurlPattern[] = [helper.purl, ...listOrEmpty(helper.purls)].flatMap(
      (text) => parsePurlPattern(textOrNull(text, 4_096) ?? '') ?? [],
    );
    const digests = listOrEmpty(helper.hashes).flatMap((item) =>
      listOrEmpty(objectOrNull(item)?.file_hashes).flatMap((hash) => {
        const { algorithm, value } = objectOrNull(hash) ?? {};
        return algorithm === 'sha256' && typeof value === 'string' ? [`sha256:${value.toLowerCase()}`] : [];
      }),
    );
    this.#names.set(id, { purls, digests });
  }
}
