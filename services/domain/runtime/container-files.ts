import { z } from 'zod';
import { isDigest } from '../image/digest.ts';
import type { ContainerState } from './container.ts';

/**
 * Readers of the files that runtimes keep about containers. Each answers null where the file is not what it should be, or
 * says nothing about the container. Labels, annotations and image configs that users choose are never read here.
 */

const HEX = /^[0-9a-f]{64}$/;
const nullable = (value: string | undefined): string | null => (value ? value : null);
const digestOrNull = (value: unknown): string | null => (isDigest(value) ? value : null);

function parse<T>(type: z.ZodType<T>, bytes: Uint8Array): T | null {
  try {
    const parsed = type.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

const runcState = z.object({ id: z.string().min(1).max(1024), cgroup_paths: z.record(z.string(), z.string()) });

/** `state.json` of runc: its id, and the directory of its cgroup v2 on the host. runc knows of no image. */
export function readRuncState(bytes: Uint8Array): { readonly id: string; readonly cgroupDirectory: string } | null {
  const state = parse(runcState, bytes);
  // Under this key runc keeps the unified hierarchy, whatever it is mounted on.
  const cgroupDirectory = state?.cgroup_paths[''];
  return state !== null && cgroupDirectory ? { id: state.id, cgroupDirectory } : null;
}

const storedContainers = z.array(
  z.object({
    id: z.string(),
    names: z.array(z.string()).optional(),
    image: z.string().optional(),
    metadata: z.string().optional(),
  }),
);
const storedMetadata = z.object({ 'image-name': z.string().optional() });
const storedImages = z.array(z.object({ id: z.string(), digest: z.string().optional() }));

/** `containers.json` and `images.json` of containers/storage, which podman keeps. */
export function readStoredContainer(
  id: string,
  containers: Uint8Array,
  images: Uint8Array | null,
): ContainerState | null {
  const container = parse(storedContainers, containers)?.find((each) => each.id === id);
  if (container === undefined) return null;
  const metadata = parse(storedMetadata, new TextEncoder().encode(container.metadata ?? '{}'));
  const image = images === null ? undefined : parse(storedImages, images)?.find((each) => each.id === container.image);
  return {
    name: nullable(container.names?.[0]),
    image: {
      reference: nullable(metadata?.['image-name']),
      manifestDigest: digestOrNull(image?.digest),
      // The id of a stored image is the digest of its config.
      configDigest: HEX.test(container.image ?? '') ? `sha256:${container.image}` : null,
    },
    kubernetes: null,
  };
}

const dockerConfig = z.object({
  ID: z.string(),
  Name: z.string().optional(),
  Image: z.string().optional(),
  Config: z.object({ Image: z.string().optional() }).optional(),
  ImageManifest: z.object({ digest: z.string().optional() }).nullish(),
});

/** `config.v2.json` of Docker. `Image` is the digest of the config with graph drivers, of a manifest or index with containerd's store. */
export function readDockerConfig(id: string, bytes: Uint8Array): ContainerState | null {
  const config = parse(dockerConfig, bytes);
  if (config === null || config.ID !== id) return null;
  const manifest = digestOrNull(config.ImageManifest?.digest);
  return {
    name: nullable(config.Name?.replace(/^\//, '')),
    image: {
      reference: nullable(config.Config?.Image),
      manifestDigest: manifest,
      configDigest: manifest === null ? digestOrNull(config.Image) : null,
    },
    kubernetes: null,
  };
}

const bundle = z.object({ annotations: z.record(z.string(), z.string()).optional() });

/** Annotations that a CRI runtime itself writes into the bundle, by what they say. */
interface CriNames {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  readonly reference: string;
  readonly manifest: string | null;
}
export const CRI_NAMES: Readonly<Record<'containerd' | 'cri-o', CriNames>> = {
  containerd: {
    namespace: 'io.kubernetes.cri.sandbox-namespace',
    pod: 'io.kubernetes.cri.sandbox-name',
    podUid: 'io.kubernetes.cri.sandbox-uid',
    container: 'io.kubernetes.cri.container-name',
    reference: 'io.kubernetes.cri.image-name',
    manifest: null,
  },
  'cri-o': {
    namespace: 'io.kubernetes.pod.namespace',
    pod: 'io.kubernetes.pod.name',
    podUid: 'io.kubernetes.pod.uid',
    container: 'io.kubernetes.container.name',
    reference: 'io.kubernetes.cri-o.ImageName',
    manifest: 'io.kubernetes.cri-o.ImageRef',
  },
};

/** `config.json` of a bundle below a CRI runtime's own state directory, and no other: anybody may write such annotations elsewhere. */
export function readCriBundle(runtime: 'containerd' | 'cri-o', bytes: Uint8Array): ContainerState | null {
  const annotations = parse(bundle, bytes)?.annotations;
  if (annotations === undefined) return null;
  const names = CRI_NAMES[runtime];
  const says = (key: string | null) => (key === null ? undefined : annotations[key]);
  const [namespace, pod, podUid, container] = [
    says(names.namespace),
    says(names.pod),
    says(names.podUid),
    says(names.container),
  ];
  const manifest = says(names.manifest);
  return {
    name: nullable(container),
    image: {
      reference: nullable(says(names.reference)),
      manifestDigest: digestOrNull(manifest?.slice(manifest.lastIndexOf('@') + 1)),
      configDigest: null,
    },
    kubernetes: namespace && pod && podUid && container ? { namespace, pod, podUid, container } : null,
  };
}
