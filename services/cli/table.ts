import { cut, printable, widthOf, wrap } from './printable.ts';

export interface Column {
  readonly header: string;
  readonly align?: 'right';
  /** What happens to text wider than the column: more lines (at most CELL_LINES), or one that ends in '…'. */
  readonly overflow: 'wrap' | 'cut';
  /** Gives way only after all others: ids that people copy. */
  readonly firm?: true;
}

/** `paint` colours a finished piece of text; it never sees padding. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

const BETWEEN = '  ';
const CELL_LINES = 4;
/** No column gets narrower than this for another one's sake. */
const COLUMN_WIDTH = 8;

/** Lines of at most `width` columns. Every text is made printable here, so that no caller can forget to. */
export function layTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
  paintHeader: (text: string) => string,
): string[] {
  const header = columns.map((column) => ({ text: column.header, paint: paintHeader }));
  const all = [header, ...rows].map((row) => row.map((cell) => ({ ...cell, text: printable(cell.text) })));
  const widths = columnWidths(columns, all, width);
  return all.flatMap((row) => layRow(columns, widths, row));
}

/** Natural widths, the widest column giving way until the table fits; firm ones last. */
function columnWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const widths = columns.map((_, i) => {
    // Not Math.max(...): rows may be half a million.
    return rows.reduce((widest, row) => Math.max(widest, Math.min(width, widthOf(row[i]!.text))), 0);
  });
  const available = width - BETWEEN.length * (columns.length - 1);
  let over = widths.reduce((a, b) => a + b, 0) - available;
  for (const firm of [undefined, true] as const) {
    const yielding = columns.flatMap((column, i) => (column.firm === firm ? i : []));
    for (; over > 0; over--) {
      const widest = yielding.reduce((most, i) => (widths[i]! > (widths[most] ?? 0) ? i : most), -1);
      if (widest < 0 || widths[widest]! <= COLUMN_WIDTH) break;
      widths[widest]! -= 1;
    }
  }
  return widths;
}

function layRow(columns: readonly Column[], widths: readonly number[], row: readonly Cell[]): string[] {
  const cells = columns.map((column, i) => {
    const text = row[i]!.text;
    if (widthOf(text) <= widths[i]!) return [text];
    return column.overflow === 'cut' ? [cut(text, widths[i]!)] : wrap(text, widths[i]!, CELL_LINES);
  });
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) => {
    let line = '';
    let owed = '';
    for (const [i, column] of columns.entries()) {
      const text = cells[i]![at] ?? '';
      const padding = ' '.repeat(Math.max(0, widths[i]! - widthOf(text)));
      const painted = text === '' ? '' : (row[i]!.paint?.(text) ?? text);
      if (column.align === 'right') owed += padding;
      // Spaces wait until text follows them: no line ends in any.
      if (painted !== '') {
        line += owed + painted;
        owed = '';
      }
      if (column.align !== 'right') owed += padding;
      owed += BETWEEN;
    }
    return line;
  });
}
