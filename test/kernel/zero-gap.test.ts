import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  buildSensor,
  kernelTests,
  killSensor,
  runcBundle,
  runToEnd,
  SENSOR,
  testCgroup,
  testPins,
} from '../support/kernel.ts';
import { RuntimeRecorder } from '../support/runtime-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/**
 * The first instruction of a container is already held to its profile, whether or not the agent is alive. Any other outcome
 * of any start fails. PLIMSOLL_STARTS=1000 for as many of each kind.
 */
const STARTS = Number(process.env.PLIMSOLL_STARTS ?? (process.env.CI === 'true' ? 200 : 60));
const PODMAN_STARTS = Number(process.env.PLIMSOLL_PODMAN_STARTS ?? 5);
const FOREVER = 3_600_000;

const withRunc = kernelTests('from the first instruction on, with runc', ['runc', 'busybox']);
const withPodman = kernelTests('from the first instruction on, with podman', ['runc', 'busybox', 'podman', 'conmon']);

const hookArguments = (pins: string) => [
  'plimsoll-sensor',
  'hook',
  '--pins',
  pins,
  '--profile',
  'test',
  '--mode',
  'enforce',
  '--on-missing',
  'refuse',
];

async function listener(): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as { port: number }).port, connections: () => connections };
}

/** Both controls at once: how often a start ended in which way. */
async function watched(port: number) {
  const { directory, path } = testCgroup();
  const pins = testPins();
  const recorder = await RuntimeRecorder.start(directory, { pins });
  await RuntimeRecorder.load(pins, {
    name: 'test',
    exec: { deny: ['/bin/canary'] },
    connect: { deny: [{ to: '127.0.0.1', port, protocol: 'tcp' }] },
  });
  return { directory, path, pins, recorder };
}

