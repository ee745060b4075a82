const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Lists and objects inside each other; items of all of them. */
export interface JsonBounds {
  readonly nesting: number;
  readonly values: number;
}

/**
 * Which bound a JSON text goes past, told before it is parsed: values cost up to twenty times their text in memory. Null
 * where it goes past none. Of what is no JSON the answer means nothing.
 */
export function exceededJsonLimit(bytes: Uint8Array, most: JsonBounds): keyof JsonBounds | null {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = closingQuote(bytes, at);
        break;
      case 0x7b: // {
      case 0x5b: // [
        depth += 1;
        values += 1;
        if (depth > most.nesting) return 'nesting';
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1;
        break;
      case 0x2c: // ,
        values += 1;
        break;
    }
    if (values > most.values) return 'values';
  }
  return null;
}

function closingQuote(bytes: Uint8Array, open: number): number {
  let at = open + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
