import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SAMPLE_STATUS, statusFrame } from '../../../test/support/sensor-frames.ts';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { SensorFrame } from '../../domain/runtime/sensor-frame.ts';
import { NativeSensor } from './native-sensor.ts';

/** A sensor in the place of the native one: a script of sh. */
async function scripted(script: string, mode = 0o755): Promise<NativeSensor> {
  const path = join(await temporaryDirectory(), 'sensor');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, mode);
  return new NativeSensor({ path, builtIn: '/nowhere', cgroupRoot: '/watched', pins: null }, LIMITS);
}

async function all(sensor: NativeSensor, signal = new AbortController().signal): Promise<SensorFrame[]> {
  const found: SensorFrame[] = [];
  for await (const frames of sensor.frames(signal)) found.push(...frames);
  return found;
}

/** What makes sh print these bytes. */
const printing = (bytes: Uint8Array) =>
  `printf '${[...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}'`;
const STATUS = printing(statusFrame(SAMPLE_STATUS));

test('ends its input when it is to stop, and hands on what still comes', async () => {
  const stopping = new AbortController();
  const sensor = await scripted(`${STATUS}; cat; ${STATUS}; echo "$@" >&2`);
  const frames: SensorFrame[] = [];
  for await (const some of sensor.frames(stopping.signal)) {
    frames.push(...some);
    stopping.abort();
  }
  expect(frames).toEqual([
    { type: 'status', status: SAMPLE_STATUS },
    { type: 'status', status: SAMPLE_STATUS },
  ]);
});

test.each([
  ['ends by itself', STATUS, 'it ended by itself'],
  ['says why', 'echo no such cgroup >&2; exit 1', 'no such cgroup'],
  ['says nothing', 'exit 3', 'it ended with code 3'],
  ['is killed', 'kill -9 $$', 'it was ended by SIGKILL'],
  ['is cut short', `${STATUS}; printf '\\020\\000\\000\\000'`, 'it ended within a frame'],
  ['is of another version', printing(statusFrame({ ...SAMPLE_STATUS, layout: 99 })), 'layout 99'],
])('one that %s failed', async (_, script, message) => {
  await expect(all(await scripted(script))).rejects.toMatchObject({
    code: 'SENSOR_FAILED',
    message: expect.stringContaining(message),
  });
});

test('who stops listening leaves no sensor behind', async () => {
  const directory = await temporaryDirectory();
  const sensor = await scripted(`echo $$ > ${directory}/pid; ${STATUS}; exec sleep 60`);
  for await (const _ of sensor.frames(new AbortController().signal)) break;
  const id = Number(await readFile(join(directory, 'pid'), 'utf8'));
  expect(() => process.kill(id, 0)).toThrow('ESRCH');
});

test('a probe is read, and its failure told', async () => {
  const programs = SAMPLE_STATUS.programs;
  const answer = JSON.stringify({ layout: SAMPLE_STATUS.layout, programs });
  expect(await (await scripted(`echo '${answer}'`)).probe()).toEqual({ layout: SAMPLE_STATUS.layout, programs });
  for (const script of ['echo must be root >&2; exit 1', 'echo {}', 'echo no JSON']) {
    await expect((await scripted(script)).probe()).rejects.toMatchObject({ code: 'SENSOR_FAILED' });
  }
  await expect((await scripted(`echo '{"layout":99,"programs":[]}'`)).probe()).rejects.toThrow('layout 99');
});

test('one that others may write is not run, and one that is absent is told how to get', async () => {
  await expect(all(await scripted(STATUS, 0o777))).rejects.toMatchObject({ code: 'SENSOR_FAILED' });
  const absent = { path: null, builtIn: '/nowhere/sensor', cgroupRoot: '/x', pins: null };
  await expect(all(new NativeSensor(absent, LIMITS))).rejects.toThrow('npm run sensor');
  await expect(new NativeSensor({ ...absent, path: '/nowhere' }, LIMITS).probe()).rejects.toMatchObject({
    code: 'SENSOR_MISSING',
    message: expect.not.stringContaining('npm run sensor'),
  });
});
