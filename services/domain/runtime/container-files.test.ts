import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CRI_NAMES, readCriBundle, readDockerConfig, readRuncState, readStoredContainer } from './container-files.ts';

const ID = '0123456789abcdef'.repeat(4);
const DIGEST = `sha256:${ID}`;
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('runc', () => {
  const state = { id: 'web', cgroup_paths: { '': '/sys/fs/cgroup/x/web', pids: '/sys/fs/cgroup/pids/x/web' } };
  test('its id and its cgroup', () => {
    expect(readRuncState(bytes(state))).toEqual({ id: 'web', cgroupDirectory: '/sys/fs/cgroup/x/web' });
  });
  test.each([{}, { ...state, id: '' }, { ...state, cgroup_paths: { pids: '/x' } }, { ...state, cgroup_paths: 1 }])(
    'nothing in %j',
    (other) => expect(readRuncState(bytes(other))).toBeNull(),
  );
});

describe('podman', () => {
  const container = { id: ID, names: ['web'], image: ID, metadata: '{"image-name":"docker.io/library/nginx:1"}' };
  test('name, reference and both digests', () => {
    expect(readStoredContainer(ID, bytes([container]), bytes([{ id: ID, digest: DIGEST }]))).toEqual({
      name: 'web',
      image: { reference: 'docker.io/library/nginx:1', manifestDigest: DIGEST, configDigest: DIGEST },
      kubernetes: null,
    });
  });
  test('what is not told is null', () => {
    expect(readStoredContainer(ID, bytes([{ id: ID, metadata: 'no JSON' }]), null)).toEqual({
      name: null,
      image: { reference: null, manifestDigest: null, configDigest: null },
      kubernetes: null,
    });
    expect(readStoredContainer('other', bytes([container]), null)).toBeNull();
  });
});

describe('Docker', () => {
  const config = { ID, Name: '/web', Image: DIGEST, Config: { Image: 'nginx:1' } };
  test('with a graph driver the image is named by its config', () => {
    expect(readDockerConfig(ID, bytes(config))).toMatchObject({
      name: 'web',
      image: { reference: 'nginx:1', manifestDigest: null, configDigest: DIGEST },
    });
  });
  test("with containerd's store by its manifest, and then `Image` is no config", () => {
    expect(readDockerConfig(ID, bytes({ ...config, ImageManifest: { digest: DIGEST } }))).toMatchObject({
      image: { manifestDigest: DIGEST, configDigest: null },
    });
  });
  test('a file of another container is refused', () => expect(readDockerConfig('x', bytes(config))).toBeNull());
});

describe.each(['containerd', 'cri-o'] as const)('%s', (runtime) => {
  const names = CRI_NAMES[runtime];
  const annotations = {
    [names.namespace]: 'shop',
    [names.pod]: 'web-1',
    [names.podUid]: 'uid',
    [names.container]: 'nginx',
    [names.reference]: 'nginx:1',
    ...(names.manifest !== null && { [names.manifest]: `nginx@${DIGEST}` }),
  };
  test('pod, container and image', () => {
    expect(readCriBundle(runtime, bytes({ annotations }))).toEqual({
      name: 'nginx',
      image: { reference: 'nginx:1', manifestDigest: names.manifest === null ? null : DIGEST, configDigest: null },
      kubernetes: { namespace: 'shop', pod: 'web-1', podUid: 'uid', container: 'nginx' },
    });
  });
  test('half an identity is none', () => {
    const { [names.pod]: _, ...rest } = annotations;
    expect(readCriBundle(runtime, bytes({ annotations: rest }))?.kubernetes).toBeNull();
    expect(readCriBundle(runtime, bytes({}))).toBeNull();
  });
});

test('any bytes and any values: null or a state, never an exception', () => {
  const readers = [
    readRuncState,
    (file: Uint8Array) => readStoredContainer(ID, file, file),
    (file: Uint8Array) => readDockerConfig(ID, file),
    (file: Uint8Array) => readCriBundle('containerd', file),
    (file: Uint8Array) => readCriBundle('cri-o', file),
  ];
  const anything = fc.oneof(
    fc.uint8Array(),
    fc
      .anything({ withNullPrototype: false, maxDepth: 3 })
      .map((value) => new TextEncoder().encode(JSON.stringify(value) ?? '')),
    fc.jsonValue().map((value) => bytes([{ id: ID, ...Object(value) }])),
  );
  fc.assert(
    fc.property(anything, (file) => readers.every((read) => read(file) === null || typeof read(file) === 'object')),
  );
});
