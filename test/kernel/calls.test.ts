import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { CallEvent, SocketEvent } from '../../services/domain/runtime/event.ts';
import { buildSensor, CALLS, kernelTests, runInCgroup, testCgroup } from '../support/kernel.ts';
import { RuntimeRecorder } from '../support/runtime-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const kernel = kernelTests('system calls of a watched cgroup');

const isCall = (event: object): event is CallEvent => 'call' in event;
const isSocket = (event: object): event is SocketEvent => 'socketType' in event;

/** What `calls` did in a watched cgroup, as it was told. */
async function called(...args: string[]) {
  const { directory } = testCgroup();
  const recorder = await RuntimeRecorder.start(directory);
  const { code, stdout } = await runInCgroup(directory, CALLS, ...args);
  expect(code).toBe(0);
  await recorder.stop();
  const events = recorder.events().map(({ event }) => event);
  expect(recorder.records.filter(({ type }) => type === 'blind' || type === 'unreadable')).toEqual([]);
  const own = events.filter(({ process }) => process?.command === 'calls');
  return { calls: own.filter(isCall), sockets: own.filter(isSocket), stdout };
}

describe.skipIf(kernel.skip)(kernel.name, () => {
  beforeAll(buildSensor);

  test('files: what was opened for writing by its real path, what else was done as the process said it; repeats are folded', async () => {
    const directory = await temporaryDirectory();
    const { calls } = await called('files', directory);
    const at = (name: string) => join(directory, name);
    const made = { inode: expect.any(BigInt), mode: 0o100600, origin: 'other' };
    expect(
      calls.map(({ kind, call, error, file, target, racy, opened }) => [
        kind,
        call,
        error,
        file?.path,
        target?.path,
        racy,
        opened,
      ]),
    ).toEqual(
      [
        ['create', 'openat', null, at('made'), undefined, false, expect.objectContaining(made)],
        ['open', 'openat', null, at('made'), undefined, false, expect.objectContaining(made)],
        ['open', 'openat', 'ENOENT', at('absent/made'), undefined, true, null],
        ['open', 'openat2', null, at('made'), undefined, false, expect.objectContaining(made)],
        ['open', 'truncate', null, at('made'), undefined, true, null],
        ['create', 'mkdir', null, at('folder'), undefined, true, null],
        ['create', 'symlink', null, at('sign'), 'made', true, null],
        ['create', 'linkat', null, at('folder/again'), at('made'), true, null],
        ['rename', 'renameat', null, at('folder/again'), at('moved'), true, null],
        ['chmod', 'chmod', null, at('moved'), undefined, true, null],
        ['chmod', 'fchmod', null, at('made'), undefined, false, expect.objectContaining({ mode: 0o100700 })],
        ['unlink', 'unlink', null, at('sign'), undefined, true, null],
        ['unlink', 'rmdir', null, at('folder'), undefined, true, null],
      ].map((row) => (process.arch === 'x64' ? row : expect.arrayContaining(row.slice(2)))),
    );
    expect(calls.find(({ call, kind }) => call === 'chmod' && kind === 'chmod')).toMatchObject({
      arguments: { mode: 0o755 },
      file: { name: 'moved' },
    });
    expect(calls.map(({ repeats }) => repeats)).toEqual(calls.map(() => 0n));
  });

  test('rights: namespaces, mounts, ids, tracing, keys, bpf; what of a process goes unseen from then on', async () => {
    const { calls } = await called('rights');
    const told = (...wanted: readonly string[]) =>
      calls
        .filter(({ call }) => wanted.includes(call))
        .map(({ kind, call, error, arguments: named, file, target }) => ({
          kind,
          call,
          error,
          ...named,
          ...(file && { path: file.path }),
          ...(target && { target: target.path }),
        }));
    const [NEWNS, FS, NEWUTS] = [0x20000, 0x200, 0x4000000];
    expect(told('unshare', 'clone')).toEqual([
      { kind: 'namespace', call: 'unshare', error: null, flags: NEWNS | FS },
      { kind: 'namespace', call: 'clone', error: null, flags: NEWUTS | 17 },
    ]);
    expect(told('mount', 'umount2', 'chroot')).toMatchObject([
      { kind: 'mount', call: 'mount', error: null, path: '/', target: 'none' },
      { kind: 'mount', call: 'mount', error: null, path: '/tmp', target: 'plimsoll-test', flags: 0 },
      { kind: 'mount', call: 'umount2', error: null, path: '/tmp', flags: 2 },
      { kind: 'mount', call: 'chroot', error: null, path: `${process.cwd()}/.` },
    ]);
    expect(told('ptrace', 'process_vm_readv')).toEqual([
      { kind: 'trace', call: 'ptrace', error: 'ESRCH', request: 16, process: 0x3fffffff },
      { kind: 'trace', call: 'process_vm_readv', error: 'ESRCH', process: 0x3fffffff },
    ]);
    expect(told('setresuid', 'setgid', 'capset')).toEqual([
      { kind: 'identity', call: 'setresuid', error: null, userId: -1, effectiveUserId: 0, savedUserId: -1 },
      { kind: 'identity', call: 'setgid', error: null, groupId: 0 },
      { kind: 'capabilities', call: 'capset', error: null },
    ]);
    expect(told('bpf', 'keyctl').map(({ call, ...rest }) => [call, rest])).toMatchObject([
      ['bpf', { kind: 'bpf', error: 'EINVAL', command: 9999 }],
      ['keyctl', { kind: 'keys', operation: 0 }],
    ]);
    expect(told('finit_module')).toMatchObject([{ kind: 'module', error: expect.any(String), descriptor: -1 }]);
    // A kernel without io_uring, or without a 32-bit ABI, has none.
    const unseen = calls.filter(({ kind }) => kind === 'coverage').map(({ call }) => call);
    expect(unseen[0]).toBe('io_uring_setup');
    expect(['compat', undefined]).toContain(unseen[1]);
  });

  test('sockets: where it listens without a bind, whom it accepts, and how each connect ended', async () => {
    const { sockets, stdout } = await called('sockets');
    const port = Number(stdout);
    const of = (kind: string) => sockets.filter((event) => event.kind === kind);
    expect(of('listen')).toMatchObject([{ address: '0.0.0.0', port, protocol: 'tcp', local: null }]);
    // The second and third came from the same address to the same port.
    expect(of('accept')).toMatchObject([{ address: '127.0.0.1', local: { address: '127.0.0.1', port }, repeats: 0n }]);
    const connects = of('connect');
    expect(connects).toHaveLength(6);
    const ends = of('connected').map(({ socket, error, protocol, port: to, askedNs, timeNs }) => {
      const begun = connects.find((event) => event.socket === socket);
      expect(begun?.timeNs).toBe(askedNs);
      expect(timeNs).toBeGreaterThan(askedNs!);
      return [protocol, to === port, error];
    });
    expect(ends).toEqual([
      ['tcp', true, null],
      ['tcp', true, null],
      ['tcp', true, null],
      ['tcp', true, 'ECONNREFUSED'],
      ['tcp', true, 'ENETUNREACH'],
      ['udp', true, null],
    ]);
    expect(of('connected')[0]!.local).toEqual({ address: '127.0.0.1', port: of('accept')[0]!.port });
  });

  test('a process that is put out of all that is watched is told, with where it went and who did it', async () => {
    const { directory, path } = testCgroup();
    const { directory: outside, path: outsidePath } = testCgroup();
    for (const name of ['a', 'b']) mkdirSync(join(directory, name));
    const recorder = await RuntimeRecorder.start(directory);
    const child = spawn('/bin/sh', [
      '-c',
      'echo $$ > "$0/cgroup.procs"; read x; sleep 0; read y',
      join(directory, 'a'),
    ]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const move = (to: string) => writeFileSync(join(to, 'cgroup.procs'), String(child.pid));
    await recorder.until((record) => record.type === 'event' && record.event.kind === 'cgroup-made');
    child.stdin.write('\n');
    await recorder.until(
      (record) => record.type === 'event' && record.event.kind === 'exec' && record.event.name.endsWith('sleep'),
    );
    move(join(directory, 'b'));
    move(outside);
    child.stdin.end();
    await once(child, 'close');
    await recorder.stop();
    const moves = recorder
      .events('move')
      .map(
        ({ event, cgroup }) =>
          event.kind === 'move' && [cgroup, event.toPath, event.left, event.moverId, event.process?.id],
      );
    expect(moves).toEqual([
      [`${path}/a`, `${path}/b`, false, process.pid, child.pid],
      [`${path}/b`, outsidePath, true, process.pid, child.pid],
    ]);
  });
});
