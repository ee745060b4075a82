/** One string literal of Ruby, and what stands behind it. */
interface Literal {
  readonly text: string;
  readonly end: number;
}

const CLOSING: Readonly<Record<string, string>> = { '<': '>', '(': ')', '[': ']', '{': '}' };
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', e: '\u001b', s: ' ' };

/** What may stand behind a value: it is frozen, or set only where RubyGems knows the attribute. */
const SUFFIX = /^(?:\.freeze)?\s{0,8}\)?\s{0,8}(?:(?:if|unless)\s.*|#.*)?$/;
const OPENING = /^(?:"|'|%[qQ]?[<([{|!])/;

/**
 * The value that a statement of a gemspec gives, where it is one string as RubyGems writes them (`"1.0".freeze`,
 * `%q<name>`, `Gem::Version.new("1.0")`). Nothing is evaluated: null for what would have to be.
 */
export function stringIn(source: string): string | null {
  const start = /^Gem::(?:Version|Platform)\.(?:new|create)\s*\(/.exec(source)?.[0].length ?? 0;
  const opening = openingAt(source, start);
  const literal = opening === null ? null : literalAt(source, start, opening);
  return literal !== null && SUFFIX.test(source.slice(literal.end).trim()) ? literal.text : null;
}

/** The strings in what a statement gives, in their order, whatever lists they stand in, up to the first with code in it. */
export function stringsIn(source: string): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at < source.length && source[at] !== '#'; at++) {
    const opening = openingAt(source, at);
    if (opening === null) continue;
    const literal = literalAt(source, at, opening);
    if (literal === null) break;
    texts.push(literal.text);
    at = literal.end - 1;
  }
  return texts;
}

function openingAt(source: string, at: number): string | null {
  return OPENING.exec(source.slice(at, at + 3))?.[0] ?? null;
}

/** Quoted by `"`, `'` or `%q` with any brackets; null where it does not end, or has code in it. */
function literalAt(source: string, at: number, opening: string): Literal | null {
  const open = opening.at(-1)!;
  const close = CLOSING[open] ?? open;
  const isRaw = open === "'" || opening.startsWith('%q');
  let text = '';
  for (let i = at + opening.length; i < source.length; i++) {
    const char = source[i]!;
    if (char === close) return { text, end: i + 1 };
    if (!isRaw && char === '#' && source[i + 1] === '{') return null;
    if (char !== '\\') {
      text += char;
      continue;
    }
    const [value, length] = isRaw ? rawEscape(source, i, close) : escaped(source, i);
    text += value;
    i += length - 1;
  }
  return null;
}

/** In raw strings a backslash stands for itself, unless it is before the end or another. */
function rawEscape(source: string, at: number, close: string): readonly [value: string, length: number] {
  const next = source[at + 1];
  return next === close || next === '\\' ? [next, 2] : ['\\', 1];
}

/** What String#dump writes: `\u00e9`, `\u{1F600}`, `\xE9` and letters; any other character stands for itself. */
function escaped(source: string, at: number): readonly [value: string, length: number] {
  const match = /^\\(?:u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|x([0-9a-f]{1,2}))/i.exec(source.slice(at, at + 10));
  if (match !== null) {
    const code = Number.parseInt(match[1] ?? match[2] ?? match[3]!, 16);
    return [code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd', match[0].length];
  }
  const next = source[at + 1] ?? '';
  return [ESCAPES[next] ?? next, 1 + next.length];
}
