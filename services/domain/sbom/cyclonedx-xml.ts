import { SaxesParser } from 'saxes';
import { PlimsollError } from '../errors.ts';
import type { JsonObject, PackageFile } from '../packages/package-file.ts';
import { quote } from '../packages/unit-gaps.ts';

import { pastLimit } from './past-limit.ts';

/**
 * The XML form of CycloneDX in the shape of its JSON form, as far as that is read. Document type declarations are
 * refused, and with them every entity but the five of XML itself. Raises LIMIT_EXCEEDED, and NOT_AN_SBOM where the XML is broken: unlike a list
 * with one bad item it has no part that could be trusted.
 */
export function parseCycloneDxXml(text: string, { path, limits }: PackageFile): JsonObject {
  const refuse = (why: string): never => {
    throw new PlimsollError('NOT_AN_SBOM', `${path} is no SBOM that Plimsoll reads: ${why}`);
  };
  const builder = new Builder();
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', ({ message }) => refuse(`its XML is broken (${quote(message)})`));
  parser.on('doctype', () => refuse('it has a document type declaration, which could define entities without end'));
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding)) refuse('its text is not UTF-8');
  });
  let depth = 0;
  let elements = 0;
  parser.on('opentagstart', () => {
    depth += 1;
    elements += 1;
    if (depth > limits.sbomNesting) throw pastLimit(path, 'sbomNesting', limits);
    if (elements > limits.sbomValues) throw pastLimit(path, 'sbomValues', limits);
  });
  parser.on('opentag', ({ local, uri, attributes }) => {
    builder.open(local, uri, (name) => attributes[name]?.value);
  });
  parser.on('text', (piece) => builder.text(piece));
  parser.on('cdata', (piece) => builder.text(piece));
  parser.on('closetag', () => {
    depth -= 1;
    builder.close();
  });
  for (let at = 0; at < text.length; at += PIECE) parser.write(text.slice(at, at + PIECE));
  parser.close();
  return builder.bom ?? refuse('it is XML, but not CycloneDX');
}

const PIECE = 1 << 20;

const NAMESPACE = /^http:\/\/cyclonedx\.org\/schema\/bom\/(.+)$/;

/** What an element becomes: its text, an object, a list; `holder`: what its parent is, as if its children stood there. */
interface Shape {
  readonly is: 'text' | 'object' | 'list' | 'holder' | 'reference';
  readonly attributes?: readonly string[];
  /** The key that the element's own text stands under. */
  readonly ownText?: string;
  /** The key that alone holds what it becomes, in an object of its own. */
  readonly wrapped?: string;
  /** The shapes of its children by tag; others are passed over with all that is in them. */
  readonly children?: Readonly<Record<string, string>>;
  /** The key for children of a tag, where it is not the tag, and they are several. */
  readonly gathered?: Readonly<Record<string, string>>;
}

const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>(
  Object.entries({
    bom: {
      is: 'object',
      children: {
        metadata: 'metadata',
        components: 'components',
        dependencies: 'dependencies',
        compositions: 'compositions',
        properties: 'properties',
      },
    },
    metadata: { is: 'object', children: { tools: 'tools', component: 'component', properties: 'properties' } },
    tools: { is: 'list', children: { tool: 'tool', components: 'toolComponents' } },
    toolComponents: { is: 'holder', children: { component: 'tool' } },
    tool: { is: 'object', children: { name: 'text', version: 'text' } },
    components: { is: 'list', children: { component: 'component' } },
    component: {
      is: 'object',
      attributes: ['type', 'bom-ref'],
      children: {
        supplier: 'supplier',
        publisher: 'text',
        group: 'text',
        name: 'text',
        version: 'text',
        description: 'text',
        scope: 'text',
        licenses: 'licenses',
        purl: 'text',
        properties: 'properties',
        components: 'components',
        evidence: 'evidence',
      },
    },
    supplier: { is: 'object', children: { name: 'text' } },
    licenses: { is: 'list', children: { license: 'license', expression: 'expression' } },
    license: { is: 'object', wrapped: 'license', children: { id: 'text', name: 'text' } },
    expression: { is: 'text', wrapped: 'expression' },
    properties: { is: 'list', children: { property: 'property' } },
    property: { is: 'object', attributes: ['name'], ownText: 'value' },
    evidence: { is: 'object', children: { occurrences: 'occurrences' } },
    occurrences: { is: 'list', children: { occurrence: 'occurrence' } },
    occurrence: { is: 'object', children: { location: 'text' } },
    dependencies: { is: 'list', children: { dependency: 'dependency' } },
    dependency: {
      is: 'object',
      attributes: ['ref'],
      children: { dependency: 'dependsOn' },
      gathered: { dependency: 'dependsOn' },
    },
    dependsOn: { is: 'reference' },
    compositions: { is: 'list', children: { composition: 'composition' } },
    composition: { is: 'object', children: { aggregate: 'text' } },
    text: { is: 'text' },
  } satisfies Record<string, Shape>),
);

