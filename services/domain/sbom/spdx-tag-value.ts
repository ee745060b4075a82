import type { Limits } from '../limits.ts';
import type { JsonObject } from '../packages/package-file.ts';
import { eachLine } from '../packages/text-lines.ts';
import { quote, type UnitGaps } from '../packages/unit-gaps.ts';
import { PASSED_OVER, TAG_FIELDS, type TagElement, type TagField } from './spdx-tags.ts';

const OPEN = '<text>';
const CLOSE = '</text>';

/**
 * The tag-value form of SPDX 2.2 and 2.3 to the shape of the JSON form, whose values are still to be judged: `TAG: VALUE`
 * lines, `#` comments, values of several lines between <text> and </text>. An element begins with its first tag and has
 * what follows until the next one; annotations and relationships stand anywhere and name what they are about.
 */
export function parseTagValue(bytes: Uint8Array, limits: Limits, gaps: UnitGaps): JsonObject {
  const elements = new Elements(limits, gaps);
  const values = new Values(limits, gaps);
  const { overlong } = eachLine(
    bytes,
    (line, number) => {
      const found = values.take(number === 1 ? line.replace(/^\ufeff/, '') : line, number);
      return found === null || elements.add(found[0], found[1]);
    },
    limits.sbomFieldBytes,
  );
  if (overlong) {
    gaps.add('limit-reached', `a line longer than ${limits.sbomFieldBytes} bytes (sbomFieldBytes) was cut`);
  }
  values.end();
  return elements.document();
}

/** Lines to tags and values. */
class Values {
  readonly #limits: Limits;
  readonly #gaps: UnitGaps;
  /** A value of several lines whose end has not come. `length` also counts what was too much to keep. */
  #open: { readonly tag: string; readonly since: number; lines: string[]; length: number } | null = null;

  constructor(limits: Limits, gaps: UnitGaps) {
    this.#limits = limits;
    this.#gaps = gaps;
  }

