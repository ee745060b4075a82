import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { documentedRows } from '../architecture/documentation.ts';
import {
  ACT,
  buildSensor,
  type Ended,
  giveProfile,
  kernelTests,
  runInCgroup,
  runToEnd,
  testCgroup,
  testOverlay,
  testPins,
} from '../support/kernel.ts';
import { REPOSITORY } from '../support/repository.ts';
import { type EventRecord, RuntimeRecorder } from '../support/runtime-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Each way round that docs/agent.md lists, tried, and what became of it compared with what the table says. */

const kernel = kernelTests('ways round a profile', ['busybox', 'unshare', 'nsenter', 'mount']);

type Outcome = 'stopped' | 'told' | 'open';
interface Tried {
  /** null: this machine cannot try it. */
  readonly happened: boolean | null;
  /** An event that tells of it, though it happened. */
  readonly tells?: (record: EventRecord) => boolean;
}

const section = () =>
  readFileSync(join(REPOSITORY, 'docs/agent.md'), 'utf8').split('### What is stopped')[1]!.split('\n## ')[0]!;
const documented = () => new Map(documentedRows(section()).map(([way, outcome]) => [way!, outcome as Outcome]));

const ran = ({ code }: Ended): boolean => code === 0;
const said = (ended: Ended, answer: string): boolean => ended.stdout === answer;
const WORKS = '0\n';
/** Neither EPERM nor success: this kernel has no such thing. */
const isAbsent = ({ stdout }: Ended): boolean => !['0\n', '1\n', '111\n'].includes(stdout);

async function surroundings(mode: 'enforce' | 'shadow') {
  const { directory } = testCgroup();
  const pins = testPins();
  const recorder = await RuntimeRecorder.start(directory, { pins });
  const shell = execFileSync('readlink', ['-f', '/bin/sh'], { encoding: 'utf8' }).trim();
  const busybox = execFileSync('sh', ['-c', 'readlink -f "$(command -v busybox)"'], { encoding: 'utf8' }).trim();
  const [unshare, mount] = ['unshare', 'mount'].map((name) =>
    execFileSync('sh', ['-c', `readlink -f "$(command -v ${name})"`], { encoding: 'utf8' }).trim(),
  ) as [string, string];
  const merged = await testOverlay('tool', 'image');
  await RuntimeRecorder.load(pins, {
    name: 'test',
    exec: {
      default: 'deny',
      allow: [shell, ACT, busybox, unshare, mount, join(merged, 'tool'), join(merged, 'image')],
      denyOrigins: ['written', 'memory', 'other'],
    },
    connect: { default: 'deny', allow: [{ to: '127.0.0.2' }] },
    listen: { default: 'deny', allow: [{ port: 8080 }] },
  });
  const container = join(directory, 'container');
  mkdirSync(container);
  await giveProfile(pins, container, '--mode', mode);
  const inside = (program: string, ...args: string[]) => runInCgroup(container, program, ...args);
  return {
    directory,
    container,
    recorder,
    merged,
    shell,
    busybox,
    unshare,
    mount,
    inside,
    root: await temporaryDirectory(),
  };
}
type Surroundings = Awaited<ReturnType<typeof surroundings>>;

const act =
  (...args: string[]) =>
  async ({ inside }: Surroundings): Promise<Tried> => {
    const ended = await inside(ACT, ...args);
    return { happened: isAbsent(ended) ? null : said(ended, WORKS) || said(ended, '111\n') };
  };
const family =
  (name: string, number: number) =>
  async ({ inside }: Surroundings): Promise<Tried> => {
    const outside = await runToEnd(ACT, ['family', name]);
    return {
      happened: said(outside, WORKS) ? said(await inside(ACT, 'family', name), WORKS) : null,
      tells: ({ event }) => event.kind === 'coverage' && event.call === 'socket' && event.arguments.family === number,
    };
  };
/** A forbidden program by some name. */
const program = async ({ inside }: Surroundings, path: string): Promise<Tried> => ({
  happened: ran(await inside(path, 'nothing')),
});

