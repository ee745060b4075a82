import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlimsollError } from '../errors.ts';
import { Inventory } from './inventory.ts';
import { InventoryBuilder, type InventoryBuilderOptions } from './inventory-builder.ts';

type Step = readonly [path: string, type: 'file' | 'directory' | 'implicit', size?: number];

function build(steps: readonly Step[], options: Partial<InventoryBuilderOptions> = {}) {
  const misplaced: string[] = [];
  const builder = new InventoryBuilder({
    inventoryBytes: 2 ** 30,
    onMisplaced: (path) => misplaced.push(path),
    ...options,
  });
  for (const [path, type, size = 0] of steps) {
    if (type === 'implicit') builder.addImplicit(path);
    else builder.add({ path, type, mode: 0o644, size, target: null, sha256: null });
  }
  const bytes = builder.finish();
  const list = [...new Inventory(bytes).below('')].map(({ path, type, size }) =>
    type === 'file' ? `${path} ${size}` : `${path} ${type}`,
  );
  return { bytes, list, misplaced };
}

describe('what later entries of a layer do to earlier ones', () => {
  it.each<readonly [string, readonly Step[], readonly string[], readonly string[]]>([
    [
      'the last of one name wins',
      [
        ['a', 'file', 1],
        ['a', 'file', 2],
      ],
      ['a 2'],
      [],
    ],
    [
      'a directory keeps what is in it when it is named again',
      [
        ['a', 'directory'],
        ['a/x', 'file', 1],
        ['a', 'directory'],
      ],
      ['a directory', 'a/x 1'],
      [],
    ],
    [
      'a file takes the place of a directory and all in it',
      [
        ['a/x', 'file', 1],
        ['a', 'file', 2],
      ],
      ['a 2'],
      [],
    ],
    [
      'and what was in it does not come back',
      [
        ['a/x', 'file', 1],
        ['a', 'file', 2],
        ['a', 'directory'],
        ['a/y', 'file', 3],
      ],
      ['a directory', 'a/y 3'],
      [],
    ],
    [
      'nor what was deeper in it',
      [
        ['a/b/x', 'file', 1],
        ['a', 'file', 2],
        ['a/b', 'directory'],
        ['a', 'directory'],
      ],
      ['a directory', 'a/b directory'],
      [],
    ],
    [
      'below a file is nothing',
      [
        ['a', 'file', 1],
        ['a/x', 'file', 2],
        ['a/b/y', 'file', 3],
      ],
      ['a 1'],
      ['a/b/y', 'a/x'],
    ],
    ['a deletion makes its directory', [['a/b', 'implicit']], ['a implicit', 'a/b implicit'], []],
    [
      'and leaves what it is already',
      [
        ['a', 'directory'],
        ['a', 'implicit'],
      ],
      ['a directory'],
      [],
    ],
    [
      'but not what it was before',
      [
        ['a/b', 'directory'],
        ['a', 'file', 1],
        ['a', 'directory'],
        ['a/b', 'implicit'],
      ],
      ['a directory', 'a/b implicit'],
      [],
    ],
    [
      'names that only begin alike are apart',
      [
        ['a', 'file', 1],
        ['a-b/x', 'file', 2],
        ['ab', 'file', 3],
      ],
      ['a 1', 'a-b implicit', 'a-b/x 2', 'ab 3'],
      [],
    ],
  ])('%s', (_, steps, list, misplaced) => {
    for (const runEntries of [1, 2, 100]) expect(build(steps, { runEntries })).toMatchObject({ list, misplaced });
  });

  it('gives the same bytes whatever fits into one run', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join('/'));
    const step = fc.tuple(path, fc.constantFrom('file' as const, 'directory' as const, 'implicit' as const), fc.nat());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (steps, runEntries) => {
        expect(build(steps, { runEntries })).toEqual(build(steps));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('many entries', () => {
  it('sorts them over several runs, each name once', () => {
    const count = 70_001;
    const steps = Array.from({ length: 2 * count }, (_, i): Step => [`d/${(i * 7_919) % count}`, 'file', i]);
    const inventory = new Inventory(build(steps).bytes);
    expect(inventory.size).toBe(count + 1);
    let last = '';
    for (const { path } of inventory.below('d')) {
      if (path <= last) throw new Error(`${path} after ${last}`);
      last = path;
    }
    const again = new Map(steps.map(([path, , size]) => [path, size]));
    for (const at of [0, 1, 64, 40_000, count - 1]) expect(inventory.find(`d/${at}`)?.size).toBe(again.get(`d/${at}`));
  });

  it('stops at the limit of bytes, not past it', () => {
    const steps = Array.from({ length: 1_000 }, (_, i): Step => [`directory-${i}/file`, 'file', i]);
    const { length } = build(steps).bytes;
    expect(build(steps, { inventoryBytes: length }).bytes).toHaveLength(length);
    for (const runEntries of [10, 10_000]) {
      const attempt = () => build(steps, { inventoryBytes: length / 4, runEntries });
      expect(attempt).toThrow(PlimsollError);
      expect(attempt).toThrow(
        expect.objectContaining({ code: 'LIMIT_EXCEEDED', details: { limit: 'inventoryBytes' } }),
      );
    }
  });
});
