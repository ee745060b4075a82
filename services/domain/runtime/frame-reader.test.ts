import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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
} from '../../../test/support/sensor-frames.ts';
import { concat } from '../../../test/support/tar-blocks.ts';
import { LIMITS } from '../limits.ts';
import { FrameReader } from './frame-reader.ts';
import { LAYOUT } from './layout.ts';

const read = (...pieces: Uint8Array[]) => {
  const reader = new FrameReader(LIMITS);
  return pieces.flatMap((piece) => reader.push(piece));
};
/** The one event in a frame. */
const eventOf = (frame: Uint8Array) => {
  const [found, ...more] = read(frame);
  expect(more).toEqual([]);
  if (found?.type !== 'event') throw new Error(`${JSON.stringify(found)} is no event`);
  return found.event;
};

const command = new TextEncoder().encode('sh');
const WHO = {
  time_ns: 5_000n,
  cgroup_id: 2n ** 63n + 1n,
  process_id: 77,
  process_start_ns: 4_000n,
  thread_id: 78,
  parent_id: 7,
  parent_start_ns: 3_000n,
  container_process_id: 1,
  user_id: 1000,
  group_id: 100,
  mount_namespace: 4026532177,
  command,
};
const EXEC = execFrame(
  {
    ...WHO,
    changed_s: -1n,
    changed_ns: 5,
    mode: 0o100755,
    links: 1,
    origin: 2,
    login_id: 0xffffffff,
    capabilities: 2n ** 40n,
  },
  { path: '/bin/busybox', name: './x', directory: '/tmp', arguments: ['sh', '', '-c', 'true'] },
);

