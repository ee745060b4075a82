import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
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
});
