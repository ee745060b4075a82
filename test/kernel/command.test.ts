import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ACT,
  buildSensor,
  giveProfile,
  kernelTests,
  runInCgroup,
  runToEnd,
  testCgroup,
  testPins,
} from '../support/kernel.ts';
import { REPOSITORY } from '../support/repository.ts';
import { RuntimeRecorder } from '../support/runtime-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const kernel = kernelTests('plimsoll agent, as one types it');
const MAIN = join(REPOSITORY, 'services/main.ts');
const plimsoll = (...args: string[]) => runToEnd(process.execPath, [MAIN, 'agent', ...args]);

describe.skipIf(kernel.skip)(kernel.name, () => {
  beforeAll(buildSensor);

  test('probe: each program, and how each control stops what is forbidden', async () => {
    const { directory } = testCgroup();
    const { code, stdout } = await plimsoll('probe', '--cgroup-root', directory, '--json');
    expect(code).toBe(0);
    const { programs, controls } = JSON.parse(stdout);
    expect(programs.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['process_exec', 'connect4', 'arrive']),
    );
    expect(controls.map(({ control }: { control: string }) => control)).toEqual(['exec', 'connect', 'listen', 'file']);
    expect((await plimsoll('probe', '--cgroup-root', directory)).stdout).toMatch(/^connect\s+(?:denied|none)/m);
    expect(await plimsoll('probe', '--cgroup-root', '/tmp')).toMatchObject({ code: 1, stdout: '' });
  });

  test('run, load, detach: rules by the numbers that load printed, one line an event, and the end by a signal', async () => {
    const { directory, path } = testCgroup();
    const pins = testPins();
    const profile = join(await temporaryDirectory(), 'test.yaml');
    writeFileSync(profile, 'name: test\nconnect: { deny: [{ to: 127.0.0.1, port: 9, protocol: tcp }] }\n');
    expect(await plimsoll('load', profile, '--pins', pins)).toMatchObject({ code: 1 });
    const agent = spawn(process.execPath, [MAIN, 'agent', 'run', '--cgroup-root', directory, '--pins', pins]);
    onTestFinished(() => void agent.kill('SIGKILL'));
    let text = '';
    const started = new Promise<void>((resolve) => {
      agent.stdout.setEncoding('utf8').on('data', (piece) => {
        text += piece;
        resolve();
      });
    });
    await started;
    const { code, stdout } = await plimsoll('load', profile, '--pins', pins);
    expect(code).toBe(0);
    const [, number] = /^(\d+) deny connect 127\.0\.0\.1 tcp 9\n$/.exec(stdout)!;
    const container = join(directory, 'container');
    mkdirSync(container);
    // Denials have a ring of their own, and are read first: one that comes with the news of its cgroup has no path yet.
    await vi.waitFor(() => expect(text).toContain(`${path}/container`), { timeout: 30_000 });
    await giveProfile(pins, container, '--connect', 'enforce');
    expect((await runInCgroup(container, ACT, 'connect', '127.0.0.1', '9')).stdout).toBe('1\n');
    agent.kill('SIGTERM');
    const [ended] = await once(agent, 'close');
    expect(ended).toBe(0);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ kind: 'agent-started', cgroupRoot: path, pins });
    expect(lines.filter(({ kind }) => kind === 'connect')).toMatchObject([
      {
        verdict: 'denied',
        rule: number,
        address: '127.0.0.1',
        port: 9,
        cgroup: { path: `${path}/container` },
        process: { command: 'act' },
      },
    ]);
    expect(await plimsoll('detach', '--pins', pins)).toMatchObject({ code: 0 });
    expect(existsSync(pins)).toBe(false);
    expect(await plimsoll('detach', '--pins', pins)).toMatchObject({ code: 1 });
  });

  test('status, selftest, events, top: what is in force, that it works, what it told, who does most', async () => {
    const { directory, path } = testCgroup();
    const pins = testPins();
    const file = join(await temporaryDirectory(), 'agent.jsonl');
    expect(await plimsoll('status', '--pins', pins)).toMatchObject({ code: 1 });
    const agent = spawn(process.execPath, [
      ...[MAIN, 'agent', 'run', '--cgroup-root', directory, '--pins', pins, '--quiet', '--file', file],
    ]);
    onTestFinished(() => void agent.kill('SIGKILL'));
    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain('agent-started'), { timeout: 60_000 });
    const selftest = ['selftest', '--cgroup-root', directory, '--pins', pins];
    const { code, stdout } = await plimsoll(...selftest, '--json');
    expect(code).toBe(0);
    const { holds, tries } = JSON.parse(stdout);
    expect(holds).toBe(true);
    expect(
      Object.fromEntries(tries.map(({ control, outcome }: { control: string; outcome: string }) => [control, outcome])),
    ).toMatchObject({
      exec: expect.stringMatching(/^(?:killed|denied)$/),
      listen: 'denied',
      connect: 'denied',
    });
    expect((await plimsoll(...selftest)).stdout).toMatch(/^connect\s+denied\s+denied \(EPERM\)\s+yes$/m);
    // Nothing of it is left, and its cgroup is gone.
    expect(readdirSync(directory).filter((name) => name.includes('selftest'))).toEqual([]);
    const container = join(directory, 'container');
    mkdirSync(container);
    await giveProfile(pins, container, '--profile', 'plimsoll-selftest', '--connect', 'shadow');
    const state = JSON.parse((await plimsoll('status', '--pins', pins, '--json')).stdout);
    expect(state).toMatchObject({
      isRead: true,
      programs: expect.arrayContaining(['connect4', 'process_exec']),
      profiles: [{ name: 'plimsoll-selftest' }],
      containers: [{ profile: 'plimsoll-selftest', exec: 'observe', connect: 'shadow' }],
    });
    expect(state.events).toContainEqual(expect.objectContaining({ kind: 'connect', denied: '2' }));
    // However long it takes until it is attached.
    let isOver = false;
    const top = plimsoll('top', '--cgroup-root', directory, '--every', '2s', '--rounds', '1').finally(() => {
      isOver = true;
    });
    while (!isOver) await runInCgroup(container, ACT, 'nothing');
    expect((await top).stdout).toMatch(new RegExp(`^${path}/container\\s+-\\s+[1-9]\\d*\\s`, 'm'));
    agent.kill('SIGTERM');
    expect((await once(agent, 'close'))[0]).toBe(0);
    expect(JSON.parse((await plimsoll('status', '--pins', pins, '--json')).stdout)).toMatchObject({ isRead: false });
    const high = (await plimsoll('events', file, '--severity', 'high', '--kind', 'connect')).stdout
      .trimEnd()
      .split('\n');
    expect(high).toHaveLength(2);
    expect(high[0]).toMatch(/ high connect denied \S+ plimsoll-sensor\[\d+\] 127\.0\.0\.1:\d+$/);
    expect((await plimsoll('events', join(file, 'absent'))).code).toBe(1);
  });

  test('a selftest whose control lets something through says so, and its exit code is 2', async () => {
    const { directory } = testCgroup();
    const pins = testPins();
    const recorder = await RuntimeRecorder.start(directory, { pins });
    // Who attached it would hold it too.
    await recorder.stop();
    // What stops a connect is gone, and something of its name is in its place.
    rmSync(join(pins, 'link-connect4'));
    mkdirSync(join(pins, 'link-connect4'));
    onTestFinished(() => rmdirSync(join(pins, 'link-connect4')));
    const { code, stdout } = await plimsoll('selftest', '--cgroup-root', directory, '--pins', pins);
    expect([code, /^connect\s.*$/m.exec(stdout)?.[0]]).toEqual([2, expect.stringMatching(/denied\s+happened\s+NO$/)]);
  });
});
