/** Who made a container. `kubernetes`: a CRI runtime whose name the cgroup does not tell. */
export type ContainerRuntime = 'runc' | 'podman' | 'docker' | 'containerd' | 'cri-o' | 'kubernetes';

/** A container by what its runtime calls it. */
export interface ContainerKey {
  readonly runtime: ContainerRuntime;
  readonly id: string;
}

/** What the runtime itself keeps about a container, in files that root alone may write. null: it does not say. */
export interface ContainerState {
  readonly name: string | null;
  readonly image: {
    /** As the user wrote it: a tag may mean another image by now. */
    readonly reference: string | null;
    readonly manifestDigest: string | null;
    readonly configDigest: string | null;
  };
  readonly kubernetes: {
    readonly namespace: string;
    readonly pod: string;
    readonly podUid: string;
    readonly container: string;
  } | null;
}

const PATTERNS: readonly (readonly [RegExp, ContainerRuntime])[] = [
  [/^libpod-([0-9a-f]{64})(?:\.scope)?$/, 'podman'],
  [/^docker-([0-9a-f]{64})\.scope$/, 'docker'],
  [/^cri-containerd-([0-9a-f]{64})\.scope$/, 'containerd'],
  [/^crio-([0-9a-f]{64})(?:\.scope)?$/, 'cri-o'],
];
const PLAIN_ID = /^[0-9a-f]{64}$/;
const POD = /^pod[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}$/;

/**
 * The container that a cgroup belongs to, by the names that runtimes give to cgroups, and how much of `path` is its own
 * cgroup. The outermost counts: what lies deeper may have been named by the container itself. runc, and whoever
 * chooses a name of his own, is not told by it: null.
 */
export function containerOfCgroup(path: string): { readonly key: ContainerKey; readonly cgroup: string } | null {
  const names = path.split('/');
  for (const [at, name] of names.entries()) {
    const key = keyOf(name, names[at - 1] ?? '');
    if (key !== null) return { key, cgroup: names.slice(0, at + 1).join('/') };
  }
  return null;
}

function keyOf(name: string, above: string): ContainerKey | null {
  for (const [pattern, runtime] of PATTERNS) {
    const id = pattern.exec(name)?.[1];
    if (id !== undefined) return { runtime, id };
  }
  if (!PLAIN_ID.test(name)) return null;
  // The cgroupfs drivers of Docker and of the kubelet.
  if (above === 'docker') return { runtime: 'docker', id: name };
  return POD.test(above) ? { runtime: 'kubernetes', id: name } : null;
}
