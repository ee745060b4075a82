import { describe, expect, test } from 'vitest';
import { containerOfCgroup } from './container.ts';

const ID = '0123456789abcdef'.repeat(4);
const OTHER = 'fedcba9876543210'.repeat(4);
const POD = 'pod01234567-89ab-cdef-0123-456789abcdef';

describe('the cgroups that runtimes make', () => {
  test.each([
    [`/libpod_parent/libpod-${ID}`, 'podman'],
    [`/machine.slice/libpod-${ID}.scope`, 'podman'],
    [`/system.slice/docker-${ID}.scope`, 'docker'],
    [`/docker/${ID}`, 'docker'],
    [`/kubepods.slice/kubepods-${POD.replaceAll('-', '_')}.slice/cri-containerd-${ID}.scope`, 'containerd'],
    [`/kubepods.slice/kubepods-${POD.replaceAll('-', '_')}.slice/crio-${ID}.scope`, 'cri-o'],
    [`/kubepods/burstable/${POD}/${ID}`, 'kubernetes'],
  ])('%s', (path, runtime) => {
    expect(containerOfCgroup(path)).toEqual({ key: { runtime, id: ID }, cgroup: path });
    // What is made inside belongs to it, whatever it is called.
    expect(containerOfCgroup(`${path}/init/docker/${OTHER}`)).toEqual({ key: { runtime, id: ID }, cgroup: path });
  });
});

test.each([
  '/',
  '/system.slice/ssh.service',
  `/libpod-conmon-${ID}.scope`,
  `/crio-conmon-${ID}.scope`,
  `/libpod-${ID.slice(1)}`,
  `/libpod-${ID}0`,
  `/libpod-${ID.toUpperCase()}`,
  `/other/${ID}`,
  `/podman/${ID}`,
  '/../docker',
])("%s is nobody's", (path) => expect(containerOfCgroup(path)).toBeNull());
