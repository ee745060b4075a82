import type { JsonObject } from '../../image/json.ts';
import type { Limits } from '../../limits.ts';
import { parsePurl } from '../purl-pattern.ts';
import { listOrEmpty, objectOrNull, textOrNull } from './foreign-json.ts';

/** A package as a component of a product. */
export interface ProductComponent {
  /** CPE 2.2 of the product. */
  readonly cpe: string;
  readonly name: string;
  /** rpm `[epoch:]version-release`; null where the whole component is meant. */
  readonly version: string | null;
  readonly architecture: string | null;
  /** `nodejs:12` */
  readonly module: string | null;
}

/** Branches inside branches; Red Hat's go four deep. */
const BRANCH_DEPTH = 16;

interface Component {
  readonly name: string;
  readonly version: string | null;
  readonly architecture: string | null;
  readonly module: string | null;
}

/** The product tree of a CSAF document (section 3.2.2): which id means which package in which product. */
export class CsafProducts {
  readonly mostEntries: number;
  readonly #cpes = new Map<string, string>();
  readonly #components = new Map<string, Component>();
  readonly #relations = new Map<string, { readonly component: string; readonly product: string }>();

  private constructor(limits: Limits) {
    this.mostEntries = limits.advisoryEntries;
  }

  /** Null where the tree has more products than `limits.advisoryEntries`. */
  static read(tree: JsonObject, limits: Limits): CsafProducts | null {
    const products = new CsafProducts(limits);
    if (!products.#branches(listOrEmpty(tree.branches), 0)) return null;
    const relations = listOrEmpty(tree.relationships);
    if (relations.length > limits.advisoryEntries) return null;
    for (const item of relations) {
      const relation = objectOrNull(item);
      const id = textOrNull(objectOrNull(relation?.full_product_name)?.product_id);
      const component = textOrNull(relation?.product_reference);
      const product = textOrNull(relation?.relates_to_product_reference);
      if (id !== null && component !== null && product !== null) products.#relations.set(id, { component, product });
    }
    return products;
  }

  /** What a product id of a status means; null where it is no package in a product. */
  component(productId: string): ProductComponent | null {
    const relation = this.#relations.get(productId);
    const found = relation === undefined ? undefined : this.#components.get(relation.component);
    if (relation === undefined || found === undefined) return null;
    // A package of a module stream belongs to the stream, and that to the product.
    const outer = this.#relations.get(relation.product);
    const cpe = this.#cpes.get(outer?.product ?? relation.product);
    const stream = outer === undefined ? null : /^([^:]+:[^:]+)/.exec(outer.component)?.[1];
    return cpe === undefined ? null : { ...found, cpe, module: found.module ?? stream ?? null };
  }

  #branches(branches: readonly unknown[], depth: number): boolean {
    if (depth > BRANCH_DEPTH) return false;
    for (const item of branches) {
      const branch = objectOrNull(item);
      this.#product(objectOrNull(branch?.product));
      if (this.#cpes.size + this.#components.size > this.mostEntries) return false;
      if (!this.#branches(listOrEmpty(branch?.branches), depth + 1)) return false;
    }
    return true;
  }

  #product(product: JsonObject | null): void {
    const id = textOrNull(product?.product_id);
    const helper = objectOrNull(product?.product_identification_helper);
    if (id === null || helper === null) return;
    const cpe = textOrNull(helper.cpe);
    if (cpe !== null) this.#cpes.set(id, cpe);
    const component = componentOf(textOrNull(helper.purl), id);
    if (component !== null) this.#components.set(id, component);
  }
}

/**
 * `pkg:rpm/redhat/curl@7.76.1-26.el9_3.2?arch=x86_64&epoch=1`. The epoch is also in Red Hat's product ids
 * (`curl-0:7.76.1-26.el9_3.2.x86_64`), which is where older documents have it only.
 */
function componentOf(purl: string | null, id: string): Component | null {
  const { type, name, version, qualifiers } = (purl === null ? null : parsePurl(purl)) ?? {};
  if (type !== 'rpm' || !name) return null;
  const epoch = qualifiers?.epoch ?? /-(\d+):[^:]+$/.exec(id)?.[1] ?? '0';
  const isWhole = !version || version.includes(':') || epoch === '0';
  return {
    name,
    version: isWhole ? version || null : `${epoch}:${version}`,
    architecture: qualifiers?.arch ?? null,
    module: /^([^:]+:[^:]+)/.exec(qualifiers?.rpmmod ?? '')?.[1] ?? null,
  };
}
