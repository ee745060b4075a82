import { packageOfKey } from './keys.ts';
import type { LmdbAdvisories } from './lmdb-advisories.ts';

/** One package whose advisories are not the same in two databases. */
export interface ChangedKey {
  readonly ecosystem: string;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
}

/**
 * The packages whose advisories differ, in the order of the databases: what is to be matched again. Values refer to records by
 * the hash of their content, so that a severity that rose is a change too.
 */
export function* changedKeys(before: LmdbAdvisories, after: LmdbAdvisories): Generator<ChangedKey> {
  const [left, right] = [before.packages()[Symbol.iterator](), after.packages()[Symbol.iterator]()];
  let [a, b] = [left.next(), right.next()];
  while (a.done !== true || b.done !== true) {
    const order = a.done === true ? 1 : b.done === true ? -1 : a.value.key.compare(b.value.key);
    if (order < 0) {
      yield changed(a.value!.key, 'removed');
      a = left.next();
    } else if (order > 0) {
      yield changed(b.value!.key, 'added');
      b = right.next();
    } else {
      if (!a.value!.value.equals(b.value!.value)) yield changed(b.value!.key, 'changed');
      a = left.next();
      b = right.next();
    }
  }
}

function changed(key: Buffer, change: ChangedKey['change']): ChangedKey {
  return { ...packageOfKey(key), change };
}
