import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { SocketEvent } from '../../services/domain/runtime/event.ts';
import {
  ACT,
  buildSensor,
  kernelTests,
  runcBundle,
  runInCgroup,
  runToEnd,
  SENSOR,
  testCgroup,
  testOverlay,
} from '../support/kernel.ts';
import { RuntimeRecorder } from '../support/runtime-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const kernel = kernelTests('processes and sockets of a watched cgroup');
const withRunc = kernelTests('containers of runc', ['runc', 'busybox']);

/** Programs of ours that the kernel still holds on to. */
const attached = (directory: string) =>
  execFileSync('bpftool', ['cgroup', 'show', directory], { encoding: 'utf8' }).trim();

describe.skipIf(kernel.skip)(kernel.name, () => {
  beforeAll(buildSensor);

  test('an exec: who, what, from where, with which arguments; and its end', async () => {
    const { directory, path } = testCgroup();
    const recorder = await RuntimeRecorder.start(directory);
    const link = join(await temporaryDirectory(), 'a link');
    symlinkSync(ACT, link);
    await runInCgroup(directory, link, 'nothing');
    await runInCgroup(directory, '/bin/sh', '-c', 'kill -9 $$');
    await runToEnd(ACT, ['nothing']); // outside
    await recorder.stop();
    const execs = recorder.events('exec').filter(({ event }) => event.kind === 'exec' && event.path === ACT);
    expect(execs).toMatchObject([
      {
        cgroup: path,
        container: null,
        event: {
          name: link,
          directory: process.cwd(),
          arguments: [link, 'nothing'],
          argumentsCut: false,
          pathCut: false,
          verdict: 'observed',
          process: { userId: 0, groupId: 0, command: 'a link', containerProcessId: execs[0]?.event.process?.id },
          effectiveUserId: 0,
          file: { origin: 'other', links: 1, ownerId: 0 },
        },
      },
    ]);
    const [exec] = execs.map(({ event }) => event);
    expect(exec!.kind === 'exec' && exec!.file.changedNs).toBe(statSync(ACT, { bigint: true }).ctimeNs);
    const { process: actor, timeNs } = exec!;
    expect(actor!.parent.startNs).toBeLessThan(actor!.startNs);
    expect(actor!.startNs).toBeLessThan(timeNs);
    expect(Math.abs(Date.parse(execs[0]!.time) - Date.now())).toBeLessThan(60_000);
    const exits = recorder.events('exit').map(({ event }) => event);
    expect(exits).toContainEqual(
      expect.objectContaining({
        code: 0,
        signal: null,
        process: expect.objectContaining({ id: actor!.id, startNs: actor!.startNs }),
      }),
    );
    expect(exits).toContainEqual(expect.objectContaining({ code: null, signal: 9 }));
    expect(recorder.records.filter(({ type }) => type === 'blind' || type === 'unreadable')).toEqual([]);
  });

  test('forks tell the child; threads are none', async () => {
    const { directory } = testCgroup();
    const recorder = await RuntimeRecorder.start(directory);
    await runInCgroup(directory, '/bin/sh', '-c', '(exit 3); (exit 4); exit 0');
    await runInCgroup(directory, process.execPath, '-e', 'new Worker(new URL("data:text/javascript,"))');
    await recorder.stop();
    const children = recorder.events('fork').map(({ event }) => event.kind === 'fork' && event.child);
    expect(children).toHaveLength(2);
    const exits = recorder.events('exit').map(({ event }) => event.kind === 'exit' && event);
    for (const [i, child] of children.entries()) {
      expect(exits).toContainEqual(expect.objectContaining({ code: 3 + i, process: expect.objectContaining(child) }));
    }
  });

  test('connect, bind and send, of IPv4, IPv6 and IPv4 in IPv6; a peer that is sent to again is folded', async () => {
    const { directory } = testCgroup();
    const recorder = await RuntimeRecorder.start(directory);
    const act = (what: string, address: string, port: string) => runInCgroup(directory, ACT, what, address, port);
    await act('connect', '127.0.0.1', '1');
    await act('udp-connect', '::1', '53');
    await act('connect', '::ffff:127.0.0.1', '2');
    await act('bind', '127.0.0.1', '0');
    await act('udp-bind', '::', '0');
    await act('udp-send', '127.0.0.1', '9');
    await act('udp-send', '::1', '9');
    await runInCgroup(
      directory,
      process.execPath,
      '-e',
      `
      const socket = require('node:dgram').createSocket('udp4');
      const send = (left) => left === 0 ? socket.close() : socket.send('x', 10, '127.0.0.1', () => send(left - 1));
      send(50);`,
    );
    await recorder.stop();
    const sockets = recorder
      .events()
      .map(({ event }) => event)
      .filter((event) => 'port' in event && event.kind !== 'connected') as SocketEvent[];
    expect(sockets.map(({ kind, address, port, protocol }) => [kind, address, port, protocol])).toEqual([
      ['connect', '127.0.0.1', 1, 'tcp'],
      ['connect', '::1', 53, 'udp'],
      ['connect', '::ffff:127.0.0.1', 2, 'tcp'],
      ['bind', '127.0.0.1', 0, 'tcp'],
      ['bind', '::', 0, 'udp'],
      ['send', '127.0.0.1', 9, 'udp'],
      ['send', '::1', 9, 'udp'],
      ['bind', '0.0.0.0', 0, 'udp'],
      ['send', '127.0.0.1', 10, 'udp'],
    ]);
    expect(sockets.slice(0, 7).map(({ process }) => process?.command)).toEqual(Array(7).fill('act'));
  });

  test('a cgroup that is made inside is watched from its first process on', async () => {
    const { directory, path } = testCgroup();
    mkdirSync(join(directory, 'before'));
    const recorder = await RuntimeRecorder.start(directory);
    mkdirSync(join(directory, 'before/after'));
    await runInCgroup(join(directory, 'before/after'), ACT, 'nothing');
    await runInCgroup(join(directory, 'before'), ACT, 'nothing');
    await recorder.stop();
    expect(
      recorder
        .events('cgroup-made')
        .map(({ event, cgroup }) => [cgroup, event.kind === 'cgroup-made' && event.existing]),
    ).toEqual([
      [path, true],
      [`${path}/before`, true],
      [`${path}/before/after`, false],
    ]);
    const acts = recorder.events('exec').filter(({ event }) => event.kind === 'exec' && event.path === ACT);
    expect(acts.map(({ cgroup }) => cgroup)).toEqual([`${path}/before/after`, `${path}/before`]);
  });

  test('deep paths and long arguments are cut, and say so', async () => {
    const { directory } = testCgroup();
    const recorder = await RuntimeRecorder.start(directory);
    const root = await temporaryDirectory();
    // Deeper than is walked (128), and longer than a text (4,096) by names that fit into one path of execve.
    const deep = join(root, ...Array(140).fill('d'));
    mkdirSync(deep, { recursive: true });
    execFileSync('cp', [ACT, join(deep, 'act')]);
    const most = 'x'.repeat(4_096 - `${ACT}\0nothing\0`.length - 1);
    await runInCgroup(directory, join(deep, 'act'), 'nothing');
    await runInCgroup(directory, ACT, 'nothing', most);
    await runInCgroup(directory, ACT, 'nothing', `${most}y`);
    await recorder.stop();
    const execs = recorder
      .events('exec')
      .map(({ event }) => event)
      .filter((event) => event.kind === 'exec' && event.path.endsWith('/act'));
    expect(execs).toMatchObject([
      { pathCut: true, path: expect.stringMatching(/^(?:\/d){120,}\/act$/), argumentsCut: false },
      { pathCut: false, argumentsCut: false, arguments: [ACT, 'nothing', most] },
      { pathCut: false, argumentsCut: true, arguments: [ACT, 'nothing', `${most}y`] },
    ]);
  });

  test('where the bytes of a program come from: image, written later, memory, another file system', async () => {
    const { directory } = testCgroup();
    const merged = await testOverlay('image', 'changed');
    execFileSync('chmod', ['0700', join(merged, 'changed')]);
    execFileSync('cp', [ACT, join(merged, 'written')]);
    const recorder = await RuntimeRecorder.start(directory);
    for (const name of ['image', 'changed', 'written']) await runInCgroup(directory, join(merged, name), 'nothing');
    await runInCgroup(directory, ACT, 'memory', ACT, 'nothing');
    await recorder.stop();
    const origins = recorder
      .events('exec')
      .map(({ event }) => event.kind === 'exec' && [event.path, event.file.origin]);
    expect(origins).toEqual(
      expect.arrayContaining([
        [join(merged, 'image'), 'image'],
        [join(merged, 'changed'), 'written'],
        [join(merged, 'written'), 'written'],
        [ACT, 'other'],
        ['/memfd:hidden', 'memory'],
      ]),
    );
  });

  test('once all is attached the sensor has no rights left, and at its end nothing is left of it', async () => {
    const { directory } = testCgroup();
    const child = spawn(SENSOR, ['run', '--cgroup-root', directory]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    let status = '';
    for (let round = 0; round < 500 && !/^Uid:\t65534/m.test(status); round++) {
      status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const line of [
      'Uid:\t65534\t65534\t65534\t65534',
      'Gid:\t65534\t65534\t65534\t65534',
      'NoNewPrivs:\t1',
      'Groups:\t ',
    ]) {
      expect(status).toContain(line);
    }
    for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb']) expect(status).toContain(`${set}:\t0000000000000000`);
    expect(attached(directory)).toContain('connect4');
    child.stdin.end();
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(attached(directory)).toBe('');
  });

  test('what is not a part of the hierarchy is refused', async () => {
    const { directory } = testCgroup();
    const mount = join(directory, '..');
    const errors = async (root: string) => {
      const child = spawn(SENSOR, ['run', '--cgroup-root', root], { stdio: ['ignore', 'ignore', 'pipe'] });
      const said: string[] = [];
      child.stderr.setEncoding('utf8').on('data', (text) => said.push(text));
      const [code] = await once(child, 'close');
      expect(code).toBe(1);
      return said.join('');
    };
    expect(await errors(mount)).toContain('holds the whole system');
    expect(await errors('/tmp')).toContain('not a directory of cgroup v2');
    expect(await errors(join(directory, 'absent'))).toContain('No such file');
    expect(attached(mount)).toBe('');
  });
});

describe.skipIf(withRunc.skip)(withRunc.name, () => {
  beforeAll(buildSensor);

  test('events name the container, its own process ids and its sessions', async () => {
    const { directory, path } = testCgroup();
    const id = `plimsoll-test-${process.pid}`;
    const bundle = runcBundle(
      await temporaryDirectory(),
      ['/bin/sh', '-c', '/bin/true; exec /bin/sleep 60'],
      `${path}/box`,
    );
    const recorder = await RuntimeRecorder.start(directory);
    const container = spawn('runc', ['run', id], { cwd: bundle, stdio: 'ignore' });
    onTestFinished(() => void runToEnd('runc', ['delete', '--force', id]));
    await recorder.until(
      (record) => record.type === 'event' && record.event.kind === 'exec' && record.event.name === '/bin/sleep',
    );
    expect(await runToEnd('runc', ['exec', id, '/bin/sh', '-c', '/bin/act nothing; exit 5'])).toMatchObject({
      code: 5,
    });
    await runToEnd('runc', ['kill', id, 'KILL']);
    await once(container, 'close');
    await recorder.until((record) => record.type === 'event' && record.event.kind === 'cgroup-gone');
    await recorder.stop();
    const execs = recorder.events('exec').map(({ event, container: found, session, cgroup }) => {
      return (
        event.kind === 'exec' && [
          event.name,
          event.path,
          event.process?.containerProcessId,
          found?.key,
          session,
          cgroup,
        ]
      );
    });
    const key = { runtime: 'runc', id };
    const box = `${path}/box`;
    expect(execs).toEqual([
      ['/bin/sh', '/bin/busybox', 1, key, 0, box],
      ['/bin/true', '/bin/busybox', expect.any(Number), key, 0, box],
      ['/bin/sleep', '/bin/busybox', 1, key, 0, box],
      ['/bin/sh', '/bin/busybox', expect.any(Number), key, 1, box],
      ['/bin/act', '/bin/act', expect.any(Number), key, 1, box],
    ]);
    expect(readdirSync(directory).filter((name) => name === 'box')).toEqual([]);
  });
});
