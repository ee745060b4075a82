import { expect, test } from 'vitest';
import {
  cgroupFrame,
  countersFrame,
  execFrame,
  forkFrame,
  SAMPLE_STATUS,
  socketFrame,
  statusFrame,
} from '../../test/support/sensor-frames.ts';
import { LIMITS } from '../domain/limits.ts';
import type { ContainerState } from '../domain/runtime/container.ts';
import { FrameReader } from '../domain/runtime/frame-reader.ts';
import type { RuntimeRecord } from '../domain/runtime/record.ts';
import type { Containers } from './runtime-ports.ts';
import { watchRuntime } from './watch-runtime.ts';

const ID = '0123456789abcdef'.repeat(4);
const PODMAN = `/watched/libpod-${ID}`;
const STATE: ContainerState = {
  name: 'web',
  image: { reference: 'nginx:1', manifestDigest: null, configDigest: null },
  kubernetes: null,
};
const NONE: Containers = {
  state: async () => null,
  runcAt: async () => null,
  processes: async () => [],
  cgroupsTo: async () => null,
};
const TEXTS = { path: '/bin/sh', name: 'sh', directory: '/', arguments: ['sh'] };
const exec = (cgroup: bigint, id: number, start = 1n) =>
  execFrame({ cgroup_id: cgroup, process_id: id, process_start_ns: start, time_ns: 2_000n }, TEXTS);
/** One second after 1970 when the machine had been up for 1,000 ns. */
const START = [statusFrame(SAMPLE_STATUS), countersFrame({ boot_ns: 1_000n, realtime_ns: 1_000_000_000n })];

async function watch(containers: Partial<Containers>, ...frames: Uint8Array[]): Promise<RuntimeRecord[]> {
  const reader = new FrameReader(LIMITS);
  const records: RuntimeRecord[] = [];
  const sensor = {
    async *frames() {
      for (const frame of [...START, ...frames]) yield reader.push(frame);
    },
  };
  await watchRuntime(
    { sensor, containers: { ...NONE, ...containers }, limits: LIMITS },
    async (some) => void records.push(...some),
    new AbortController().signal,
  );
  expect(records.shift()).toEqual({
    type: 'started',
    time: '1970-01-01T00:00:01.000000000Z',
    status: SAMPLE_STATUS,
    dropped: {},
  });
  return records;
}

const root = cgroupFrame(8, '/watched', { cgroup_id: 1n, flags: 8 });

test('an event has its time, its cgroup, its container and its session', async () => {
  const made = cgroupFrame(8, PODMAN, { cgroup_id: 2n, parent_id: 1n });
  const records = await watch({ state: async () => STATE }, root, made, exec(2n, 10), exec(2n, 11));
  const container = { key: { runtime: 'podman', id: ID }, cgroup: PODMAN, state: STATE };
  expect(records).toMatchObject([
    { event: { kind: 'cgroup-made' }, container: null, session: null },
    { event: { kind: 'cgroup-made' }, container, session: null },
    { event: { kind: 'exec' }, time: '1970-01-01T00:00:01.000001000Z', cgroup: PODMAN, container, session: 0 },
    { event: { kind: 'exec' }, container, session: 1 },
  ]);
});

test('what a container makes inside is its own, whatever it is called', async () => {
  const inner = `${PODMAN}/docker/${ID.replaceAll('0', '1')}`;
  const records = await watch(
    {},
    root,
    cgroupFrame(8, PODMAN, { cgroup_id: 2n, parent_id: 1n }),
    cgroupFrame(8, inner, { cgroup_id: 3n, parent_id: 2n }),
    exec(3n, 10),
  );
  expect(records.at(-1)).toMatchObject({
    cgroup: inner,
    container: { key: { runtime: 'podman', id: ID }, cgroup: PODMAN },
  });
});

test('runc is asked for cgroups whose names tell nothing, by the directory, and no more than a few times', async () => {
  const asked: string[] = [];
  const runcAt = async (directory: string) => {
    asked.push(directory);
    return directory.endsWith('/mine') ? 'box' : null;
  };
  const mine = cgroupFrame(8, '/watched/mine', { cgroup_id: 2n, parent_id: 1n });
  const foreign = cgroupFrame(8, '/watched/foreign', { cgroup_id: 3n, parent_id: 1n });
  const records = await watch(
    { runcAt },
    root,
    mine,
    foreign,
    exec(2n, 10),
    ...Array.from({ length: 20 }, () => exec(3n, 11)),
  );
  expect(records[3]).toMatchObject({ container: { key: { runtime: 'runc', id: 'box' } }, session: 0 });
  expect(records.at(-1)).toMatchObject({ cgroup: '/watched/foreign', container: null, session: null });
  expect(asked).toContain('/sys/fs/cgroup/watched/mine');
  expect(asked.length).toBeLessThan(15);
});

