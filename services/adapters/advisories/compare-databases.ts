import type { DatabaseInfo } from '../../domain/vulnerabilities/advisory.ts';
import type { DatabaseChange } from '../../domain/vulnerabilities/database-change.ts';
import { cveOfKey, packageOfKey } from './keys.ts';
import type { LmdbAdvisories } from './lmdb-advisories.ts';
import { fromValue, unpackEnrichment } from './packing.ts';

interface Pair {
  readonly key: Buffer;
  readonly value: Buffer;
}
type Difference = readonly [change: DatabaseChange['change'], key: Buffer, before: Buffer | null, after: Buffer | null];

/**
 * Everything by which a verdict may differ, in the order of the databases: what is to be matched again. Values refer to
 * records by the hash of their content, so that a severity that rose is a change too.
 */
export function* databaseChanges(before: LmdbAdvisories, after: LmdbAdvisories): Generator<DatabaseChange> {
  yield* feedChanges(before.describe(), after.describe());
  for (const [change, key, one, other] of differences(before.enrichments(), after.enrichments())) {
    yield { kind: 'cve', id: cveOfKey(key), change, everywhere: isRejected(one) !== isRejected(other) };
  }
  for (const [change, key] of differences(before.packages(), after.packages())) {
    yield { kind: 'package', ...packageOfKey(key), change };
  }
}

/** Keys with another value, of two sequences in the order of their keys. */
function* differences(before: Iterable<Pair>, after: Iterable<Pair>): Generator<Difference> {
  const [left, right] = [before[Symbol.iterator](), after[Symbol.iterator]()];
  let [a, b] = [left.next(), right.next()];
  while (a.done !== true || b.done !== true) {
    const order = a.done === true ? 1 : b.done === true ? -1 : a.value.key.compare(b.value.key);
    if (order < 0) yield ['removed', a.value!.key, a.value!.value, null];
    else if (order > 0) yield ['added', b.value!.key, null, b.value!.value];
    else if (!a.value!.value.equals(b.value!.value)) yield ['changed', b.value!.key, a.value!.value, b.value!.value];
    if (order <= 0) a = left.next();
    if (order >= 0) b = right.next();
  }
}

function* feedChanges(before: DatabaseInfo, after: DatabaseInfo): Generator<DatabaseChange> {
  const [left, right] = [namespaces(before), namespaces(after)];
  for (const ecosystem of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const [one, other] = [left.get(ecosystem), right.get(ecosystem)];
    if (one === other) continue;
    yield {
      kind: 'feed',
      ecosystem,
      change: one === undefined ? 'added' : other === undefined ? 'removed' : 'changed',
    };
  }
}

/** Each namespace with whether anybody speaks for it, and until when it is supported. */
function namespaces({ feeds, endOfLife }: DatabaseInfo): ReadonlyMap<string, string> {
  const found = new Map(feeds.map(({ ecosystem }) => [ecosystem, 'with a feed']));
  for (const { ecosystem, eol, extendedEol } of endOfLife) {
    found.set(ecosystem, [found.get(ecosystem) ?? 'without', eol, extendedEol].join(' '));
  }
  return found;
}

function isRejected(value: Buffer | null): boolean {
  return value !== null && unpackEnrichment(fromValue(value)).rejected;
}
