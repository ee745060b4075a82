import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Limits } from '../../domain/limits.ts';
import type { ContainerKey, ContainerState } from '../../domain/runtime/container.ts';
import {
  readCriBundle,
  readDockerConfig,
  readRuncState,
  readStoredContainer,
} from '../../domain/runtime/container-files.ts';
import type { Containers } from '../../pipeline/runtime-ports.ts';
import { readStateFile } from './state-file.ts';

/** Where runtimes keep what they know, by their defaults. */
const ROOTS: Readonly<Record<'runc' | 'storage' | 'docker' | 'containerd' | 'crio', string>> = {
  runc: '/run/runc',
  storage: '/var/lib/containers/storage',
  docker: '/var/lib/docker',
  containerd: '/run/containerd/io.containerd.runtime.v2.task/k8s.io',
  crio: '/run/containers/storage',
};
export type RuntimeRoots = typeof ROOTS;

/** The containers of this host, as the files of their runtimes describe them. Never raises: what cannot be read is unknown. */
export class LocalContainers implements Containers {
  readonly #roots: RuntimeRoots;
  readonly #limits: Limits;

  constructor(limits: Limits, roots: Partial<RuntimeRoots> = {}) {
    this.#limits = limits;
    this.#roots = { ...ROOTS, ...roots };
  }

  async state({ runtime, id }: ContainerKey): Promise<ContainerState | null> {
    const { storage, docker, containerd, crio } = this.#roots;
    switch (runtime) {
      case 'podman': {
        const containers = await this.#read(join(storage, 'overlay-containers/containers.json'));
        const images = await this.#read(join(storage, 'overlay-images/images.json'));
        return containers && readStoredContainer(id, containers, images);
      }
      case 'docker': {
        const config = await this.#read(join(docker, 'containers', id, 'config.v2.json'));
        return config && readDockerConfig(id, config);
      }
      case 'containerd':
        return this.#bundle('containerd', join(containerd, id, 'config.json'));
      case 'cri-o':
        return this.#bundle('cri-o', join(crio, 'overlay-containers', id, 'userdata/config.json'));
      case 'kubernetes':
        return (
          (await this.#bundle('containerd', join(containerd, id, 'config.json'))) ??
          (await this.#bundle('cri-o', join(crio, 'overlay-containers', id, 'userdata/config.json')))
        );
      case 'runc':
        return null;
    }
  }

  async runcAt(cgroupDirectory: string): Promise<string | null> {
    const { runc } = this.#roots;
    const names = await readdir(runc).catch(() => []);
    for (const name of names.slice(0, this.#limits.runcContainers)) {
      const bytes = await this.#read(join(runc, name, 'state.json'));
      const state = bytes && readRuncState(bytes);
      if (state?.id === name && state.cgroupDirectory === cgroupDirectory) return state.id;
    }
    return null;
  }

  async processes(cgroupDirectory: string): Promise<readonly number[]> {
    const text = await readFile(join(cgroupDirectory, 'cgroup.procs'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map(Number);
  }

  async cgroupsTo(
    directory: string,
    id: bigint,
  ): Promise<readonly { readonly id: bigint; readonly name: string }[] | null> {
    // Level by level: cgroups of containers lie above those that they make inside.
    let level: { directory: string; chain: { id: bigint; name: string }[] }[] = [{ directory, chain: [] }];
    for (let left = this.#limits.rememberedCgroups; level.length > 0; ) {
      const below: typeof level = [];
      for (const each of level) {
        const entries = await readdir(each.directory, { withFileTypes: true }).catch(() => []);
        for (const entry of entries) {
          if (!entry.isDirectory()) continue;
          if (left-- === 0) return null;
          const path = join(each.directory, entry.name);
          // The id of a cgroup is the inode number of its directory.
          const found = await stat(path, { bigint: true }).catch(() => null);
          if (found === null) continue;
          const chain = [...each.chain, { id: found.ino, name: entry.name }];
          if (found.ino === id) return chain;
          below.push({ directory: path, chain });
        }
      }
      level = below;
    }
    return null;
  }

  async #bundle(runtime: 'containerd' | 'cri-o', path: string): Promise<ContainerState | null> {
    const bytes = await this.#read(path);
    return bytes && readCriBundle(runtime, bytes);
  }

  #read(path: string): Promise<Uint8Array | null> {
    return readStateFile(path, this.#limits.containerStateBytes);
  }
}
