/**
 * Text for a terminal. Names, versions, paths and instructions come from whoever made the image: no character of theirs
 * may move the cursor, colour, hide, reorder or widen what stands around it.
 */

/** Control, format (bidirectional, zero-width, tags), surrogate, private, line and paragraph separators. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;
const PLAIN = /^[\x20-\x7e]*$/;
const MARK = /^\p{M}$/u;
/** Unicode Standard Annex #11 W and F, as far as terminals agree. */
const WIDE =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Yi}\p{Script=Tangut}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;
/** More marks than this on one letter climb out of their line. */
const MARKS_PER_LETTER = 2;

/** `\xNN` for control characters and for bytes that are no UTF-8 (see decodePath), `\u{N}` for the rest of the unsafe. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (char) => {
    const code = char.codePointAt(0)!;
    const byte = code >= 0xdc80 && code <= 0xdcff ? code & 0xff : code;
    return byte < 0x100 ? `\\x${byte.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** Columns that printable text takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const letter of lettersOf(text)) width += letter.width;
  return width;
}

/** Printable text in at most `width` columns, `…` in place of what is cut off. */
export function cut(text: string, width: number): string {
  return wrap(text, width, 1)[0] ?? '';
}

/**
 * Printable text in lines of at most `width` columns (at least 2), broken at a space where one is near, anywhere else
 * otherwise. At most `maxLines`; `…` in place of what is left over.
 */
export function wrap(text: string, width: number, maxLines: number): string[] {
  const columns = Math.max(2, width);
  const lines: string[] = [];
  let line: Letter[] = [];
  let used = 0;
  for (const letter of lettersOf(text)) {
    if (used + letter.width > columns) {
      if (lines.length === maxLines - 1) return [...lines, `${textOf(fitting(line, columns - 1))}…`];
      const space = line.findLastIndex(({ text }) => text === ' ');
      const at = letter.text === ' ' || space < line.length / 2 ? line.length : space + 1;
      lines.push(textOf(line.slice(0, at)).trimEnd());
      line = line.slice(at);
      used = columnsOf(line);
    }
    if (line.length === 0 && lines.length > 0 && letter.text === ' ') continue;
    line.push(letter);
    used += letter.width;
  }
  return line.length > 0 || lines.length === 0 ? [...lines, textOf(line)] : lines;
}

interface Letter {
  readonly text: string;
  readonly width: number;
}

/** Characters with the marks that stand on them; further marks are dropped. */
function* lettersOf(text: string): Generator<Letter> {
  let letter = '';
  let marks = 0;
  for (const char of text) {
    if (letter !== '' && MARK.test(char)) {
      marks += 1;
      if (marks <= MARKS_PER_LETTER) letter += char;
    } else {
      if (letter !== '') yield { text: letter, width: WIDE.test(baseOf(letter)) ? 2 : 1 };
      letter = char;
      marks = 0;
    }
  }
  if (letter !== '') yield { text: letter, width: WIDE.test(baseOf(letter)) ? 2 : 1 };
}

function baseOf(letter: string): string {
  return String.fromCodePoint(letter.codePointAt(0)!);
}

function fitting(letters: readonly Letter[], columns: number): readonly Letter[] {
  let used = 0;
  const end = letters.findIndex((letter) => {
    used += letter.width;
    return used > columns;
  });
  return end < 0 ? letters : letters.slice(0, end);
}

function columnsOf(letters: readonly Letter[]): number {
  return letters.reduce((total, { width }) => total + width, 0);
}

function textOf(letters: readonly Letter[]): string {
  return letters.map(({ text }) => text).join('');
}
