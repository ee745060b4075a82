import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { widthOf } from './printable.ts';
import { type Column, layTable } from './table.ts';

const columns: Column[] = [
  { header: 'NAME', overflow: 'wrap' },
  { header: 'SIZE', align: 'right', overflow: 'cut' },
  { header: 'NOTE', overflow: 'cut' },
];
const row = (...texts: string[]) => texts.map((text) => ({ text }));
const plain = (text: string) => text;

describe('layTable', () => {
  it('takes no more room than it needs', () => {
    expect(layTable(columns, [row('a', '1', 'x'), row('日本語', '1,000', '')], 80, plain)).toEqual([
      'NAME     SIZE  NOTE',
      'a           1  x',
      '日本語  1,000',
    ]);
  });

  it('lets the widest column give way', () => {
    expect(layTable(columns, [row('a-name-that-is-long', '1', 'a note that is much longer still')], 30, plain)).toEqual(
      ['NAME         SIZE  NOTE', 'a-name-that     1  a note tha…', '-is-long'],
    );
  });

  it('lets a firm column give way last', () => {
    const firm: Column[] = [
      { header: 'ID', overflow: 'wrap', firm: true },
      { header: 'NOTE', overflow: 'cut' },
    ];
    const id = 'an-id-that-is-long';
    expect(layTable(firm, [row(id, 'a note that is long')], 30, plain)[1]).toBe(`${id}  a note th…`);
    expect(layTable(firm, [row(id, 'a note that is long')], 20, plain)).toEqual([
      'ID          NOTE',
      'an-id-that  a note …',
      '-is-long',
    ]);
  });

  it('paints text, never padding', () => {
    const paint = (text: string) => `<${text}>`;
    expect(layTable(columns, [[{ text: 'a', paint }, { text: '1', paint }, { text: '' }]], 80, plain)[1]).toBe(
      '<a>        <1>',
    );
  });

  it('fits its width with any text, shows no control character, and ends no line in spaces', () => {
    const text = fc.string({ unit: 'binary', maxLength: 80 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text, text), { maxLength: 5 }),
        fc.integer({ min: 28, max: 120 }),
        (rows, width) => {
          for (const line of layTable(
            columns,
            rows.map((texts) => row(...texts)),
            width,
            plain,
          )) {
            expect(widthOf(line)).toBeLessThanOrEqual(width);
            expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
          }
        },
      ),
    );
  });

  it('lays a hundred thousand rows', () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => row(`package-${i}`, '1', ''));
    expect(layTable(columns, rows, 80, plain)).toHaveLength(100_001);
  });
});
