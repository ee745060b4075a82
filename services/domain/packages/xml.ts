import { SaxesParser } from 'saxes';
import type { Limits } from '../limits.ts';
import { quote } from './unit-gaps.ts';

/** An element with its own text, without the blanks around it. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
}

/** Why there is no document. */
export interface XmlFlaw {
  readonly code: 'package-file-unparsable' | 'limit-reached';
  readonly message: string;
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  readonly texts: string[];
  textLength: number;
}

/** Characters that are parsed between two looks at what was found. */
const PIECE = 64 * 1024;

/**
 * The root element of a well-formed XML document (XML 1.0), or the first flaw. A document type is refused: entities are
 * what XML bombs are made of, and no format that is read here has any. UTF-8, or what its mark or declaration says.
 *
 * With `onChild` the children of the root are handed over as they end, and not kept: `xmlElements` then bounds each.
 */
export function parseXml(
  bytes: Uint8Array,
  limits: Limits,
  onChild?: (child: XmlElement) => void,
): XmlElement | XmlFlaw {
  const text = decode(bytes);
  if (typeof text !== 'string') return text;
  const parser = new SaxesParser({ xmlns: false, position: false });
  const open: Open[] = [];
  let elements = 0;
  let root: XmlElement | null = null;
  let flaw: XmlFlaw | null = null;
  const flawed = (code: XmlFlaw['code'], message: string): void => {
    flaw ??= { code, message };
  };
  const addText = (piece: string): void => {
    const element = open.at(-1);
    if (element === undefined) return;
    element.textLength += piece.length;
    if (element.textLength <= limits.recordFieldBytes) element.texts.push(piece);
    else flawed('limit-reached', `a text is longer than ${limits.recordFieldBytes} bytes (recordFieldBytes)`);
  };
  parser.on('error', ({ message }) => flawed('package-file-unparsable', `no XML: ${quote(message)}`));
  parser.on('doctype', () => flawed('package-file-unparsable', 'it has a document type, which is not read'));
  parser.on('opentag', ({ name, attributes: stated }) => {
    elements += 1;
    if (open.length >= limits.xmlDepth) {
      flawed('limit-reached', `elements in more than ${limits.xmlDepth} elements (xmlDepth)`);
    } else if (elements > limits.xmlElements) {
      flawed('limit-reached', `more than ${limits.xmlElements} elements (xmlElements)`);
    } else {
      const entries = Object.entries(stated);
      const attributes = entries.length === 0 ? NO_ATTRIBUTES : new Map(entries);
      open.push({ name, attributes, children: [], texts: [], textLength: 0 });
    }
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const ended = open.pop();
    if (ended === undefined) return;
    const { name, attributes, children, texts } = ended;
    const element = { name, text: texts.join('').trim(), attributes, children };
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else if (onChild !== undefined && open.length === 1) {
      elements = 1;
      if (flaw === null) onChild(element);
    } else parent.children.push(element);
  });
  for (let at = 0; at < text.length && flaw === null; at += PIECE) parser.write(text.slice(at, at + PIECE));
  if (flaw === null) parser.close();
  return flaw ?? root ?? { code: 'package-file-unparsable', message: 'no XML: it has no element' };
}

/** XML 1.0, appendix F: a byte order mark, else the encoding of the declaration, which is ASCII, else UTF-8. */
function decode(bytes: Uint8Array): string | XmlFlaw {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  const mark = start.startsWith('\u00ff\u00fe') ? 'utf-16le' : start.startsWith('\u00fe\u00ff') ? 'utf-16be' : null;
  const declared = /^<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/.exec(start)?.[1];
  const label = mark ?? declared ?? 'utf-8';
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return { code: 'package-file-unparsable', message: `no XML: it is no text in ${quote(label)}` };
  }
}
