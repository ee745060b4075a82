import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { Inventory, type InventoryEntry, isDirectory, readEntry, treeKey } from './inventory.ts';
import { InventoryBuilder, type InventoryBuilderOptions } from './inventory-builder.ts';
import { decodePath, parentOf } from './path.ts';

const OPTIONS: InventoryBuilderOptions = { inventoryBytes: 2 ** 30, onMisplaced: () => {} };

/** Names at which front-coding could cut badly: pairs that share a half, bytes that are no UTF-8, near '/'. */
const name = fc.oneof(
  fc.constantFrom('a', 'ab', 'abc', 'b', 'a.', 'a-', 'a0', '\u0001', 'é', 'ê'),
  fc.constantFrom('\u{1f480}', '\u{1f481}', '\u{1f600}', 'a\u{1f480}', 'a\u{1f481}', '\u{10dc80}'),
  fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => decodePath(bytes).replaceAll(/[/\0]/g, 'x')),
  fc.constantFrom(decodePath(Uint8Array.of(0xf0, 0x9f)), decodePath(Uint8Array.of(0xf0, 0x9f, 0x92)), 'x'.repeat(200)),
);
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const digest = fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }));

const leaf = fc.oneof(
  fc.record({ type: fc.constant('file' as const), size: fc.maxSafeNat(), target: fc.constant(null), sha256: digest }),
  fc.record({
    type: fc.constantFrom('symlink' as const, 'hardlink' as const),
    size: fc.constant(0),
    target: fc.oneof(path, fc.constant('')),
    sha256: fc.constant(null),
  }),
  fc.record({
    type: fc.constantFrom('directory' as const, 'fifo' as const, 'block-device' as const, 'character-device' as const),
    size: fc.constant(0),
    target: fc.constant(null),
    sha256: fc.constant(null),
  }),
);
type Added = Parameters<InventoryBuilder['add']>[0];
const entries: fc.Arbitrary<Added[]> = fc.array(
  fc.tuple(path, leaf, fc.nat({ max: 0o7777 })).map(([where, what, mode]) => ({ path: where, mode, ...what })),
  { maxLength: 200 },
);

function build(added: readonly Added[], options: Partial<InventoryBuilderOptions> = {}): Uint8Array<ArrayBuffer> {
  const builder = new InventoryBuilder({ ...OPTIONS, ...options });
  for (const entry of added) builder.add(entry);
  return builder.finish();
}

/** Without entries below something that is no directory, and each name once. */
function asTree(added: readonly Added[]): Added[] {
  const byPath = new Map(added.map((entry) => [entry.path, entry]));
  const isPlaced = (at: string): boolean => {
    for (let up = parentOf(at); up !== ''; up = parentOf(up)) {
      if ((byPath.get(up)?.type ?? 'directory') !== 'directory') return false;
    }
    return true;
  };
  return [...byPath.values()].filter((entry) => isPlaced(entry.path));
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}

function inTreeOrder(a: { path: string }, b: { path: string }): number {
  return treeKey(a.path) < treeKey(b.path) ? -1 : 1;
}

describe('an inventory', () => {
  it('gives back every entry, in tree order, with the directories that are only implied', () => {
    fc.assert(
      fc.property(entries, (added) => {
        const tree = asTree(added);
        const inventory = new Inventory(build(tree));
        const all = [...inventory.below('')];
        expect(all).toHaveLength(inventory.size);
        expect(all).toEqual([...all].sort(inTreeOrder));
        const named = all.filter(({ type }) => type !== 'implicit');
        const expected = tree.map((entry): InventoryEntry => ({ ...entry, sha256: hex(entry.sha256) }));
        expect(named).toEqual(expected.sort(inTreeOrder));
        const paths = new Set(all.map((entry) => entry.path));
        for (const { path: at } of all) if (parentOf(at) !== '') expect(paths).toContain(parentOf(at));
        for (const { path: at } of all.filter(({ type }) => type === 'implicit')) {
          expect(all.some((entry) => entry.path.startsWith(`${at}/`))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('finds each entry, nothing else, and lists what is below a directory', () => {
    fc.assert(
      fc.property(entries, fc.array(path), (added, others) => {
        const inventory = new Inventory(build(asTree(added)));
        const all = [...inventory.below('')];
        const byPath = new Map(all.map((entry) => [entry.path, entry]));
        for (const at of [...byPath.keys(), ...others]) expect(inventory.find(at)).toEqual(byPath.get(at) ?? null);
        for (const at of [...all.filter(isDirectory).map((entry) => entry.path), ...others]) {
          expect([...inventory.below(at)]).toEqual(all.filter((entry) => entry.path.startsWith(`${at}/`)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is empty, and then finds nothing', () => {
    const inventory = new Inventory(build([]));
    expect([inventory.size, inventory.find('a'), inventory.find(''), [...inventory.below('')]]).toEqual([
      0,
      null,
      null,
      [],
    ]);
  });
});

describe('bytes that are no inventory', () => {
  const touch = (bytes: Uint8Array): void => {
    const inventory = new Inventory(bytes);
    for (const entry of inventory.below('')) inventory.find(entry.path);
    inventory.find('a/b');
  };

  it('raise a RangeError or read as something, and never take long or much', () => {
    const whole = build([
      ...Array.from({ length: 300 }, (_, i) => file(`usr/share/doc/package-${i}/copyright`)),
      { ...file('bin/sh'), type: 'symlink', target: 'bash' },
    ]);
    const change = fc.oneof(
      fc.record({ at: fc.nat({ max: whole.length - 1 }), to: fc.nat({ max: 255 }) }),
      // The table and the counts are at the end.
      fc.record({ at: fc.integer({ min: whole.length - 40, max: whole.length - 1 }), to: fc.nat({ max: 255 }) }),
    );
    const damaged = fc.record({
      changes: fc.array(change, { minLength: 1, maxLength: 8 }),
      length: fc.nat({ max: whole.length }),
    });
    fc.assert(
      fc.property(damaged, fc.boolean(), ({ changes, length }, cut) => {
        const bytes = whole.slice(0, cut ? length : whole.length);
        for (const { at, to } of changes) if (at < bytes.length) bytes[at] = to;
        try {
          touch(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  }, 20_000);

  it('raise a RangeError where an entry shares more of its name than there is', () => {
    const shares = (units: number) => new ByteReader(Uint8Array.of(units, 1, 0x78, 0, 0, 0));
    expect(readEntry(shares(2), 'ab').key).toBe('abx');
    expect(() => readEntry(shares(3), 'ab')).toThrow(RangeError);
  });

  it('raise a RangeError when they are noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        fc.pre(bytes.length < 8 || bytes.subarray(-8).some((byte) => byte !== 0));
        expect(() => touch(bytes)).toThrow(RangeError);
      }),
    );
  });

  it.each([
    ['no bytes', []],
    ['counts that do not fit each other', [0, 0, 0, 0, 1, 0, 0, 0]],
    ['a table longer than all bytes', [0xff, 0xff, 0xff, 0x03, 0xc0, 0xff, 0xff, 0xff]],
    ['offsets past the end', [9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]],
  ])('%s', (_, bytes) => {
    expect(() => new Inventory(Uint8Array.from(bytes))).toThrow(RangeError);
  });
});

function file(at: string): Added {
  return { path: at, type: 'file', mode: 0o644, size: 1, target: null, sha256: null };
}