describe('events', () => {
  test('an exec', () => {
    expect(eventOf(EXEC)).toEqual({
      kind: 'exec',
      timeNs: 5_000n,
      cgroupId: 2n ** 63n + 1n,
      containerCgroupId: null,
      workload: null,
      profile: null,
      ruleId: null,
      verdict: 'observed',
      process: {
        id: 77,
        startNs: 4_000n,
        thread: 78,
        parent: { id: 7, startNs: 3_000n },
        containerProcessId: 1,
        userId: 1000,
        groupId: 100,
        command: 'sh',
        mountNamespace: 4026532177,
      },
      path: '/bin/busybox',
      pathCut: false,
      name: './x',
      directory: '/tmp',
      arguments: ['sh', '', '-c', 'true'],
      argumentsCut: false,
      unreadable: false,
      file: { inode: 0n, device: 0, mode: 0o100755, ownerId: 0, links: 1, changedNs: -999_999_995n, origin: 'written' },
      effectiveUserId: 0,
      loginId: null,
      capabilities: 2n ** 40n,
    });
  });
  test('an exec that was cut, of a path that is no UTF-8, by somebody who logged in', () => {
    const texts = { path: Uint8Array.of(0x2f, 0xff), name: 'x', directory: '/', arguments: ['a'] };
    expect(eventOf(execFrame({ ...WHO, flags: 1 | 2 | 4, login_id: 1000 }, texts))).toMatchObject({
      path: '/\udcff',
      pathCut: true,
      argumentsCut: true,
      unreadable: true,
      loginId: 1000,
    });
  });
  test('a fork', () => {
    const frame = forkFrame({ ...WHO, child_id: 80, child_start_ns: 6n, child_container_id: 2 });
    expect(eventOf(frame)).toMatchObject({ kind: 'fork', child: { id: 80, startNs: 6n }, childContainerProcessId: 2 });
  });
  test.each([
    [0, 0, null],
    [0x0300, 3, null],
    [9, null, 9],
    [0x8b, null, 11], // and dumped core
  ])('an exit with status %i', (status, code, signal) => {
    expect(eventOf(exitFrame({ ...WHO, status }))).toMatchObject({ kind: 'exit', code, signal });
  });
  test('sockets', () => {
    const four = { family: 2, protocol: 6, port: 443, address: Uint8Array.of(192, 0, 2, 1) };
    const six = {
      family: 10,
      protocol: 17,
      port: 53,
      address: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1),
    };
    expect(eventOf(socketFrame(24, { ...WHO, ...four, verdict: 2, rule_id: 9n }))).toMatchObject({
      kind: 'connect',
      address: '192.0.2.1',
      port: 443,
      protocol: 'tcp',
      verdict: 'denied',
      ruleId: 9n,
    });
    expect(eventOf(socketFrame(25, { ...WHO, ...six }))).toMatchObject({
      kind: 'bind',
      address: '2001:db8::1',
      protocol: 'udp',
    });
    expect(eventOf(socketFrame(26, { ...WHO, ...six, protocol: 136, repeats: 4n }))).toMatchObject({
      kind: 'send',
      protocol: 'protocol-136',
      repeats: 4n,
    });
  });
  test('how a connect ended, and whom a listener accepted', () => {
    const four = { family: 2, protocol: 6, port: 443, address: Uint8Array.of(192, 0, 2, 1) };
    const local = { local_address: Uint8Array.of(127, 0, 0, 1), local_port: 4000 };
    expect(eventOf(socketFrame(29, { ...WHO, ...four, ...local, error: 111, asked_ns: 4n }))).toMatchObject({
      kind: 'connected',
      error: 'ECONNREFUSED',
      askedNs: 4n,
      local: { address: '127.0.0.1', port: 4000 },
    });
    expect(eventOf(socketFrame(30, { ...WHO, ...four, ...local }))).toMatchObject({
      kind: 'accept',
      error: null,
      askedNs: null,
      local: { port: 4000 },
    });
    expect(eventOf(socketFrame(31, { ...WHO, ...four }))).toMatchObject({ kind: 'listen', port: 443, local: null });
  });
  const numberOf = (call: (typeof LAYOUT.calls)[number]) => LAYOUT.calls.indexOf(call) + 1;
  test('a call: its result or its error, the arguments that say something, paths behind their directories', () => {
    const renamed = callFrame(
      50,
      { ...WHO, call: numberOf('renameat'), flags: 16, repeats: 2n },
      { path: '../a', directory: '/tmp', target: 'b', target_directory: '/' },
    );
    expect(eventOf(renamed)).toMatchObject({
      kind: 'rename',
      call: 'renameat',
      error: null,
      result: 0n,
      file: { path: '/tmp/../a', name: '../a' },
      target: { path: '/b', name: 'b' },
      racy: true,
      opened: null,
      repeats: 2n,
    });
    const opened = { ...WHO, call: numberOf('openat'), result: 3n, inode: 5n, device: 6, mode: 0o100644, origin: 2 };
    expect(
      eventOf(
        callFrame(48, { ...opened, arguments: registers(-100n, 2n ** 63n, (0xfn << 32n) | 0o101n) }, { path: '/f' }),
      ),
    ).toMatchObject({
      kind: 'open',
      arguments: { flags: 0o101 },
      file: { path: '/f', name: null },
      target: null,
      racy: false,
      opened: { inode: 5n, device: 6, mode: 0o100644, origin: 'written' },
    });
    const refused = { ...WHO, call: numberOf('setresuid'), result: -1n, arguments: registers(-1n, 0xffff_fffen, 7n) };
    expect(eventOf(callFrame(56, refused))).toMatchObject({
      kind: 'identity',
      result: null,
      error: 'EPERM',
      arguments: { userId: -1, effectiveUserId: -2, savedUserId: 7 },
      file: null,
    });
  });
  test('a path that is empty is its directory', () => {
    const values = { ...WHO, call: numberOf('open_tree'), flags: 16 };
    expect(eventOf(callFrame(54, values, { path: '', directory: '/mnt' }))).toMatchObject({
      file: { path: '/mnt', name: '' },
    });
  });
  test('what a hook did about a start', () => {
    const text = (value: string) => new TextEncoder().encode(value);
    const report = { gate: 3, held: 0, started: 0, image: text('sha256:00'), rule: text('base/kev') };
    expect(eventOf(startFrame({ cgroup_id: 4n, container_id: 4n }, report))).toMatchObject({
      kind: 'start',
      started: false,
      gate: 'refused',
      held: null,
      image: 'sha256:00',
      profileName: null,
      rule: 'base/kev',
      reason: null,
      process: null,
    });
  });
  test('a process that was moved', () => {
    expect(eventOf(moveFrame('/out', { ...WHO, to_id: 9n, mover_id: 3, flags: 32 }))).toMatchObject({
      kind: 'move',
      toCgroupId: 9n,
      toPath: '/out',
      left: true,
      moverId: 3,
      process: { id: 77 },
    });
  });
  test('cgroups, of the sensor itself too', () => {
    expect(eventOf(cgroupFrame(8, '/a/b', { cgroup_id: 5n, parent_id: 4n, flags: 8 }))).toMatchObject({
      kind: 'cgroup-made',
      path: '/a/b',
      parentCgroupId: 4n,
      existing: true,
      process: null,
    });
    expect(eventOf(cgroupFrame(9, '/a/b', WHO))).toMatchObject({
      kind: 'cgroup-gone',
      existing: false,
      process: { id: 77 },
    });
  });
});

