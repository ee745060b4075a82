/** What a text with `${…}` in it comes to: the text, or which property stands in the way, and how. */
export type Interpolated = { readonly text: string } | { readonly property: string; readonly why: string };

/** NAME_MAX of Linux, where artifacts are files: what is longer is the coordinate of none. */
const LONGEST = 255;
const PROPERTY = /\$\{([^${}]*)\}/g;

/** The properties of one pom with those of its parents, each looked up once. */
export class Properties {
  readonly #values: ReadonlyMap<string, string>;
  readonly #most: number;
  readonly #known = new Map<string, Interpolated>();
  /** Those that are being looked up, the outermost first. */
  readonly #open = new Set<string>();

  /** `depth`: how many properties may stand in each other. */
  constructor(values: ReadonlyMap<string, string>, depth: number) {
    this.#values = values;
    this.#most = depth;
  }

  interpolate(text: string): Interpolated {
    if (!text.includes('${')) return { text };
    if (text.length > LONGEST) return { property: text, why: `is longer than ${LONGEST} characters` };
    let result = '';
    let from = 0;
    for (const match of text.matchAll(PROPERTY)) {
      const value = this.#lookUp(match[1]!);
      if (!('text' in value)) return value;
      result += text.slice(from, match.index) + value.text;
      from = match.index + match[0].length;
      if (result.length > LONGEST) return { property: match[1]!, why: `makes more than ${LONGEST} characters` };
    }
    result += text.slice(from);
    // What a property left open, or what holds another in its name, which Maven does not know.
    return result.includes('${') ? { property: result, why: 'is no property' } : { text: result };
  }

  #lookUp(name: string): Interpolated {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const value = this.#values.get(name);
    if (value === undefined) return { property: name, why: 'is not set in the tree' };
    if (this.#open.has(name)) return { property: name, why: 'is made of itself' };
    if (this.#open.size >= this.#most) {
      return { property: name, why: `stands in more than ${this.#most} properties (pomDepth)` };
    }
    this.#open.add(name);
    const found = this.interpolate(value);
    this.#open.delete(name);
    this.#known.set(name, found);
    return found;
  }
}
