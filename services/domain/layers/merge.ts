/** Merges sequences that are each in order into one, by a binary heap. Equal items come in the order of their sources. */
export function* mergeSorted<Item>(
  sources: readonly Iterable<Item>[],
  compare: (a: Item, b: Item) => number,
): Generator<Item> {
  const heads: Head<Item>[] = [];
  for (const [source, items] of sources.entries()) {
    const rest = items[Symbol.iterator]();
    const first = rest.next();
    if (!first.done) heads.push({ item: first.value, source, rest });
  }
  const before = (a: Head<Item>, b: Head<Item>): boolean => {
    const order = compare(a.item, b.item);
    return order < 0 || (order === 0 && a.source < b.source);
  };
  for (let i = (heads.length >> 1) - 1; i >= 0; i--) sink(heads, i, before);
  for (let top = heads[0]; top !== undefined; top = heads[0]) {
    yield top.item;
    const next = top.rest.next();
    if (!next.done) top.item = next.value;
    else {
      const last = heads.pop()!;
      if (last === top) return;
      heads[0] = last;
    }
    sink(heads, 0, before);
  }
}

interface Head<Item> {
  item: Item;
  readonly source: number;
  readonly rest: Iterator<Item>;
}

function sink<Item>(heads: Head<Item>[], from: number, before: (a: Head<Item>, b: Head<Item>) => boolean): void {
  for (let at = from; ; ) {
    const left = 2 * at + 1;
    if (left >= heads.length) return;
    const right = left + 1;
    const child = right < heads.length && before(heads[right]!, heads[left]!) ? right : left;
    if (!before(heads[child]!, heads[at]!)) return;
    [heads[at], heads[child]] = [heads[child]!, heads[at]!];
    at = child;
  }
}
