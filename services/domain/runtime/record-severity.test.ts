import { expect, test } from 'vitest';
import { callFrame, execFrame, moveFrame, socketFrame } from '../../../test/support/sensor-frames.ts';
import { LIMITS } from '../limits.ts';
import { FrameReader } from './frame-reader.ts';
import type { RuntimeRecord } from './record.ts';
import { severityOf } from './record-severity.ts';

const TEXTS = { path: '/bin/sh', name: 'sh', directory: '/', arguments: [] };
const severity = (bytes: Uint8Array) => {
  const [frame] = new FrameReader(LIMITS).push(bytes);
  if (frame?.type !== 'event') throw new Error('no event');
  return severityOf({ type: 'event', event: frame.event } as RuntimeRecord);
};

test('what was stopped is high, whatever it is; then who leaves; the rest is by its kind', () => {
  expect(severity(execFrame({ verdict: 3 }, TEXTS))).toBe('high');
  expect(severity(socketFrame(25, { family: 2, verdict: 2 }))).toBe('high');
  expect(severity(moveFrame('/', { flags: 32 }))).toBe('high');
  expect(severity(moveFrame('/', {}))).toBe('low');
  expect(severity(execFrame({ verdict: 1 }, TEXTS))).toBe('medium');
  expect(severity(execFrame({ origin: 3 }, TEXTS))).toBe('medium');
  expect(severity(callFrame(53, { call: 1 }))).toBe('medium');
  expect(severity(execFrame({}, TEXTS))).toBe('low');
  expect(severityOf({ type: 'blind', time: '', dropped: {}, refusedCgroups: 0n })).toBe('high');
});