describe.skipIf(withRunc.skip)(withRunc.name, () => {
  beforeAll(buildSensor);

  test.each(['alive', 'killed'])(
    `${STARTS} starts of a forbidden program and as many of a forbidden connection, the agent %s`,
    async (agent) => {
      const { port, connections } = await listener();
      const { path, pins, recorder } = await watched(port);
      if (agent === 'killed') {
        killSensor(pins);
        await expect(recorder.stop()).rejects.toMatchObject({ code: 'SENSOR_FAILED' });
      }
      const bundle = runcBundle(await temporaryDirectory(), [], `${path}/box`);
      const ran = join(bundle, 'rootfs/tmp/ran');
      const configure = (args: readonly string[]) => {
        const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
        config.process.args = args;
        config.hooks = { createRuntime: [{ path: SENSOR, args: hookArguments(pins) }] };
        // The listener is in the network of the host.
        config.linux.namespaces = config.linux.namespaces.filter(({ type }: { type: string }) => type !== 'network');
        writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
      };
      const start = (i: number) =>
        runToEnd('runc', ['run', `plimsoll-test-${process.pid}-${agent}-${i}`], { cwd: bundle });
      const outcomes = new Map<string, number>();
      const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      configure(['/bin/canary']);
      for (let i = 0; i < STARTS; i++) {
        const { code, signal } = await start(i);
        count(`exec: ${code ?? signal}, ${existsSync(ran) ? 'it ran' : 'it did not run'}`);
        rmSync(ran, { recursive: true, force: true });
      }
      configure(['/bin/act', 'connect', '127.0.0.1', String(port)]);
      for (let i = 0; i < STARTS; i++) count(`connect: ${(await start(STARTS + i)).stdout.trim()}`);
      expect(Object.fromEntries(outcomes)).toEqual({ 'exec: 137, it did not run': STARTS, 'connect: 1': STARTS });
      expect(connections()).toBe(0);

      // Not because nothing runs: the same without the hook.
      const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
      writeFileSync(join(bundle, 'config.json'), JSON.stringify({ ...config, hooks: {} }));
      expect((await start(2 * STARTS)).stdout).toBe('0\n');
      if (agent === 'killed') return;
      await recorder.stop();
      const verdicts = (kind: string, verdict: string) =>
        recorder.events(kind).filter(({ event }) => event.verdict === verdict);
      expect(verdicts('exec', 'killed')).toHaveLength(STARTS);
      expect(verdicts('connect', 'denied')).toHaveLength(STARTS);
    },
    FOREVER,
  );

  test('processes that enter later, shells and threads are held too; a container that cannot have its profile is refused', async () => {
    const { path, pins } = await watched(1);
    const bundle = runcBundle(await temporaryDirectory(), ['/bin/sleep', '60'], `${path}/box`);
    const withHook = (profile: string) => {
      const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
      const args = hookArguments(pins).with(5, profile);
      writeFileSync(
        join(bundle, 'config.json'),
        JSON.stringify({ ...config, hooks: { createRuntime: [{ path: SENSOR, args }] } }),
      );
    };
    const id = `plimsoll-test-${process.pid}-session`;
    withHook('absent');
    expect(await runToEnd('runc', ['run', '-d', id], { cwd: bundle })).toMatchObject({ code: 1 });
    withHook('test');
    execFileSync('runc', ['run', '-d', id], { cwd: bundle, stdio: 'ignore' });
    onTestFinished(() => void execFileSync('runc', ['delete', '--force', id]));
    const inside = (...args: string[]) => runToEnd('runc', ['exec', id, ...args]);
    expect(await inside('/bin/canary')).toMatchObject({ code: 137 });
    expect(await inside('/bin/sh', '-c', '/bin/canary')).toMatchObject({ code: 137 });
    expect(await inside('/bin/sh', '-c', 'cp /bin/canary /tmp/other; /tmp/other')).toMatchObject({ code: 42 });
    rmSync(join(bundle, 'rootfs/tmp/ran'), { recursive: true });
    writeFileSync(join(bundle, 'rootfs/tmp/script'), '#!/bin/canary\n', { mode: 0o755 });
    expect(await inside('/tmp/script')).toMatchObject({ code: 137 });
    expect(await inside('/bin/act', 'thread', '/bin/canary')).toMatchObject({ code: 137 });
    expect(await inside('/bin/act', 'spawn', '/bin/canary')).toMatchObject({ stdout: '9\n' });
    expect(existsSync(join(bundle, 'rootfs/tmp/ran'))).toBe(false);
    expect(await inside('/bin/act', 'connect', '127.0.0.1', '1')).toMatchObject({ stdout: '1\n' });
  });

  test('of a plain root file system what changed since the hook ran came later than the image, and does not run where that is denied', async () => {
    const { directory, path } = testCgroup();
    const pins = testPins();
    const recorder = await RuntimeRecorder.start(directory, { pins });
    await RuntimeRecorder.load(pins, { name: 'test', exec: { denyOrigins: ['written'] } });
    const bundle = runcBundle(await temporaryDirectory(), ['/bin/sleep', '60'], `${path}/box`, {
      hooks: { createRuntime: [{ path: SENSOR, args: hookArguments(pins) }] },
    });
    const id = `plimsoll-test-${process.pid}-origin`;
    execFileSync('runc', ['run', '-d', id], { cwd: bundle, stdio: 'ignore' });
    onTestFinished(() => void execFileSync('runc', ['delete', '--force', id]));
    const inside = (...args: string[]) => runToEnd('runc', ['exec', id, ...args]);
    expect(await inside('/bin/act', 'nothing')).toMatchObject({ code: 0 });
    expect(await inside('/bin/sh', '-c', 'cp /bin/act /tmp/act; /tmp/act nothing')).toMatchObject({ code: 137 });
    expect(
      await inside('/bin/sh', '-c', 'mkdir /tmp/a && cp /bin/canary /tmp/a/x && mv /tmp/a/x /bin/act; /bin/act'),
    ).toMatchObject({
      code: 137,
    });
    await recorder.stop();
    const origins = recorder
      .events('exec')
      .flatMap(({ event }) =>
        event.kind === 'exec' && event.path.endsWith('/act') ? [[event.path, event.file.origin]] : [],
      );
    expect(origins.sort()).toEqual([
      ['/bin/act', 'image'],
      ['/bin/act', 'written'],
      ['/tmp/act', 'written'],
    ]);
  });
});

