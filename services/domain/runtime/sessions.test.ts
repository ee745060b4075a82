import { describe, expect, test } from 'vitest';
import type { RuntimeEvent } from './event.ts';
import { Sessions } from './sessions.ts';

const LIMITS = { sessionProcesses: 1_000 };
type Seen = Parameters<Sessions['of']>[0];
const by = (id: number, startNs: bigint, rest: Partial<RuntimeEvent> = { kind: 'exec' }) =>
  ({ process: { id, startNs }, ...rest }) as Seen;
const fork = (id: number, startNs: bigint, child: number, childStart: bigint) =>
  by(id, startNs, { kind: 'fork', child: { id: child, startNs: childStart } } as Partial<RuntimeEvent>);
const exit = (id: number, startNs: bigint) => by(id, startNs, { kind: 'exit' });

describe('a container that is watched from its start', () => {
  test('what its runtime starts is session 0, with all its descendants; who comes later begins another', () => {
    const sessions = new Sessions(true, LIMITS);
    expect(sessions.of(fork(10, 1n, 11, 2n))).toBe(0);
    expect(sessions.of(exit(10, 1n))).toBe(0);
    expect(sessions.of(by(11, 2n))).toBe(0);
    expect(sessions.of(fork(11, 2n, 12, 3n))).toBe(0);
    expect(sessions.of(by(50, 9n))).toBe(1);
    expect(sessions.of(fork(50, 9n, 51, 10n))).toBe(1);
    expect(sessions.of(by(51, 10n))).toBe(1);
    expect(sessions.of(by(60, 11n))).toBe(2);
    expect(sessions.of(by(12, 3n))).toBe(0);
  });
  test('an id that is used again is another process', () => {
    const sessions = new Sessions(true, LIMITS);
    sessions.of(by(10, 1n));
    sessions.of(by(11, 2n));
    expect(sessions.of(by(11, 3n))).toBe(2);
    sessions.of(exit(10, 1n));
    expect(sessions.of(by(10, 4n))).toBe(3);
  });
});

test('who was there before the sensor is of no known session, and who comes later is not the start', () => {
  const sessions = new Sessions(false, LIMITS);
  sessions.addExisting(10);
  expect(sessions.of(fork(10, 1n, 11, 2n))).toBeNull();
  expect(sessions.of(by(11, 2n))).toBeNull();
  expect(sessions.of(by(12, 3n))).toBe(1);
});

test('past the limit nobody is remembered, and nobody is given a session that is not his', () => {
  const sessions = new Sessions(true, { sessionProcesses: 2 });
  expect(sessions.of(by(1, 1n))).toBe(0);
  expect(sessions.of(fork(1, 1n, 2, 2n))).toBe(0);
  expect(sessions.of(fork(1, 1n, 3, 3n))).toBe(0);
  expect(sessions.of(by(3, 3n))).toBeNull();
  sessions.of(exit(2, 2n));
  expect(sessions.of(by(4, 4n))).toBe(1);
});
