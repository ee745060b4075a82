import type { Page, Part } from '../../pipeline/page.ts';

/** The rows of a query that asked for one more than the page holds. */
export function partOf<Row, Item>(
  rows: readonly Row[],
  { limit }: Page,
  cursor: (row: Row) => string,
  item: (row: Row) => Item,
): Part<Item> {
  const shown = rows.slice(0, limit);
  return { items: shown.map(item), next: rows.length > limit ? cursor(shown.at(-1)!) : null };
}