describe.skipIf(withPodman.skip)(withPodman.name, () => {
  beforeAll(buildSensor);

  test(
    `${PODMAN_STARTS} starts of each kind; events name the container and its image`,
    async () => {
      const { port, connections } = await listener();
      const root = await temporaryDirectory();
      const { directory, path } = testCgroup();
      const pins = testPins();
      const storage = join(root, 'storage');
      const recorder = await RuntimeRecorder.start(directory, { pins, roots: { storage } });
      await RuntimeRecorder.load(pins, {
        name: 'test',
        exec: { deny: ['/bin/canary'] },
        connect: { deny: [{ to: '127.0.0.1', port, protocol: 'tcp' }] },
      });
      mkdirSync(join(root, 'hooks'));
      writeFileSync(
        join(root, 'hooks/plimsoll.json'),
        JSON.stringify({
          version: '1.0.0',
          hook: { path: SENSOR, args: hookArguments(pins) },
          when: { always: true },
          stages: ['createRuntime'],
        }),
      );
      writeFileSync(
        join(root, 'storage.conf'),
        `[storage]\ndriver = "overlay"\ngraphroot = "${storage}"\nrunroot = "${root}/run"\n`,
      );
      const podman = (...args: string[]) =>
        runToEnd('env', [
          `CONTAINERS_STORAGE_CONF=${root}/storage.conf`,
          'podman',
          '--cgroup-manager=cgroupfs',
          '--runtime=runc',
          '--hooks-dir',
          join(root, 'hooks'),
          ...args,
        ]);
      onTestFinished(() => void podman('rm', '--all', '--force', '--time', '0'));
      const bundle = runcBundle(join(root, 'bundle'), [], path);
      execFileSync('tar', ['-C', join(bundle, 'rootfs'), '-cf', join(root, 'image.tar'), '.']);
      expect(await podman('import', join(root, 'image.tar'), 'localhost/plimsoll-test:1')).toMatchObject({ code: 0 });
      const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096', '--pids-limit', '0'];
      const start = (...args: string[]) =>
        podman(
          'run',
          '--rm',
          ...limits,
          '--network',
          'host',
          '--cgroup-parent',
          path,
          '--annotation',
          'io.kubernetes.cri.container-name=liar',
          'localhost/plimsoll-test:1',
          ...args,
        );
      for (let i = 0; i < PODMAN_STARTS; i++) {
        expect(await start('/bin/canary')).toMatchObject({ code: 137 });
        expect(await start('/bin/act', 'connect', '127.0.0.1', String(port))).toMatchObject({ stdout: '1\n' });
      }
      expect(connections()).toBe(0);
      expect(
        await start('/bin/sh', '-c', '/bin/act nothing && cp /bin/act /tmp/act && /tmp/act nothing'),
      ).toMatchObject({ code: 0 });
      await recorder.stop();
      const image = JSON.parse((await podman('image', 'inspect', 'localhost/plimsoll-test:1')).stdout)[0];
      const acts = recorder
        .events('exec')
        .filter(
          ({ event }) => event.kind === 'exec' && event.path.endsWith('/act') && event.arguments[1] === 'nothing',
        );
      const container = {
        key: { runtime: 'podman', id: expect.stringMatching(/^[0-9a-f]{64}$/) },
        state: {
          name: expect.stringMatching(/^[a-z]+_[a-z]+$/),
          image: {
            reference: 'localhost/plimsoll-test:1',
            manifestDigest: image.Digest,
            configDigest: `sha256:${image.Id}`,
          },
          kubernetes: null,
        },
      };
      expect(acts).toMatchObject([
        { container, session: 0, event: { path: '/bin/act', file: { origin: 'image' } } },
        { container, session: 0, event: { path: '/tmp/act', file: { origin: 'written' } } },
      ]);
      const killed = recorder.events('exec').filter(({ event }) => event.verdict === 'killed');
      expect(killed).toHaveLength(PODMAN_STARTS);
      for (const each of killed)
        expect(each).toMatchObject({ container: { key: container.key }, event: { path: '/bin/canary' } });
    },
    FOREVER,
  );
});
