import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  ACT,
  buildSensor,
  giveProfile,
  kernelTests,
  runInCgroup,
  sensorOf,
  testCgroup,
  testPins,
} from '../support/kernel.ts';
import { RuntimeRecorder } from '../support/runtime-watch.ts';

const kernel = kernelTests('many events, many cgroups', ['bpftool']);

describe.skipIf(kernel.skip)(kernel.name, () => {
  beforeAll(buildSensor);

  test('a flood from one container costs the others no deny, and what nobody could see is counted to the last', async () => {
    const { directory } = testCgroup();
    const pins = testPins();
    const recorder = await RuntimeRecorder.start(directory, { pins });
    await RuntimeRecorder.load(pins, { name: 'test', connect: { deny: [{ to: '127.0.0.1' }] } });
    for (const name of ['loud', 'quiet']) mkdirSync(join(directory, name));
    await giveProfile(pins, join(directory, 'quiet'), '--connect', 'enforce');
    // Nobody reads: the ring (8 MiB) holds some fifty thousand.
    const sensor = sensorOf(pins);
    process.kill(sensor, 'SIGSTOP');
    onTestFinished(() => {
      try {
        process.kill(sensor, 'SIGCONT');
      } catch {
        // It has ended.
      }
    });
    const FLOOD = 80_000;
    const DENIES = 40;
    const denies = (async () => {
      for (let port = 1; port <= DENIES; port++) {
        expect((await runInCgroup(join(directory, 'quiet'), ACT, 'connect', '127.0.0.1', String(port))).stdout).toBe(
          '1\n',
        );
      }
    })();
    expect(await runInCgroup(join(directory, 'loud'), ACT, 'flood', String(FLOOD))).toMatchObject({ code: 0 });
    await denies;
    process.kill(sensor, 'SIGCONT');
    await recorder.stop();
    const denied = recorder.events('connect').filter(({ event }) => event.verdict === 'denied');
    expect(denied.map(({ event }) => 'port' in event && event.port)).toEqual(
      Array.from({ length: DENIES }, (_, i) => i + 1),
    );
    const blind = recorder.records.flatMap((record) => (record.type === 'blind' ? [record.dropped.bind ?? 0n] : []));
    const dropped = Number(blind.reduce((sum, each) => sum + each, 0n));
    expect(dropped).toBeGreaterThan(10_000);
    expect(recorder.events('bind').length + dropped).toBe(FLOOD);
  });

  test('cgroups that come and go, and others inside them, leave no row behind, and each is told twice', async () => {
    const { directory, path } = testCgroup();
    const pins = testPins();
    const recorder = await RuntimeRecorder.start(directory, { pins });
    const COUNT = 500;
    for (let i = 0; i < COUNT; i++) {
      mkdirSync(join(directory, `c${i}/inner`), { recursive: true });
      rmdirSync(join(directory, `c${i}/inner`));
      rmdirSync(join(directory, `c${i}`));
    }
    await recorder.stop();
    const told = (kind: string) => recorder.events(kind).map(({ cgroup }) => cgroup);
    const expected = Array.from({ length: COUNT }, (_, i) => [`${path}/c${i}`, `${path}/c${i}/inner`]).flat();
    expect(told('cgroup-made').sort()).toEqual([path, ...expected].sort());
    expect(told('cgroup-gone').sort()).toEqual(expected.sort());
    const rows = execFileSync('bpftool', ['-j', 'map', 'dump', 'pinned', join(pins, 'map-rows')], { encoding: 'utf8' });
    expect(JSON.parse(rows)).toHaveLength(1);
  });
});
