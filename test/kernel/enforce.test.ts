import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  ACT,
  buildSensor,
  CANARY,
  giveProfile,
  kernelTests,
  killSensor,
  runHook,
  runInCgroup,
  runToEnd,
  SENSOR,
  sensorOf,
  testCgroup,
  testOverlay,
  testPins,
} from '../support/kernel.ts';
import { RuntimeRecorder } from '../support/runtime-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const kernel = kernelTests('profiles in the kernel');

const EPERM = '1\n';
const REFUSED = '111\n';
const WORKS = '0\n';

/** A port that nothing listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A watched cgroup with a container's cgroup in it that has the profile. */
async function contained(profile: Record<string, unknown>, mode = 'enforce') {
  const { directory, path } = testCgroup();
  const pins = testPins();
  const recorder = await RuntimeRecorder.start(directory, { pins });
  await RuntimeRecorder.load(pins, { name: 'test', ...profile });
  const container = join(directory, 'container');
  mkdirSync(container);
  await giveProfile(pins, container, '--mode', mode);
  const act = async (...args: string[]) => (await runInCgroup(container, ACT, ...args)).stdout;
  return { directory, path, pins, recorder, container, act };
}

describe.skipIf(kernel.skip)(kernel.name, () => {
  beforeAll(buildSensor);

  describe('exec', () => {
    test('what is forbidden never runs, is told as killed, and is counted; what is allowed runs; outside all runs', async () => {
      const { container, directory, recorder } = await contained({ exec: { deny: [CANARY] } });
      const ran = '/tmp/ran';
      expect(existsSync(ran)).toBe(false);
      onTestFinished(() => void execFileSync('rm', ['-rf', ran]));
      const ends = await runInCgroup(container, CANARY);
      expect(ends).toMatchObject({ signal: 'SIGKILL' });
      expect(existsSync(ran)).toBe(false);
      expect(await runInCgroup(container, ACT, 'nothing')).toMatchObject({ code: 0 });
      expect(await runInCgroup(directory, CANARY)).toMatchObject({ code: 42 });
      expect(existsSync(ran)).toBe(true);
      await recorder.stop();
      const canaries = recorder
        .events('exec')
        .map(({ event }) => event)
        .filter((event) => event.kind === 'exec' && event.path === CANARY);
      expect(canaries.toSorted((a, b) => Number(a.timeNs - b.timeNs))).toMatchObject([
        {
          verdict: 'killed',
          profile: expect.any(Number),
          ruleId: expect.any(BigInt),
          containerCgroupId: BigInt(statSync(container).ino),
        },
        { verdict: 'observed', profile: null, ruleId: null },
      ]);
    });

    test('in shadow mode it runs, and is told', async () => {
      const { container, recorder } = await contained({ exec: { deny: [ACT] } }, 'shadow');
      expect(await runInCgroup(container, ACT, 'nothing')).toMatchObject({ code: 0 });
      await recorder.stop();
      expect(recorder.events('exec').map(({ event }) => event.verdict)).toContain('would-deny');
    });

    test('by links, another name, another root or from memory: the file counts; a list of what may run holds off all else', async () => {
      const shell = execFileSync('readlink', ['-f', '/bin/sh'], { encoding: 'utf8' }).trim();
      const { container, recorder } = await contained({ exec: { default: 'deny', allow: [shell, ACT] } });
      const root = await temporaryDirectory();
      const copy = join(root, 'copy');
      copyFileSync(ACT, copy);
      writeFileSync(join(root, 'script'), `#!${copy}\n`, { mode: 0o755 });
      execFileSync('ln', ['-s', copy, join(root, 'link')]);
      execFileSync('ln', [copy, join(root, 'hard')]);
      for (const path of [copy, join(root, 'link'), join(root, 'hard'), join(root, 'script')]) {
        expect(await runInCgroup(container, path, 'nothing'), path).toMatchObject({ signal: 'SIGKILL' });
      }
      const byDescriptor = ['-c', 'exec 3< "$0" && exec /proc/self/fd/3 nothing', copy];
      expect(await runInCgroup(container, shell, ...byDescriptor)).toMatchObject({ signal: 'SIGKILL' });
      expect(await runInCgroup(container, ACT, 'memory', ACT, 'nothing')).toMatchObject({ signal: 'SIGKILL' });
      expect(await runInCgroup(container, ACT, 'nothing')).toMatchObject({ code: 0 });
      await recorder.stop();
      const killed = recorder
        .events('exec')
        .map(({ event }) => event)
        .filter(({ verdict }) => verdict === 'killed');
      expect(killed.map((event) => event.kind === 'exec' && event.path).sort()).toEqual(
        ['/memfd:hidden', copy, copy, copy, copy, join(root, 'hard')].sort(),
      );
    });

    test('a path that leads to other bytes is told by their origin: what was renamed over an allowed one does not run', async () => {
      const merged = await testOverlay('tool', 'image');
      const { container } = await contained({ exec: { denyOrigins: ['written', 'memory'] } });
      expect(await runInCgroup(container, join(merged, 'tool'), 'nothing')).toMatchObject({ code: 0 });
      copyFileSync(ACT, join(merged, 'evil'));
      renameSync(join(merged, 'evil'), join(merged, 'tool'));
      expect(await runInCgroup(container, join(merged, 'tool'), 'nothing')).toMatchObject({ signal: 'SIGKILL' });
      expect(await runInCgroup(container, join(merged, 'image'), 'nothing')).toMatchObject({ code: 0 });
      expect(await runInCgroup(container, ACT, 'memory', ACT, 'nothing')).toMatchObject({ signal: 'SIGKILL' });
    });
  });

  test('a denial that is read before the news of its cgroup says which one it is', async () => {
    const { directory, path } = testCgroup();
    const pins = testPins();
    const recorder = await RuntimeRecorder.start(directory, { pins });
    await RuntimeRecorder.load(pins, { name: 'test', connect: { deny: [{ to: '127.0.0.1' }] } });
    const sensor = sensorOf(pins);
    process.kill(sensor, 'SIGSTOP');
    const container = join(directory, 'deep/container');
    mkdirSync(container, { recursive: true });
    await giveProfile(pins, container, '--connect', 'enforce');
    expect((await runInCgroup(container, ACT, 'connect', '127.0.0.1', '9')).stdout).toBe(EPERM);
    process.kill(sensor, 'SIGCONT');
    await recorder.stop();
    const denied = recorder.events('connect').find(({ event }) => event.verdict === 'denied');
    expect(denied).toMatchObject({ cgroup: `${path}/deep/container`, session: null });
    expect(recorder.events().indexOf(denied!)).toBeLessThan(
      recorder.events().findIndex(({ cgroup, event }) => event.kind === 'cgroup-made' && cgroup === `${path}/deep`),
    );
  });

  describe('connect and send', () => {
    test('only to whom a rule allows, in every spelling of an address; the others see EPERM, and the peer nothing', async () => {
      const allowed = await freePort();
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '::', resolve));
      onTestFinished(() => void server.close());
      const { port: forbidden } = server.address() as { port: number };
      let connections = 0;
      server.on('connection', (socket) => {
        connections += 1;
        socket.destroy();
      });
      const { act, directory, recorder } = await contained({
        connect: {
          default: 'deny',
          allow: [
            { to: '127.0.0.1', port: allowed, protocol: 'tcp' },
            { to: '::1', port: allowed, protocol: 'tcp' },
            { to: '127.0.0.0/8', protocol: 'udp' },
          ],
          deny: [{ to: '127.0.0.9', protocol: 'udp' }],
        },
      });
      for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::', '::ffff:0.0.0.0']) {
        expect(await act('connect', address, String(allowed)), `${address}, allowed`).toBe(REFUSED);
        expect(await act('connect', address, String(forbidden)), `${address}, forbidden`).toBe(EPERM);
      }
      for (const what of ['udp-connect', 'udp-send', 'udplite-send']) {
        const isLite = what === 'udplite-send';
        expect(await act(what, '127.0.0.8', '9'), what).toBe(isLite ? EPERM : WORKS);
        expect(await act(what, '127.0.0.9', '9'), what).toBe(EPERM);
        expect(await act(what, '192.0.2.1', '9'), what).toBe(EPERM);
        expect(await act(what, '2001:db8::1', '9'), what).toBe(EPERM);
      }
      expect(await act('fastopen', '127.0.0.1', String(forbidden))).toBe(EPERM);
      for (const what of ['ring-connect', 'ring-thread-connect']) {
        // Some systems have no io_uring.
        if ((await runToEnd(ACT, [what, '127.0.0.1', String(allowed)])).stdout !== REFUSED) continue;
        expect(await act(what, '127.0.0.1', String(allowed)), what).toBe(REFUSED);
        expect(await act(what, '127.0.0.1', String(forbidden)), what).toBe(EPERM);
      }
      expect(await act('raw', '127.0.0.1', '1')).toBe(EPERM);
      // A kernel without MPTCP knows no such protocol (93), and asks nobody.
      const hasMptcp = (await runToEnd(ACT, ['mptcp', '127.0.0.1', '0'])).stdout === WORKS;
      expect(await act('mptcp', '127.0.0.1', '0')).toBe(hasMptcp ? EPERM : '93\n');
      expect(await act('raw', '::1', '58')).toBe(EPERM);
      expect(connections).toBe(0);
      expect((await runInCgroup(directory, ACT, 'connect', '127.0.0.1', String(forbidden))).stdout).toBe(WORKS);
      await recorder.stop();
      const denied = recorder
        .events()
        .map(({ event }) => event)
        .filter(({ verdict }) => verdict === 'denied');
      const of = (kind: string) => denied.filter((event) => event.kind === kind);
      expect(of('connect').length).toBeGreaterThanOrEqual(6 + 3);
      expect(
        of('socket')
          .map((event) => 'socketType' in event && event.socketType)
          .sort(),
      ).toEqual(hasMptcp ? ['raw', 'raw', 'stream'] : ['raw', 'raw']);
      expect(of('send').length).toBeGreaterThanOrEqual(3);
    });

    test('the rule for a port goes before the one for all, and the longest network wins', async () => {
      const { act } = await contained({
        connect: {
          default: 'allow',
          deny: [{ to: '127.0.0.0/8' }, { to: '127.1.0.0/16', port: 7, protocol: 'tcp' }],
          allow: [{ to: '127.1.0.0/16' }, { to: '127.0.0.0/8', port: 9, protocol: 'tcp' }],
        },
      });
      expect(await act('connect', '127.0.0.1', '5')).toBe(EPERM);
      expect(await act('connect', '127.1.0.1', '5')).toBe(REFUSED);
      expect(await act('connect', '127.1.0.1', '7')).toBe(EPERM);
      expect(await act('connect', '127.0.0.1', '9')).toBe(REFUSED);
      expect(await act('connect', '::1', '5')).toBe(REFUSED);
    });
  });

  describe('listen', () => {
    test('only on ports that a rule allows; one that the kernel chose takes no connection', async () => {
      const [allowed, forbidden] = [await freePort(), await freePort()];
      const { act, container, recorder } = await contained({
        listen: { default: 'deny', allow: [{ port: allowed, protocol: 'tcp' }] },
      });
      expect(await act('bind', '127.0.0.1', String(allowed))).toBe(WORKS);
      expect(await act('bind', '::', String(allowed))).toBe(WORKS);
      expect(await act('bind', '0.0.0.0', String(forbidden))).toBe(EPERM);
      expect(await act('udp-bind', '127.0.0.1', String(allowed))).toBe(EPERM);
      expect(await act('bind', '127.0.0.1', '0')).toBe(WORKS);
      // Replies to connections of its own arrive: it connects, sends and is answered.
      const server = createServer((socket) => socket.end('hello'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
      const { port } = server.address() as { port: number };
      expect(await act('read', '127.0.0.1', String(port))).toBe('hello\n');
      // listen(2) without bind(2): the kernel chooses the port.
      const listener = spawn('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$1" listen', container, ACT]);
      onTestFinished(() => void listener.kill('SIGKILL'));
      const [said] = await once(listener.stdout, 'data');
      expect(await runToEnd(ACT, ['try-connect', '127.0.0.1', String(said).trim()])).toMatchObject({ stdout: '110\n' });
      await recorder.stop();
      const denied = recorder
        .events()
        .map(({ event }) => event)
        .filter(({ verdict }) => verdict === 'denied');
      expect(denied).toContainEqual(
        expect.objectContaining({ kind: 'arrive', port: Number(said), address: '127.0.0.1', process: null }),
      );
      expect(denied.filter(({ kind }) => kind === 'bind')).toHaveLength(2);
    });
  });

  describe('profiles', () => {
    test('a new set of rules takes the place of the old one, and none of the old is left', async () => {
      const { act, pins } = await contained({ connect: { deny: [{ to: '127.0.0.1' }] } });
      expect(await act('connect', '127.0.0.1', '5')).toBe(EPERM);
      const rules = Array.from({ length: 500 }, (_, i) => ({ to: `10.0.${i >> 8}.${i & 255}` }));
      for (let round = 0; round < 3; round++) {
        await RuntimeRecorder.load(pins, { name: 'test', connect: { deny: [{ to: '127.0.0.2' }, ...rules] } });
      }
      await RuntimeRecorder.load(pins, { name: 'test', connect: { deny: [{ to: '127.0.0.2' }] } });
      expect(await act('connect', '127.0.0.1', '5')).toBe(REFUSED);
      expect(await act('connect', '127.0.0.2', '5')).toBe(EPERM);
      const left = execFileSync('bpftool', ['-j', 'map', 'dump', 'pinned', join(pins, 'map-peer_rules')], {
        encoding: 'utf8',
      });
      expect(JSON.parse(left)).toHaveLength(1);
    });

    test('a hook without its profile or pins lets the container start and says so, or refuses it', async () => {
      const { container, pins, directory } = await contained({});
      expect(await runHook(pins, container, 'absent')).toMatchObject({
        code: 0,
        said: expect.stringContaining('no profile of this name'),
      });
      expect(await runHook(pins, container, 'absent', '--on-missing', 'refuse')).toMatchObject({ code: 1 });
      rmSync(join(pins, 'link-sendmsg6'));
      expect(await runHook(pins, container, 'test', '--connect', 'shadow')).toMatchObject({
        code: 0,
        said: expect.stringContaining('a control that it asks for is not there'),
      });
      expect(await runHook(pins, container, 'test', '--exec', 'enforce')).toEqual({ code: 0, said: '' });
      expect(await runHook('/tmp/no-such-pins', container, 'test', '--on-missing', 'refuse')).toMatchObject({
        code: 1,
      });
      const { directory: elsewhere } = testCgroup();
      expect(await runHook(pins, elsewhere, 'test')).toMatchObject({
        code: 0,
        said: expect.stringContaining('not below the one that is watched'),
      });
      expect(directory).not.toBe(elsewhere);
    });

    test.each([
      '',
      '[]',
      '{}',
      '{"id":"x","pid":0}',
      '{"id":"x","annotations":{"pid":1}}',
      '{"id":"x","pid":"1"}',
      '{"id":"x","pid":1',
      '{"id":"x","pid":12345678901234567890}',
      '{"id":"x","a":"\\"pid\\":1"}',
    ])('a state of %j names no process', async (state) => {
      const { pins } = await contained({});
      const child = spawn(SENSOR, ['hook', '--pins', pins, '--profile', 'test', '--on-missing', 'refuse']);
      child.stdin.end(state);
      const [code] = await once(child, 'close');
      expect(code).toBe(1);
    });
  });

  describe('what outlives whom', () => {
    test('rules hold when the sensor is killed, for containers that start then, and are taken up by the next one', async () => {
      const { act, container, directory, path, pins, recorder } = await contained({
        connect: { deny: [{ to: '127.0.0.1' }] },
      });
      expect(await act('connect', '127.0.0.1', '5')).toBe(EPERM);
      killSensor(pins);
      await expect(recorder.stop()).rejects.toMatchObject({ code: 'SENSOR_FAILED' });
      expect(await act('connect', '127.0.0.1', '6')).toBe(EPERM);
      // Made with nobody there; the row comes from the kernel, the profile from the hook.
      const later = join(directory, 'later');
      mkdirSync(join(later));
      expect(await runHook(pins, later, 'test', '--connect', 'enforce')).toEqual({ code: 0, said: '' });
      mkdirSync(join(later, 'inner'));
      expect((await runInCgroup(join(later, 'inner'), ACT, 'connect', '127.0.0.1', '7')).stdout).toBe(EPERM);
      const next = await RuntimeRecorder.start(directory, { pins });
      expect((await runInCgroup(container, ACT, 'connect', '127.0.0.1', '8')).stdout).toBe(EPERM);
      await next.stop();
      const denied = next.events('connect').filter(({ event }) => event.verdict === 'denied');
      // What was denied meanwhile lay in the ring.
      expect(denied.map(({ event, cgroup }) => ['port' in event && event.port, cgroup])).toEqual([
        [6, `${path}/container`],
        [7, `${path}/later/inner`],
        [8, `${path}/container`],
      ]);
    });

    test('one sensor for one set of pins; others may not enter them; detached, nothing is left', async () => {
      const { directory, pins, act, recorder } = await contained({ connect: { deny: [{ to: '127.0.0.1' }] } });
      await expect(RuntimeRecorder.start(directory, { pins })).rejects.toThrow('another sensor uses it');
      expect(statSync(pins).mode & 0o777).toBe(0o700);
      await recorder.stop();
      expect(await act('connect', '127.0.0.1', '5')).toBe(EPERM);
      execFileSync(SENSOR, ['unpin', '--pins', pins]);
      expect(existsSync(pins)).toBe(false);
      expect(await act('connect', '127.0.0.1', '5')).toBe(REFUSED);
      expect(execFileSync('bpftool', ['cgroup', 'show', directory], { encoding: 'utf8' }).trim()).toBe('');
    });
  });
});
