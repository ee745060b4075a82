import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.ts';
import { Inventory, type InventoryType, writeEntry } from './inventory.ts';
import { InventoryBuilder } from './inventory-builder.ts';
import { inventoryFlaw } from './inventory-flaw.ts';

const path = fc.array(fc.constantFrom('a', 'ab', 'b', 'a.', 'é', '\u{1f480}'), { minLength: 1, maxLength: 4 });

function built(paths: readonly (readonly string[])[]): Uint8Array {
  const builder = new InventoryBuilder({ inventoryBytes: 2 ** 20, onMisplaced: () => {} });
  for (const parts of paths) {
    builder.add({ path: parts.join('/'), type: 'file', mode: 0o644, size: 1, target: null, sha256: null });
  }
  return builder.finish();
}

/** One block as it is told, whatever it means. */
function written(
  entries: readonly (readonly [key: string, type: InventoryType])[],
  count = entries.length,
): Uint8Array {
  const out = new ByteWriter();
  let previous = '';
  for (const [i, [key, type]] of entries.entries()) {
    writeEntry(out, { key, type, mode: 0, size: 0, target: null, sha256: null }, previous, i === 0);
    previous = key;
  }
  out.uint32(0);
  out.uint32(1);
  out.uint32(count);
  return out.finish();
}

describe('the flaw of an inventory', () => {
  it('is none where the builder made it, whatever was added', () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 200 }), (paths) => {
        expect(inventoryFlaw(built(paths))).toBeNull();
      }),
    );
  });

  it('of damaged bytes is told, or they are one: each entry once, in order, and found', () => {
    const whole = built(Array.from({ length: 200 }, (_, i) => ['usr', `package-${i % 20}`, String(i)]));
    const change = fc.record({ at: fc.nat({ max: whole.length - 1 }), to: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = whole.slice();
        for (const { at, to } of changes) bytes[at] = to;
        if (inventoryFlaw(bytes) !== null) return;
        const inventory = new Inventory(bytes);
        const all = [...inventory.below('')];
        expect(all).toHaveLength(inventory.size);
        for (const entry of all) expect(inventory.find(entry.path)).toEqual(entry);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['no bytes', new Uint8Array(0), /read past the end/],
    [
      'entries out of order',
      written([
        ['b', 'file'],
        ['a', 'file'],
      ]),
      /out of order/,
    ],
    [
      'an entry twice',
      written([
        ['a', 'file'],
        ['a', 'file'],
      ]),
      /out of order/,
    ],
    ['an entry without the directory above it', written([['a\0b', 'file']]), /below what is no directory/],
    [
      'an entry below a file',
      written([
        ['a', 'file'],
        ['a\0b', 'file'],
      ]),
      /below what is no directory/,
    ],
    [
      'an entry below another directory',
      written([
        ['a', 'directory'],
        ['b\0c', 'file'],
      ]),
      /below what is no directory/,
    ],
    [
      'an entry without a name',
      written([
        ['a', 'directory'],
        ['a\0', 'file'],
      ]),
      /without a name/,
    ],
    ['a name with a slash', written([['a/b', 'file']]), /without a name/],
    ['too few entries', written([['a', 'file']], 2), /read past the end/],
    [
      'too many entries',
      written(
        [
          ['a', 'file'],
          ['b', 'file'],
        ],
        1,
      ),
      /longer than its entries/,
    ],
    ['a path without end', written([['a'.repeat(2 ** 16 + 1), 'file']]), /too long a path/],
    [
      'paths that grow',
      written(Array.from({ length: 64 }, (_, i) => ['a'.repeat((i + 1) * 2_000), 'file'])),
      /too long/,
    ],
  ])('is told: %s', (_what, bytes, message) => {
    expect(inventoryFlaw(bytes)).toMatch(message);
  });
});
