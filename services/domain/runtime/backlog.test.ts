import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import { Backlog, type RecordLine } from './backlog.ts';
import { SEVERITIES, type Severity } from './severity.ts';

const line = (severity: Severity, text: string): RecordLine => ({ text, severity, time: 't', kind: 'exec' });
const texts = (lines: readonly RecordLine[]) => lines.map(({ text }) => text);

test('what waits comes in its order, stays until it is removed, and a part is at least one line', () => {
  const backlog = new Backlog(1_000);
  backlog.offer([line('low', 'a'), line('high', 'b'), line('low', 'c'), line('medium', 'ddd')]);
  const [first] = [backlog.peek(2, 100)];
  expect(texts(first)).toEqual(['a', 'b']);
  expect(texts(backlog.peek(9, 3))).toEqual(['a', 'b', 'c']);
  backlog.remove(first);
  expect(texts(backlog.peek(9, 1))).toEqual(['c']);
  backlog.remove(backlog.peek(9, 99));
  expect(backlog.isEmpty).toBe(true);
  expect(backlog.peek(9, 9)).toEqual([]);
});

test('without room the oldest of the lowest severity go, denies last; each is counted once', () => {
  const backlog = new Backlog(4);
  backlog.offer([line('high', 'h'), line('low', '1'), line('medium', 'm'), line('low', '2'), line('low', '3')]);
  expect(texts(backlog.peek(9, 9))).toEqual(['h', 'm', '2', '3']);
  backlog.offer([line('high', 'H'), line('high', 'I'), line('high', 'J')]);
  expect(texts(backlog.peek(9, 9))).toEqual(['h', 'H', 'I', 'J']);
  expect(backlog.takeLost()).toEqual({ low: 3, medium: 1, high: 0 });
  backlog.offer([line('high', 'K')]);
  expect(backlog.takeLost()).toEqual({ low: 0, medium: 0, high: 1 });
});

test('holds sinkMemoryBytes, and not one more', () => {
  const half = line('low', 'x'.repeat(LIMITS.sinkMemoryBytes / 2));
  const backlog = new Backlog(LIMITS.sinkMemoryBytes);
  backlog.offer([half, half]);
  expect(backlog.takeLost().low).toBe(0);
  backlog.offer([line('low', 'x')]);
  expect(backlog.takeLost().low).toBe(1);
});

test('whatever comes and goes: every line is taken, waits, or is counted as lost; never more than there is room for', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ do: fc.constant('offer' as const), severity: fc.constantFrom(...SEVERITIES), size: fc.nat(30) }),
      fc.record({ do: fc.constant('take' as const), lines: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ do: fc.constant('late' as const), lines: fc.integer({ min: 1, max: 5 }), size: fc.nat(60) }),
    ),
  );
  fc.assert(
    fc.property(steps, (all) => {
      const backlog = new Backlog(100);
      const lost = { low: 0, medium: 0, high: 0 };
      let offered = 0;
      const taken = new Set<RecordLine>();
      const offer = (severity: Severity, size: number) => {
        offered += 1;
        backlog.offer([line(severity, 'x'.repeat(size))]);
      };
      const finish = (lines: readonly RecordLine[]) => {
        const waiting = new Set(backlog.peek(1_000, 1_000));
        backlog.remove(lines);
        for (const each of lines) if (waiting.has(each)) taken.add(each);
      };
      for (const step of all) {
        if (step.do === 'offer') offer(step.severity, step.size);
        else {
          const lines = backlog.peek(step.lines, 1_000);
          // While they are on their way more comes, and may push them out.
          if (step.do === 'late') offer('high', step.size);
          finish(lines);
        }
        const now = backlog.takeLost();
        for (const severity of SEVERITIES) lost[severity] += now[severity];
      }
      const waiting = backlog.peek(1_000, 10_000);
      expect(waiting.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(100);
      expect(taken.size + waiting.length + lost.low + lost.medium + lost.high).toBe(offered);
    }),
  );
});
