import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { FrameReader } from '../../services/domain/runtime/frame-reader.ts';
import { mutated } from '../support/mutation.ts';
import {
  callFrame,
  cgroupFrame,
  countersFrame,
  execFrame,
  exitFrame,
  forkFrame,
  moveFrame,
  registers,
  SAMPLE_STATUS,
  socketFrame,
  startFrame,
  statusFrame,
} from '../support/sensor-frames.ts';
import { concat } from '../support/tar-blocks.ts';

const CORPUS = [
  concat(statusFrame(SAMPLE_STATUS), countersFrame({}), cgroupFrame(8, '/a/b', {})),
  concat(execFrame({}, { path: '/bin/sh', name: 'sh', directory: '/', arguments: ['sh', '-c'] }), exitFrame({})),
  concat(forkFrame({ process_id: 1 }), socketFrame(24, { family: 2 }), socketFrame(26, { family: 10 })),
  concat(
    callFrame(50, { call: 15, flags: 16, arguments: registers(1n, -2n) }, { path: 'a', directory: '/', target: '/b' }),
    callFrame(48, { call: 2, inode: 7n, result: 3n }, { path: '/etc/passwd' }),
    moveFrame('/a', { flags: 32 }),
    startFrame({}, { gate: 1, held: 1, started: 1 }),
    socketFrame(29, { family: 2, error: 111, asked_ns: 5n }),
  ),
];

test('damaged frames: each is read, or a flaw is told, or the stream ends as broken', () => {
  fc.assert(
    fc.property(mutated(CORPUS), fc.nat(), (bytes, where) => {
      const cut = where % (bytes.length + 1);
      const reader = new FrameReader(LIMITS);
      const frames = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
      expect(frames).toEqual(new FrameReader(LIMITS).push(bytes));
      const broken = frames.findIndex(({ type }) => type === 'broken');
      if (broken >= 0) expect(broken).toBe(frames.length - 1);
      // Every byte is in a frame, is waited for, or stands behind the break.
      if (frames.length === 0 && bytes.length >= 8) expect(reader.unfinished).toBe(bytes.length);
      expect(reader.unfinished).toBeLessThanOrEqual(LIMITS.sensorFrameBytes);
    }),
    { numRuns: 5_000 },
  );
});

test('any bytes at all', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      for (const frame of new FrameReader(LIMITS).push(bytes))
        expect(frame.type).toMatch(/^(?:unknown|flaw|broken|event|counters|status)$/);
    }),
    { numRuns: 5_000 },
  );
});