test('a state that comes late is had, and is kept when the container is gone', async () => {
  const answers = [null, null, STATE];
  const records = await watch(
    { state: async () => answers.shift() ?? null },
    root,
    cgroupFrame(8, PODMAN, { cgroup_id: 2n, parent_id: 1n }),
    exec(2n, 10),
    exec(2n, 10),
    cgroupFrame(9, PODMAN, { cgroup_id: 2n, parent_id: 1n }),
    exec(2n, 10),
  );
  expect(records.map((record) => (record.type === 'event' ? (record.container?.state?.name ?? null) : record))).toEqual(
    [null, null, null, 'web', 'web', 'web'],
  );
});

test('processes that were there before are of no known session, also below the container', async () => {
  const processes = async (directory: string) =>
    directory.endsWith('/inner') ? [20] : directory.includes('libpod') ? [10] : [];
  const records = await watch(
    { processes },
    root,
    cgroupFrame(8, PODMAN, { cgroup_id: 2n, parent_id: 1n, flags: 8 }),
    cgroupFrame(8, `${PODMAN}/inner`, { cgroup_id: 3n, parent_id: 2n, flags: 8 }),
    exec(2n, 10),
    exec(3n, 20),
    exec(2n, 30),
    forkFrame({ cgroup_id: 2n, process_id: 30, process_start_ns: 1n, child_id: 31, child_start_ns: 2n }),
    exec(3n, 31, 2n),
  );
  const sessions = records.slice(3).map((record) => (record.type === 'event' ? record.session : record));
  // The container is first met when its cgroup is told of, before the one inside it.
  expect(sessions).toEqual([null, null, 1, 1, 1]);
});

test('a denial that is read before the news of its cgroup is told with the cgroup and its container; no session begins with it', async () => {
  const asked: string[] = [];
  const cgroupsTo = async (directory: string, id: bigint) => {
    asked.push(`${directory} ${id}`);
    return id === 3n
      ? [
          { id: 2n, name: `libpod-${ID}` },
          { id: 3n, name: 'inner' },
        ]
      : null;
  };
  const denied = (cgroup: bigint) =>
    socketFrame(24, { cgroup_id: cgroup, process_id: 11, process_start_ns: 2n, family: 2, verdict: 2 });
  const records = await watch(
    { cgroupsTo },
    cgroupFrame(8, '/watched', { cgroup_id: 25n, flags: 8 }),
    denied(3n),
    denied(4n),
    denied(4n),
    cgroupFrame(8, PODMAN, { cgroup_id: 2n, parent_id: 25n }),
    exec(2n, 10),
    forkFrame({ cgroup_id: 2n, process_id: 10, process_start_ns: 1n, child_id: 11, child_start_ns: 2n }),
    denied(3n),
  );
  const container = { key: { runtime: 'podman', id: ID }, cgroup: PODMAN };
  expect(records.slice(1)).toMatchObject([
    { event: { verdict: 'denied' }, cgroup: `${PODMAN}/inner`, container, session: null },
    { event: { verdict: 'denied' }, cgroup: null, container: null },
    { event: { verdict: 'denied' }, cgroup: null, container: null },
    { event: { kind: 'cgroup-made' }, cgroup: PODMAN, container },
    { event: { kind: 'exec' }, container, session: 0 },
    { event: { kind: 'fork' }, session: 0 },
    { event: { verdict: 'denied' }, container, session: 0 },
  ]);
  expect(asked).toEqual(['/sys/fs/cgroup/watched 3', '/sys/fs/cgroup/watched 4']);
});

test('an event of a cgroup that was never told of is told all the same', async () => {
  expect(await watch({}, exec(99n, 1))).toMatchObject([{ type: 'event', cgroup: null, container: null }]);
});

test('what was dropped is told once, as blind time', async () => {
  const counted = (dropped: bigint) => countersFrame({ rows_refused: dropped }, { 16: { dropped, emitted: 5n } });
  expect(await watch({}, counted(3n), counted(3n), counted(10n))).toMatchObject([
    { type: 'blind', dropped: { exec: 3n }, refusedCgroups: 3n },
    { type: 'blind', dropped: { exec: 7n }, refusedCgroups: 7n },
  ]);
});

test('what cannot be read is told, and a broken stream is an error', async () => {
  expect(await watch({}, forkFrame({ kind: 40 }), forkFrame({ verdict: 9 }))).toMatchObject([
    { type: 'unreadable', reason: 'frames of kind 40 are not known' },
    { type: 'unreadable' },
  ]);
  await expect(watch({}, forkFrame({ length: 3 }))).rejects.toMatchObject({ code: 'SENSOR_FAILED' });
});