  /** The tag and value that this line completes, if any. */
  take(line: string, number: number): readonly [tag: string, value: string] | null {
    if (this.#open !== null) return this.#continue(line, number);
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return null;
    const colon = trimmed.indexOf(':');
    const tag = trimmed.slice(0, Math.max(colon, 0));
    if (!/^[A-Za-z][A-Za-z0-9]*$/.test(tag)) {
      this.#gaps.add('package-record-invalid', `line ${number} is no TAG: VALUE: ${quote(trimmed)}`);
      return null;
    }
    const value = trimmed.slice(colon + 1).trimStart();
    if (!value.startsWith(OPEN)) return [tag, value];
    this.#open = { tag, since: number, lines: [], length: 0 };
    return this.#continue(line.slice(line.indexOf(OPEN) + OPEN.length), number);
  }

  #continue(line: string, number: number): readonly [string, string] | null {
    const open = this.#open!;
    const end = line.indexOf(CLOSE);
    const piece = end < 0 ? line : line.slice(0, end);
    open.length += piece.length + 1;
    if (open.length <= this.#limits.sbomFieldBytes) open.lines.push(piece);
    if (end < 0) return null;
    this.#open = null;
    if (line.slice(end + CLOSE.length).trim() !== '') {
      this.#gaps.add('package-record-invalid', `line ${number} goes on behind ${CLOSE}: ${quote(line.slice(end))}`);
    }
    if (open.length <= this.#limits.sbomFieldBytes) return [open.tag, open.lines.join('\n')];
    const most = this.#limits.sbomFieldBytes;
    this.#gaps.add('limit-reached', `the text of line ${open.since} has more than ${most} bytes (sbomFieldBytes)`);
    return null;
  }

  end(): void {
    if (this.#open === null) return;
    const { tag, since } = this.#open;
    this.#gaps.add('package-database-broken', `the text of ${quote(tag)} in line ${since} has no end`);
  }
}

/** An element while its tags come; the keys are those of the tables. */
type Draft = Record<string, unknown>;

interface Place extends TagField {
  readonly element: TagElement;
}

/** Every tag but SPDXID, which belongs to the element that it stands in. */
const PLACES: ReadonlyMap<string, Place> = new Map(
  (Object.keys(TAG_FIELDS) as TagElement[]).flatMap((element) =>
    TAG_FIELDS[element].flatMap((field) => (field.tag === 'SPDXID' ? [] : [[field.tag, { ...field, element }]])),
  ),
);

/** Tags that begin an element of their kind. */
const FIRST_TAGS: ReadonlySet<string> = new Set(
  (['package', 'file', 'license', 'annotation'] as const).map((element) => TAG_FIELDS[element][0]!.tag),
);

/** Tags and values to elements. */
class Elements {
  readonly #limits: Limits;
  readonly #gaps: UnitGaps;
  readonly #lists: Readonly<Record<TagElement, Draft[]>> = {
    document: [{}],
    creation: [{}],
    package: [],
    file: [],
    license: [],
    relationship: [],
    annotation: [],
  };
  /** Whom an SPDXID names: null in a snippet, which has its own tag for it. */
  #identified: Draft | null = this.#lists.document[0]!;
  #count = 0;

  constructor(limits: Limits, gaps: UnitGaps) {
    this.#limits = limits;
    this.#gaps = gaps;
  }

  /** False where there are too many elements for the rest to be read. */
  add(tag: string, value: string): boolean {
    const place = PLACES.get(tag);
    if (tag === 'SPDXID') this.#set(this.#identified, { tag, key: tag, form: 'text' }, value);
    else if (tag === 'Relationship') return this.#relate(value);
    else if (tag === 'SnippetSPDXID') this.#identified = null;
    else if (place === undefined) this.#pass(tag);
    else {
      if (FIRST_TAGS.has(tag) && !this.#begin(place.element, {})) return false;
      this.#set(this.#lists[place.element].at(-1) ?? null, place, value);
    }
    return true;
  }

  #begin(element: TagElement, draft: Draft): boolean {
    const { relations } = this.#limits;
    this.#count += 1;
    if (this.#count > relations) {
      this.#gaps.add('limit-reached', `more than ${relations} elements (relations); the rest was not read`);
      return false;
    }
    this.#lists[element].push(draft);
    if (element === 'package' || element === 'file') this.#identified = draft;
    return true;
  }

  #relate(value: string): boolean {
    const parts = value.split(/\s+/);
    if (parts.length !== 3) {
      this.#gaps.add('package-record-invalid', `no relationship of two elements: ${quote(value)}`);
      return true;
    }
    const [spdxElementId, relationshipType, relatedSpdxElement] = parts;
    return this.#begin('relationship', { spdxElementId, relationshipType, relatedSpdxElement });
  }

  #set(draft: Draft | null, { tag, key, form }: TagField, value: string): void {
    if (draft === null) {
      this.#gaps.add('package-record-invalid', `${quote(tag)} stands outside of what it belongs to`);
      return;
    }
    const item = form === 'text' ? value : ITEMS[form](value);
    if (item === null) {
      this.#gaps.add('package-record-invalid', `not what ${quote(tag)} says: ${quote(value)}`);
    } else if (form !== 'text' && form !== 'flag') {
      append(draft, key, item);
    } else if (draft[key] !== undefined) {
      this.#gaps.add('package-record-invalid', `${quote(tag)} is given twice; the first counts`);
    } else {
      draft[key] = item;
    }
  }

  #pass(tag: string): void {
    if (!PASSED_OVER.has(tag)) this.#gaps.add('package-record-invalid', `unknown tag ${quote(tag)}`);
  }

  document(): JsonObject {
    const lists = this.#lists;
    const document: Draft = { ...lists.document[0]!, creationInfo: lists.creation[0]! };
    const named = new Map([document, ...lists.package].map((draft) => [draft.SPDXID, draft]));
    // Notes on files, snippets and other documents say nothing about packages.
    for (const { element, ...annotation } of lists.annotation) {
      const subject = named.get(element);
      if (subject !== undefined) append(subject, 'annotations', annotation);
    }
    return {
      ...document,
      packages: lists.package,
      files: lists.file,
      hasExtractedLicensingInfos: lists.license,
      relationships: lists.relationship,
    };
  }
}

function append(draft: Draft, key: string, item: unknown): void {
  const list = draft[key] as unknown[] | undefined;
  if (list === undefined) draft[key] = [item];
  else list.push(item);
}

/** One value to what the JSON form holds for it; null where it is none. */
const ITEMS: Readonly<Record<Exclude<TagField['form'], 'text'>, (value: string) => unknown>> = {
  texts: (value) => value,
  flag: (value) => ({ true: true, false: false })[value.toLowerCase()] ?? null,
  checksums(value) {
    const [algorithm, checksumValue] = value.split(/:\s*/);
    return checksumValue === undefined ? null : { algorithm, checksumValue };
  },
  references(value) {
    const [referenceCategory, referenceType, referenceLocator] = value.split(/\s+/);
    return referenceLocator === undefined ? null : { referenceCategory, referenceType, referenceLocator };
  },
};
