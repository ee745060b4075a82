import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Json, pod, podSpec, requestOf, workloadOfKind } from '../../../test/support/admission-reviews.ts';
import { LIMITS, type Limits } from '../limits.ts';
import { imagesOf, POD_KINDS, readWorkload, type Workload } from './workload.ts';

function read(object: Json, limits: Limits = LIMITS): Workload {
  const reading = readWorkload(object, requestOf(object), limits);
  if ('refused' in reading) throw new Error(reading.refused);
  return reading.workload;
}
const refusal = (object: Json, limits: Limits = LIMITS) => {
  const reading = readWorkload(object, requestOf(object), limits);
  return 'refused' in reading ? reading.refused : 'it was read';
};

const SPEC = podSpec({
  hostPID: true,
  initContainers: [
    { name: 'setup', image: 'a' },
    { name: 'mesh', image: 'b', restartPolicy: 'Always' },
  ],
  ephemeralContainers: [{ name: 'debugger', image: 'c' }],
  volumes: [
    { name: 'model', image: { reference: 'd:1' } },
    { name: 'tmp', emptyDir: {} },
  ],
});

describe('the normal form', () => {
  test('has every container by what it is, and where it stands', () => {
    const { containers, pod: template } = read(workloadOfKind('Deployment', SPEC));
    expect(containers.map(({ name, role, path }) => [name, role, path])).toEqual([
      ['setup', 'init', 'spec.template.spec.initContainers[0]'],
      ['mesh', 'sidecar', 'spec.template.spec.initContainers[1]'],
      ['app', 'container', 'spec.template.spec.containers[0]'],
      ['debugger', 'ephemeral', 'spec.template.spec.ephemeralContainers[0]'],
    ]);
    expect(template).toEqual({
      path: 'spec.template.spec',
      labels: { app: 'web' },
      annotations: {},
      spec: { hostPID: true, volumes: SPEC.volumes },
    });
  });
  test('is the same for every kind that makes Pods, but for where things stand', () => {
    const kinds = POD_KINDS.map((name) => name.split('/')[1]!).filter((kind) => !/^Pod/.test(kind));
    expect(kinds).toHaveLength(7);
    for (const kind of kinds) {
      const { containers } = read(workloadOfKind(kind, SPEC));
      expect(
        containers.map(({ spec }) => spec),
        kind,
      ).toEqual(read(pod(SPEC)).containers.map(({ spec }) => spec));
      expect(containers[0]!.path, kind).toMatch(/^spec\.(?:jobTemplate\.spec\.)?template\.spec\.initContainers\[0\]$/);
    }
  });
  test('of a kind with the name of another group runs nothing', () => {
    expect(read({ ...workloadOfKind('Deployment', SPEC), apiVersion: 'evil.example/v1' }).pod).toBeNull();
  });
  test('keeps of annotations those that change what a container may do', () => {
    const annotations = {
      'container.apparmor.security.beta.kubernetes.io/app': 'unconfined',
      'kubectl.kubernetes.io/last-applied-configuration': 'secret',
    };
    expect(read(pod(SPEC, { annotations })).pod?.annotations).toEqual({
      'container.apparmor.security.beta.kubernetes.io/app': 'unconfined',
    });
  });
  test('of what runs nothing is the object, without status and owners', () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'r', managedFields: [1] },
      rules: [{ verbs: ['*'] }],
      status: {},
    };
    expect(read(role)).toMatchObject({ pod: null, containers: [], namespace: null });
    expect(read(role).object).toEqual({
      apiVersion: role.apiVersion,
      kind: 'ClusterRole',
      metadata: { name: 'r', labels: {} },
      rules: role.rules,
    });
  });
  test('names the controller', () => {
    const ownerReferences = [
      { kind: 'Node', name: 'n' },
      { kind: 'ReplicaSet', name: 'web-1', controller: true },
    ];
    expect(read(pod(SPEC, { ownerReferences })).owner).toEqual({ kind: 'ReplicaSet', name: 'web-1' });
  });
  test.each<[string, Json, string]>([
    ['no spec', { ...pod(), spec: 7 }, 'spec is 7'],
    ['no template', { ...workloadOfKind('Job'), spec: {} }, 'spec.template.spec is nothing'],
    ['containers that are no list', pod({ containers: {} }), 'spec.containers is an object'],
    ['a container that is none', pod({ containers: ['x'] }), 'spec.containers[0] is "x"'],
    ['a container without a name', pod({ containers: [{ image: 'a' }] }), 'spec.containers[0].name is nothing'],
    ['an image that is none', pod(podSpec({}, { image: ['a'] })), 'spec.containers[0].image is a list'],
  ])('is refused: %s', (_, object, why) => expect(refusal(object)).toContain(why));
  test('has as many containers as reviewContainers, and no more', () => {
    const containers = Array.from({ length: 4 }, (_, i) => ({ name: `c${i}`, image: 'a' }));
    expect(refusal(pod({ containers }), { ...LIMITS, reviewContainers: 4 })).toBe('it was read');
    expect(refusal(pod({ containers }), { ...LIMITS, reviewContainers: 3 })).toContain('reviewContainers (3)');
  });
});

describe('images', () => {
  test('are those of all containers and volumes, each once', () => {
    expect(imagesOf(read(pod(SPEC))).map(({ text, usedBy }) => [text, usedBy])).toEqual([
      ['a', ['setup']],
      ['b', ['mesh']],
      ['registry.example/app:1', ['app']],
      ['c', ['debugger']],
      ['d:1', ['volume model']],
    ]);
  });
  const one = (image: string) => imagesOf(read(pod(podSpec({}, { image }))))[0];
  test('are read as references', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(one(`localhost:5000/a/b:1@${digest}`)?.reference).toEqual({
      registry: 'localhost:5000',
      repository: 'a/b',
      tag: '1',
      digest,
    });
    expect(one('nginx')?.reference).toEqual({
      registry: 'docker.io',
      repository: 'library/nginx',
      tag: 'latest',
      digest: null,
    });
  });
  test.each([
    ' nginx',
    'nginx ',
    'NGINX',
    'nginx@sha256:abc',
    'registry.example/ａpp:1',
    'https://x/y',
    'a'.repeat(300),
  ])('say why they are none: %s', (image) => {
    expect(one(image)).toMatchObject({ reference: null, problem: expect.stringContaining('names no image') });
  });
  test('no spec makes it throw', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.constantFrom('containers', 'volumes', 'initContainers'),
        (value, field) => {
          const object = pod(podSpec({ [field]: value }));
          const reading = readWorkload(object, requestOf(object), LIMITS);
          if ('workload' in reading) imagesOf(reading.workload);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
