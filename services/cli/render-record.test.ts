import { expect, test } from 'vitest';
import {
  callFrame,
  cgroupFrame,
  execFrame,
  exitFrame,
  forkFrame,
  moveFrame,
  SAMPLE_STATUS,
  socketFrame,
} from '../../test/support/sensor-frames.ts';
import { LIMITS } from '../domain/limits.ts';
import { FrameReader } from '../domain/runtime/frame-reader.ts';
import { renderRecord } from './render-record.ts';

const TIME = '2026-11-30T12:00:00.000000001Z';
const line = (frame: Uint8Array, rest: object = {}) => {
  const [found] = new FrameReader(LIMITS).push(frame);
  if (found?.type !== 'event') throw new Error('no event');
  const record = {
    type: 'event',
    time: TIME,
    event: found.event,
    cgroup: '/a',
    container: null,
    session: null,
  } as const;
  const text = renderRecord({ ...record, ...rest });
  expect(text).not.toContain('\n');
  return JSON.parse(text);
};
const WHO = { cgroup_id: 2n ** 60n, process_id: 7, process_start_ns: 2n ** 60n };

test('an exec: 64-bit numbers as strings, bytes that are no text escaped, unknown as null', () => {
  const texts = { path: Uint8Array.of(0x2f, 0xff, 0x0a), name: 'x', directory: '/', arguments: ['x', '\u001b[2J'] };
  const state = {
    name: 'web',
    image: { reference: 'nginx:1', manifestDigest: null, configDigest: null },
    kubernetes: null,
  };
  const container = { key: { runtime: 'podman', id: 'f00' }, cgroup: '/a', state };
  expect(
    line(execFrame({ ...WHO, capabilities: 2n ** 40n, login_id: 0 }, texts), { container, session: 0 }),
  ).toMatchObject({
    time: TIME,
    kind: 'exec',
    verdict: 'observed',
    rule: null,
    container: { runtime: 'podman', id: 'f00', name: 'web', image: state.image, kubernetes: null, cgroup: '/a' },
    session: 0,
    cgroup: { id: String(2n ** 60n), path: '/a' },
    process: { id: 7, start: String(2n ** 60n) },
    path: '/\\xff\\x0a',
    arguments: ['x', '\\x1b[2J'],
    cut: { path: false, arguments: false },
    capabilities: '0000010000000000',
    loginId: 0,
  });
});

test('a container of which nothing is known but its id', () => {
  const container = { key: { runtime: 'runc', id: 'x' }, cgroup: '/a', state: null };
  expect(line(exitFrame({ ...WHO, status: 9 }), { container })).toMatchObject({
    container: { name: null, image: { reference: null, manifestDigest: null, configDigest: null }, kubernetes: null },
    code: null,
    signal: 9,
  });
});

test('the other events', () => {
  expect(line(forkFrame({ ...WHO, child_id: 8, child_start_ns: 9n }))).toMatchObject({ child: { id: 8, start: '9' } });
  expect(line(socketFrame(24, { ...WHO, family: 2, port: 443, protocol: 6 }))).toMatchObject({
    kind: 'connect',
    address: '0.0.0.0',
    port: 443,
    protocol: 'tcp',
    repeats: '0',
  });
  expect(line(cgroupFrame(8, '/a', { flags: 8 }))).toMatchObject({
    kind: 'cgroup-made',
    existing: true,
    process: null,
  });
});

test('what the agent says of itself', () => {
  const parse = (record: Parameters<typeof renderRecord>[0]) => JSON.parse(renderRecord(record));
  expect(parse({ type: 'started', time: TIME, status: SAMPLE_STATUS, dropped: { exec: 2n } })).toEqual({
    time: TIME,
    kind: 'agent-started',
    cgroupRoot: '/watched',
    pins: null,
    droppedBefore: { exec: '2' },
    programs: SAMPLE_STATUS.programs,
  });
  expect(parse({ type: 'blind', time: TIME, dropped: { exec: 3n }, refusedCgroups: 0n })).toEqual({
    time: TIME,
    kind: 'agent-blind',
    dropped: { exec: '3' },
    refusedCgroups: '0',
  });
  expect(parse({ type: 'unreadable', time: TIME, reason: 'x' })).toMatchObject({
    kind: 'agent-unreadable',
    reason: 'x',
  });
});

test('a call, the end of a connect, and a move', () => {
  expect(
    line(callFrame(51, { ...WHO, call: 17, flags: 16, result: -2n }, { path: 'a\n', directory: '/tmp' })),
  ).toMatchObject({
    kind: 'unlink',
    call: 'unlink',
    error: 'ENOENT',
    result: null,
    path: '/tmp/a\\x0a',
    name: 'a\\x0a',
    target: null,
    racy: true,
    cut: false,
    file: null,
    repeats: '0',
  });
  const end = { ...WHO, family: 2, protocol: 6, port: 443, time_ns: 9n, asked_ns: 4n, error: 111 };
  expect(line(socketFrame(29, end))).toMatchObject({
    kind: 'connected',
    error: 'ECONNREFUSED',
    tookNs: '5',
    local: { address: '0.0.0.0', port: 0 },
  });
  expect(line(socketFrame(24, end))).not.toHaveProperty('error');
  expect(line(moveFrame('/b', { ...WHO, to_id: 5n, flags: 32, mover_id: 3 }))).toMatchObject({
    kind: 'move',
    to: { id: '5', path: '/b' },
    left: true,
    by: 3,
  });
});