describe('other frames', () => {
  test('the status', () =>
    expect(read(statusFrame(SAMPLE_STATUS))).toEqual([{ type: 'status', status: SAMPLE_STATUS }]));
  test('counters', () => {
    const frame = countersFrame(
      { boot_ns: 1n, realtime_ns: 2n, rows: 3n, rows_refused: 4n },
      { 16: { emitted: 5n, dropped: 6n, denied: 7n, would_deny: 8n } },
    );
    expect(read(frame)).toMatchObject([
      {
        type: 'counters',
        counters: {
          bootNs: 1n,
          realtimeNs: 2n,
          watchedCgroups: 3n,
          refusedCgroups: 4n,
          tallies: { exec: { emitted: 5n, dropped: 6n, denied: 7n, wouldDeny: 8n }, fork: { emitted: 0n } },
        },
      },
    ]);
  });
  test('a kind of a later version is named, and the next frame is read', () => {
    expect(read(concat(socketFrame(47, {}), EXEC))).toMatchObject([{ type: 'unknown', kind: 47 }, { type: 'event' }]);
  });
});

describe('frames that contradict themselves', () => {
  test.each<[string, Uint8Array]>([
    [
      'texts longer than the frame',
      execFrame({ path_size: 4_000 }, { path: '', name: '', directory: '', arguments: [] }),
    ],
    ['bytes after its texts', execFrame({ path_size: 0 }, { path: '/bin/sh', name: '', directory: '', arguments: [] })],
    ['no such origin', execFrame({ origin: 9 }, { path: '/', name: '', directory: '', arguments: [] })],
    ['no such answer of the gate', startFrame({}, { gate: 9 })],
    ['no such call', callFrame(48, { call: 999 })],
    ['texts longer than a call', callFrame(48, { call: 1, target_size: 9 })],
    ['a move longer than its path', moveFrame('/', { path_size: 1 })],
    ['no such verdict', forkFrame({ verdict: 9 })],
    ['no such family', socketFrame(24, { family: 1 })],
    ['a status that is no JSON', statusFrame(undefined)],
    ['a status of another shape', statusFrame({ ...SAMPLE_STATUS, programs: 1 })],
    ['counters cut short', statusFrame({}).with(4, 2)],
    ['a path longer than the frame', cgroupFrame(8, '/a', { path_size: 99 })],
  ])('%s: a flaw, and the next frame is read', (_, frame) => {
    expect(read(concat(frame, EXEC))).toMatchObject([{ type: 'flaw' }, { type: 'event' }]);
  });
  test.each([0, 7, LIMITS.sensorFrameBytes + 1, 0xffffffff])(
    'a frame of %i bytes: nothing after it is believed',
    (length) => {
      expect(read(concat(EXEC, forkFrame({ length }), EXEC), EXEC)).toMatchObject([
        { type: 'event' },
        { type: 'broken' },
      ]);
    },
  );
  test('a frame of just as many bytes as may be', () => {
    const status = statusFrame({ ...SAMPLE_STATUS, pins: 'x'.repeat(LIMITS.sensorFrameBytes) });
    const over = status.length - LIMITS.sensorFrameBytes;
    const pins = 'x'.repeat(LIMITS.sensorFrameBytes - over + 2); // null had four letters, and "" are two
    const most = statusFrame({ ...SAMPLE_STATUS, pins: pins.slice(2) });
    expect(most.length).toBe(LIMITS.sensorFrameBytes);
    expect(read(most)).toMatchObject([{ type: 'status' }]);
  });
});

test('pieces of any size give the same frames, and the reader keeps no bytes of its caller', () => {
  const all = concat(statusFrame(SAMPLE_STATUS), EXEC, forkFrame(WHO), cgroupFrame(8, '/a', WHO), EXEC);
  const whole = read(all);
  expect(whole).toHaveLength(5);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 100 }), (sizes) => {
      const reader = new FrameReader(LIMITS);
      const frames = [];
      let at = 0;
      for (const size of [...sizes, all.length]) {
        const piece = all.slice(at, at + size);
        frames.push(...reader.push(piece));
        piece.fill(0xff);
        at += size;
      }
      expect(frames).toEqual(whole);
      expect(reader.unfinished).toBe(0);
    }),
  );
  const cut = new FrameReader(LIMITS);
  cut.push(all.subarray(0, all.length - 1));
  expect(cut.unfinished).toBe(EXEC.length - 1);
});