interface Frame {
  readonly tag: string;
  readonly shape: Shape;
  /** An object or a list; null for what is text. */
  readonly value: Record<string, unknown> | unknown[] | null;
  text: string;
}

/** Elements as they open and close, to values. */
class Builder {
  bom: JsonObject | null = null;
  readonly #frames: Frame[] = [];
  #namespace: string | null = null;
  /** Elements open inside of one that is passed over, it included. */
  #passed = 0;

  open(tag: string, uri: string, attribute: (name: string) => string | undefined): void {
    if (this.#passed > 0) {
      this.#passed += 1;
      return;
    }
    const shape = this.#shapeOf(tag, uri);
    if (shape === null) {
      this.#passed = 1;
      return;
    }
    const parent = this.#frames.at(-1);
    const value = shape.is === 'list' ? [] : shape.is === 'object' ? {} : shape.is === 'holder' ? parent!.value : null;
    const text = shape.is === 'reference' ? (attribute('ref') ?? '') : '';
    this.#frames.push({ tag, shape, value, text });
    for (const name of shape.attributes ?? []) {
      const given = attribute(name);
      if (given !== undefined) (value as Record<string, unknown>)[name] = given;
    }
  }

  text(piece: string): void {
    const frame = this.#frames.at(-1);
    if (this.#passed > 0 || frame === undefined) return;
    if (frame.shape.is === 'text' || frame.shape.ownText !== undefined) frame.text += piece;
  }

  close(): void {
    if (this.#passed > 0) {
      this.#passed -= 1;
      return;
    }
    const { tag, shape, value, text } = this.#frames.pop()!;
    const parent = this.#frames.at(-1);
    if (shape.ownText !== undefined) (value as Record<string, unknown>)[shape.ownText] = text;
    // Only texts that stand by themselves are laid out with blanks around them.
    const plain = shape.is === 'text' ? text.trim() : shape.is === 'reference' ? text : value;
    const result = shape.wrapped === undefined ? plain : { [shape.wrapped]: plain };
    if (parent === undefined) this.bom = { ...(value as object), specVersion: this.#version() };
    else if (shape.is !== 'holder') put(parent, tag, result);
  }

  #version(): string | undefined {
    return NAMESPACE.exec(this.#namespace ?? '')?.[1];
  }

  /** Null where the element says nothing that is read. */
  #shapeOf(tag: string, uri: string): Shape | null {
    const parent = this.#frames.at(-1);
    if (parent === undefined) {
      this.#namespace = uri;
      return tag === 'bom' && NAMESPACE.test(uri) ? SHAPES.get('bom')! : null;
    }
    const { children = {} } = parent.shape;
    const known = uri === this.#namespace && Object.hasOwn(children, tag);
    return known ? SHAPES.get(children[tag]!)! : null;
  }
}

function put({ shape, value }: Frame, tag: string, item: unknown): void {
  if (Array.isArray(value)) {
    value.push(item);
    return;
  }
  const holder = value as Record<string, unknown>;
  const key = shape.gathered?.[tag];
  if (key === undefined) {
    // Given twice, the first counts, as in the tag-value form.
    holder[tag] ??= item;
    return;
  }
  const list = holder[key] as unknown[] | undefined;
  if (list === undefined) holder[key] = [item];
  else list.push(item);
}
