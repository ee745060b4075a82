import { describe, expect, test } from 'vitest';
import { BoundedWriter } from './bounded-writer.ts';

function writer(limit = 1_000) {
  const written: number[] = [];
  const dropped: number[] = [];
  const warnings: string[] = [];
  const state = { fails: false };
  const bounded = new BoundedWriter<number>({
    write: async (items) => {
      await Promise.resolve();
      if (state.fails) throw new Error('no connection');
      written.push(...items);
    },
    limit,
    onDropped: (count) => dropped.push(count),
    onWarning: (message) => warnings.push(message),
    sleep: (_ms, signal) => (signal.aborted ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, 1))),
  });
  return { bounded, written, dropped, warnings, state };
}
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('what is written behind', () => {
  test('comes in order, all of it', async () => {
    const { bounded, written } = writer(10_000);
    for (const i of numbers(2_000)) bounded.add(i);
    await expect.poll(() => written.length).toBe(2_000);
    expect(written).toEqual(numbers(2_000));
  });

  test('waits where it cannot be written, and comes when it can; of that it is told once', async () => {
    const { bounded, written, warnings, state } = writer();
    state.fails = true;
    for (const i of numbers(10)) bounded.add(i);
    await expect.poll(() => warnings).toEqual(['no connection']);
    state.fails = false;
    await expect.poll(() => written).toEqual(numbers(10));
    expect(warnings).toHaveLength(1);
  });

  test('is dropped where too much waits, and counted', async () => {
    const { bounded, written, dropped, state } = writer(5);
    state.fails = true;
    for (const i of numbers(8)) bounded.add(i);
    expect(dropped).toEqual([1, 1, 1]);
    state.fails = false;
    await bounded.close();
    expect(written).toEqual(numbers(5));
  });

  test('is written at the end, or counted where it cannot be', async () => {
    const { bounded, written, dropped, state } = writer();
    bounded.add(1);
    await bounded.close();
    expect(written).toEqual([1]);
    bounded.add(2);
    expect(dropped).toEqual([1]);
    const other = writer();
    other.state.fails = true;
    for (const i of numbers(3)) other.bounded.add(i);
    await other.bounded.close();
    expect(other.dropped).toEqual([3]);
    expect(state.fails).toBe(false);
  });
});
