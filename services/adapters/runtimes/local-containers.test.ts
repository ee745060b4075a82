import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import { LIMITS } from '../../domain/limits.ts';
import { LocalContainers } from './local-containers.ts';
import { readStateFile } from './state-file.ts';

const ID = '0123456789abcdef'.repeat(4);

test('a state file is whole, regular, and ours alone', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'state.json');
  await writeFile(file, '12345678', { mode: 0o644 });
  expect(Buffer.from((await readStateFile(file, 8))!).toString()).toBe('12345678');
  expect(await readStateFile(file, 7)).toBeNull();
  await chmod(file, 0o664);
  expect(await readStateFile(file, 8)).toBeNull();
  await chmod(file, 0o644);
  await symlink(file, join(directory, 'link'));
  expect(await readStateFile(join(directory, 'link'), 8)).toBeNull();
  expect(await readStateFile(directory, 8)).toBeNull();
  expect(await readStateFile(join(directory, 'absent'), 8)).toBeNull();
});

test('each runtime by its own files, and no other', async () => {
  const root = await temporaryDirectory();
  const write = async (path: string, value: unknown) => {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), JSON.stringify(value), { mode: 0o644 });
  };
  const annotations = (prefix: string) => ({
    annotations: { [`${prefix}.container.name`]: 'cri-o', 'io.kubernetes.cri.container-name': 'containerd' },
  });
  await write('storage/overlay-containers/containers.json', [{ id: ID, names: ['podman'] }]);
  await write(`docker/containers/${ID}/config.v2.json`, { ID, Name: '/docker' });
  await write(`containerd/${ID}/config.json`, annotations('io.kubernetes'));
  await write(`crio/overlay-containers/${ID}/userdata/config.json`, annotations('io.kubernetes'));
  await write('runc/box/state.json', { id: 'box', cgroup_paths: { '': '/sys/fs/cgroup/a/b' } });
  // Who may make a directory there may lie about its own name only.
  await write('runc/liar/state.json', { id: 'box', cgroup_paths: { '': '/sys/fs/cgroup/c' } });
  const below = (name: string) => join(root, name);
  const containers = new LocalContainers(LIMITS, {
    runc: below('runc'),
    storage: below('storage'),
    docker: below('docker'),
    containerd: below('containerd'),
    crio: below('crio'),
  });
  for (const runtime of ['podman', 'docker', 'containerd', 'cri-o'] as const) {
    expect(await containers.state({ runtime, id: ID })).toMatchObject({ name: runtime });
    expect(await containers.state({ runtime, id: ID.replaceAll('0', '1') })).toBeNull();
  }
  expect(await containers.state({ runtime: 'kubernetes', id: ID })).toMatchObject({ name: 'containerd' });
  expect(await containers.state({ runtime: 'runc', id: 'box' })).toBeNull();
  expect(await containers.runcAt('/sys/fs/cgroup/a/b')).toBe('box');
  expect(await containers.runcAt('/b')).toBeNull();
  expect(await containers.runcAt('/sys/fs/cgroup/c')).toBeNull();
  const box = JSON.stringify({ id: 'box', cgroup_paths: { '': '/sys/fs/cgroup/a/b' } }).length;
  for (const [containerStateBytes, id] of [[box, 'box'] as const, [box - 1, null] as const]) {
    const bounded = new LocalContainers({ ...LIMITS, containerStateBytes }, { runc: below('runc') });
    expect(await bounded.runcAt('/sys/fs/cgroup/a/b')).toBe(id);
  }
  expect(
    await new LocalContainers({ ...LIMITS, runcContainers: 0 }, { runc: below('runc') }).runcAt('/sys/fs/cgroup/a/b'),
  ).toBeNull();
  expect(await new LocalContainers(LIMITS, { runc: below('absent') }).runcAt('/x')).toBeNull();
});

test('the processes of a cgroup; none where it is gone', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'cgroup.procs'), '12\n345\n');
  const containers = new LocalContainers(LIMITS);
  expect(await containers.processes(directory)).toEqual([12, 345]);
  expect(await containers.processes(join(directory, 'gone'))).toEqual([]);
});