const WAYS: Readonly<Record<string, (at: Surroundings) => Promise<Tried>>> = {
  'symbolic link': async (at) => {
    symlinkSync('/bin/true', join(at.root, 'link'));
    return program(at, join(at.root, 'link'));
  },
  'hard link': async (at) => {
    copyFileSync(ACT, join(at.root, 'original'));
    execFileSync('ln', [join(at.root, 'original'), join(at.root, 'hard')]);
    return program(at, join(at.root, 'hard'));
  },
  'rename over an allowed path': async (at) => {
    copyFileSync(ACT, join(at.merged, 'evil'));
    execFileSync('mv', [join(at.merged, 'evil'), join(at.merged, 'tool')]);
    expect(await program(at, join(at.merged, 'image')), 'what was not touched').toEqual({ happened: true });
    return program(at, join(at.merged, 'tool'));
  },
  "chmod of an image's file": async (at) => {
    execFileSync('chmod', ['0711', join(at.merged, 'image')]);
    return program(at, join(at.merged, 'image'));
  },
  'bind mount over an allowed path': async ({ inside, unshare, mount, shell, root }) => {
    copyFileSync(ACT, join(root, 'other'));
    const command = `${mount} --bind ${join(root, 'other')} ${ACT} && exec ${ACT} nothing`;
    return { happened: ran(await inside(unshare, '-m', shell, '-c', command)) };
  },
  '/proc/self/fd': async ({ inside, shell }) => ({
    happened: ran(await inside(shell, '-c', 'exec 3< /bin/true && exec /proc/self/fd/3')),
  }),
  "memfd named like runc's": async ({ inside, shell }) => ({
    happened: ran(await inside(shell, '-c', `MEMORY_NAME=runc_cloned:/proc/self/exe ${ACT} memory ${ACT} nothing`)),
  }),
  'script of a forbidden interpreter': async (at) => {
    writeFileSync(join(at.root, 'forbidden'), '#!/bin/true\n', { mode: 0o755 });
    return program(at, join(at.root, 'forbidden'));
  },
  'script of an allowed interpreter': async ({ inside, shell, root }) => {
    const script = join(root, 'script');
    writeFileSync(script, `#!${shell}\nexit 0\n`, { mode: 0o755 });
    return {
      happened: ran(await inside(script)),
      tells: ({ event }) => event.kind === 'exec' && event.name === script,
    };
  },
  'interpreter with a script as argument': async ({ inside, shell, root }) => {
    const script = join(root, 'text');
    writeFileSync(script, 'exit 0\n');
    return {
      happened: ran(await inside(shell, script)),
      tells: ({ event }) => event.kind === 'exec' && event.arguments[1] === script,
    };
  },
  'ld.so FILE': async ({ inside }) => {
    const loader = execFileSync('sh', ['-c', 'ls /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.* 2>/dev/null | head -1'], {
      encoding: 'utf8',
    }).trim();
    return { happened: loader === '' ? null : ran(await inside(loader, '/bin/true')) };
  },
  'applet of an allowed busybox': async ({ inside, busybox }) => ({
    happened: ran(await inside(busybox, 'true')),
    tells: ({ event }) => event.kind === 'exec' && event.path === busybox && event.arguments[1] === 'true',
  }),
  'cgroup made inside': async ({ inside, container, shell }) => {
    const inner = join(container, 'inner');
    const command = `echo $$ > ${inner}/cgroup.procs && exec ${ACT} connect 127.0.0.1 9`;
    mkdirSync(inner);
    const ended = await inside(shell, '-c', command);
    rmdirSync(inner);
    return { happened: !said(ended, '1\n') };
  },
  'namespaces made inside': async ({ inside, unshare, shell }) => ({
    happened: !said(
      await inside(unshare, '-n', '-m', '-p', '-f', '-C', shell, '-c', `${ACT} connect 127.0.0.1 9`),
      '1\n',
    ),
  }),
  'IPv4 in IPv6': act('connect', '::ffff:127.0.0.1', '9'),
  'TCP fast open': act('fastopen', '127.0.0.1', '9'),
  MPTCP: async ({ inside }) => {
    const outside = await runToEnd(ACT, ['mptcp', '127.0.0.1', '0']);
    return { happened: said(outside, WORKS) ? said(await inside(ACT, 'mptcp', '127.0.0.1', '0'), WORKS) : null };
  },
  'connect by io_uring': async ({ inside }) => {
    const outside = await runToEnd(ACT, ['ring-connect', '127.0.0.1', '9']);
    return {
      happened: said(outside, '111\n') ? !said(await inside(ACT, 'ring-connect', '127.0.0.1', '9'), '1\n') : null,
    };
  },
  'connected UDP': act('udp-connect', '127.0.0.1', '9'),
  'unconnected UDP': act('udp-send', '127.0.0.1', '9'),
  'UDP-Lite': act('udplite-send', '127.0.0.1', '9'),
  'raw socket': act('raw', '127.0.0.1', '1'),
  'ping socket': act('family', 'ping'),
  AF_PACKET: family('packet', 17),
  AF_XDP: family('xdp', 44),
  AF_VSOCK: family('vsock', 40),
  bind: act('bind', '127.0.0.1', '8081'),
  SO_REUSEPORT: act('bind-shared', '8081'),
  'listen without bind': async ({ container }) => {
    const listener = spawn('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$1" listen', container, ACT]);
    onTestFinished(() => void listener.kill('SIGKILL'));
    const [port] = await once(listener.stdout, 'data');
    const { stdout } = await runToEnd(ACT, ['try-connect', '127.0.0.1', String(port).trim()]);
    listener.kill('SIGKILL');
    return { happened: stdout !== '110\n' };
  },
  'inherited socket': async ({ container }) => {
    const received: string[] = [];
    const server = createServer((socket) =>
      socket.setEncoding('utf8').on('data', (text) => received.push(String(text))),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    // bash's /dev/tcp, opened before it enters the cgroup.
    const { port } = server.address() as { port: number };
    const { stdout } = await runToEnd('bash', [
      '-c',
      `exec 0<>/dev/tcp/127.0.0.1/${port} && echo $$ > "$0/cgroup.procs" && exec ${ACT} inherited`,
      container,
    ]);
    await expect.poll(() => received.length, { timeout: 10_000 }).toBe(1);
    return { happened: stdout === WORKS, tells: ({ event }) => 'port' in event && event.port === port };
  },
  'mounted socket of a runtime': async ({ inside, root }) => {
    const path = join(root, 'runtime.sock');
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return {
      happened: said(await inside(ACT, 'unix', path), WORKS),
      tells: ({ event }) => 'port' in event && event.address === path,
    };
  },
  'nsenter from the host': async ({ container }) => {
    const target = spawn('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$1" listen', container, ACT]);
    onTestFinished(() => void target.kill('SIGKILL'));
    await once(target.stdout, 'data');
    const ended = await runToEnd('nsenter', ['-t', String(target.pid), '-m', '-n', '-p', '/bin/true']);
    target.kill('SIGKILL');
    return { happened: ran(ended), tells: ({ event }) => event.kind === 'exec' && event.path.endsWith('/true') };
  },
  'moved out of the cgroup': async ({ container, directory }) => {
    const { stdout } = await runToEnd('/bin/sh', [
      '-c',
      'echo $$ > "$0/cgroup.procs" && "$2" nothing; echo $$ > "$1/../cgroup.procs" && exec "$2" connect 127.0.0.1 9',
      container,
      directory,
      ACT,
    ]);
    return { happened: stdout === '111\n', tells: ({ event }) => event.kind === 'move' && event.left };
  },
};

describe.skipIf(kernel.skip)(kernel.name, () => {
  beforeAll(buildSensor);

  test('each that the documentation lists is tried here', () => {
    expect(Object.keys(WAYS).sort()).toEqual([...documented().keys()].sort());
  });

  test.each(Object.keys(WAYS))('%s', async (way) => {
    const at = await surroundings('enforce');
    const { happened, tells } = await WAYS[way]!(at);
    await at.recorder.stop();
    // What this machine does not have cannot be tried.
    if (happened === null) return;
    const outcome: Outcome = !happened
      ? 'stopped'
      : tells !== undefined && at.recorder.events().some(tells)
        ? 'told'
        : 'open';
    expect(outcome).toBe(documented().get(way));
  });

  test.each([...documented()].flatMap(([way, outcome]) => (outcome === 'stopped' ? [way] : [])))(
    '%s: what stops it is the profile, without which it happens',
    async (way) => {
      const at = await surroundings('shadow');
      const { happened } = await WAYS[way]!(at);
      await at.recorder.stop();
      expect(happened).not.toBe(false);
    },
  );
});
