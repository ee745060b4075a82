import { describe, expect, test } from 'vitest';
import { bytesOf, type Json, pod, podSpec, review, workloadOfKind } from '../../test/support/admission-reviews.ts';
import { evaluatorOf, NOW, ruleOf, testGate } from '../../test/support/answered-reviews.ts';
import { BREAK_GLASS_REASON, BREAK_GLASS_UNTIL } from '../domain/admission/break-glass.ts';
import { EXEMPT_LABEL } from '../domain/admission/exempt-label.ts';
import type { ImageVerdict } from '../domain/verdict/judged-image.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const PINNED = podSpec({ containers: [{ name: 'app', image: `r.example/app@${DIGEST}` }] });
const denies = () => evaluatorOf(() => [{ rule: 'root', message: 'runs as root' }]);
const verdict = (decision: ImageVerdict['decision']): ImageVerdict => {
  return {
    digest: DIGEST,
    decision,
    counts: null,
    violations: [],
    violationCount: 0,
    reasons: [],
    scannedAt: '2026-01-01T00:00:00Z',
  };
};
const never = () => new Promise<never>(() => {});

describe('a review', () => {
  test('is answered by the rules, and leaves a record', async () => {
    const gate = testGate({ evaluator: denies(), verdictOf: async () => verdict('fail') });
    expect(await gate.ask(bytesOf(review(pod(PINNED))))).toMatchObject({ allowed: false });
    expect(gate.answered[0]).toMatchObject({
      answer: 'denied',
      failure: null,
      admitted: [],
      record: {
        caller: 'api-server',
        kind: 'Pod',
        namespace: 'shop',
        user: 'alice',
        violations: [{ rule: 'root', effect: 'denied', message: 'runs as root' }],
        images: [{ text: `r.example/app@${DIGEST}`, digest: DIGEST, decision: 'fail' }],
      },
    });
  });

  test('that is admitted tells of the digests that it let in, but of none that fails', async () => {
    const gate = testGate({ verdictOf: async () => verdict('pass') });
    await gate.ask(bytesOf(review(pod(PINNED))));
    expect(gate.answered[0]).toMatchObject({ answer: 'allowed', admitted: [DIGEST] });
    const failing = testGate({ verdictOf: async () => verdict('fail') });
    await failing.ask(bytesOf(review(pod(PINNED))));
    expect(failing.answered[0]!.admitted).toEqual([]);
  });

  test('of a dry run is judged and leaves nothing', async () => {
    const gate = testGate({ evaluator: denies() });
    expect(await gate.ask(bytesOf(review(pod(), { dryRun: true })))).toMatchObject({ allowed: false });
    expect(gate.answered[0]).toMatchObject({ answer: 'denied', record: null, admitted: [] });
    expect(gate.scans).toEqual([]);
  });

  test('without a client certificate says so in its record', async () => {
    const gate = testGate();
    await gate.ask(bytesOf(review(pod())), { authenticated: false });
    expect(gate.answered[0]!.record).toMatchObject({ caller: 'unauthenticated caller' });
  });

  test('of a session records what was asked for', async () => {
    const pods = { find: async () => pod() };
    const gate = testGate({ pods });
    const object = {
      apiVersion: 'v1',
      kind: 'PodExecOptions',
      container: 'app',
      command: ['sh', '-c', 'id'],
      tty: true,
    };
    const connect = { kind: { group: '', version: 'v1', kind: 'PodExecOptions' }, subResource: 'exec', name: 'web' };
    const request = { ...connect, resource: { group: '', version: 'v1', resource: 'pods' }, namespace: 'shop' };
    expect(await gate.ask(bytesOf(review(object, { ...request, operation: 'CONNECT' })))).toMatchObject({
      allowed: true,
    });
    expect(gate.answered[0]!.record).toMatchObject({
      operation: 'CONNECT',
      session: { verb: 'exec', container: 'app', command: ['sh', '-c', 'id'], tty: true, stdin: false },
    });
  });

  test('of a Pod that a controller made is judged without the name that chance gave it', async () => {
    const evaluator = evaluatorOf(() => []);
    const gate = testGate({ evaluator });
    const owned = (name: string) =>
      pod(podSpec(), { name, ownerReferences: [{ kind: 'ReplicaSet', name: 'web-1', uid: 'u', controller: true }] });
    await gate.ask(bytesOf(review(owned('web-1-abcde'))));
    await gate.ask(bytesOf(review(owned('web-1-fghij'))));
    await gate.ask(bytesOf(review(pod(podSpec(), { name: 'bare' }))));
    expect(evaluator.asked.map(({ workload }) => workload?.name)).toEqual([null, null, 'bare']);
    expect(gate.answered.map(({ record }) => record?.name)).toEqual(['web-1-abcde', 'web-1-fghij', 'bare']);
  });
});

describe('the answer to failure of a path', () => {
  const cases: [string, Parameters<typeof testGate>[0], string][] = [
    ['a policy that does not answer in time', { evaluator: evaluatorOf(never) }, 'deadline'],
    ['a store that does not answer', { verdictOf: () => Promise.reject(new Error('no connection')) }, 'store'],
    ['a policy that fails', { evaluator: evaluatorOf(async () => ({ failure: 'it was ended' })) }, 'policy'],
    ['a fault of our own', { evaluator: evaluatorOf(() => Promise.reject(new Error('broken'))) }, 'internal'],
  ];
  test.each(cases)('holds for %s', async (_name, options, reason) => {
    const others = options?.evaluator ?? evaluatorOf(() => [], [ruleOf('root'), ruleOf('other', { critical: false })]);
    const gate = testGate({ ...options, evaluator: others });
    expect(await gate.ask(bytesOf(review(pod(PINNED))), { ms: 300 })).toMatchObject({ allowed: false });
    expect(await gate.ask(bytesOf(review(pod(PINNED))), { ms: 300, path: 'validate' })).toMatchObject({
      allowed: true,
      warnings: [expect.any(String)],
    });
    expect(gate.answered.map(({ failure }) => failure?.reason)).toEqual([reason, reason]);
  });

  test('is not that of an object that cannot be judged: who wrote it must not gain by it', async () => {
    const gate = testGate({ limits: { reviewContainers: 2 } });
    const containers = ['a', 'b', 'c'].map((name) => ({ name, image: 'r.example/app:1' }));
    for (const object of [pod({ containers }), pod({ containers: 'none' })]) {
      for (const path of ['critical', 'validate'] as const) {
        expect(await gate.ask(bytesOf(review(object)), { path })).toMatchObject({ allowed: false });
      }
    }
  });

  test('is not that of a review past a limit, whose uid is known', async () => {
    const gate = testGate({ limits: { reviewValues: 10 } });
    const text = JSON.stringify(review(pod())).replace(
      '"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"',
      '"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"',
    );
    const { uid } = review(pod()).request as Json;
    expect(await gate.ask(Buffer.from(text), { path: 'validate' })).toMatchObject({ allowed: false, uid });
    await expect(gate.ask(Buffer.from('{}'))).rejects.toMatchObject({ code: 'DELIVERY_INVALID' });
  });
});

describe('exempt namespaces', () => {
  const evaluator = denies();
  test('are those that are named, and those that are labelled and named', async () => {
    const labels = { lab: { [EXEMPT_LABEL]: 'true' }, shop: { [EXEMPT_LABEL]: 'true' }, lab2: {} };
    const gate = testGate({ evaluator, labels, labelledNamespaces: ['lab', 'lab2', 'unheard-of'] });
    const allowed = async (namespace: string) =>
      (await gate.ask(bytesOf(review(pod(podSpec(), { namespace }))))).allowed;
    expect(await allowed('kube-system')).toBe(true);
    expect(await allowed('lab')).toBe(true);
    for (const judged of ['shop', 'lab2', 'unheard-of']) expect(await allowed(judged)).toBe(false);
  });

  test('come not of a label that somebody sets', async () => {
    const gate = testGate({ labelledNamespaces: ['lab'] });
    const object = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop', labels: { [EXEMPT_LABEL]: 'true' } },
    };
    expect(await gate.ask(bytesOf(review(object)))).toMatchObject({
      allowed: false,
      status: { message: expect.stringContaining('labelledNamespaces') },
    });
  });
});

describe('break-glass', () => {
  const until = (ms: number) => new Date(NOW + ms).toISOString();
  const open = (ms = 3_600_000) => ({ [BREAK_GLASS_REASON]: 'outage', [BREAK_GLASS_UNTIL]: until(ms) });
  const deployment = (annotations: Json = open(), uid = 'deployment-uid', spec = podSpec()) => {
    const object = workloadOfKind('Deployment', spec);
    return { ...object, metadata: { ...(object.metadata as Json), uid, annotations } };
  };
  const owned = (
    kind: 'ReplicaSet' | 'Pod',
    uid: string,
    ownerUid: string,
    spec = podSpec(),
    annotations: Json = {},
  ) => {
    const object = kind === 'Pod' ? pod(spec) : workloadOfKind(kind, spec);
    const ownerReferences = [{ kind: 'Deployment', name: 'web', uid: ownerUid, controller: true }];
    return { ...object, metadata: { ...(object.metadata as Json), uid, ownerReferences, annotations } };
  };
  const byController = { userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller' } };
  const gateOf = () => testGate({ evaluator: denies(), mayUser: ({ username }) => username === 'alice' });

  test('opens what is asked for, and what comes of it, down to its Pods', async () => {
    const gate = gateOf();
    expect(await gate.ask(bytesOf(review(deployment())))).toMatchObject({
      allowed: true,
      warnings: [expect.any(String)],
    });
    // Controllers copy the annotations of a Deployment to its ReplicaSets.
    const set = owned('ReplicaSet', 'set-uid', 'deployment-uid', podSpec(), open());
    expect(await gate.ask(bytesOf(review(set, byController)))).toMatchObject({ allowed: true });
    expect(await gate.ask(bytesOf(review(owned('Pod', 'pod-uid', 'set-uid'), byController)))).toMatchObject({
      allowed: true,
    });
    expect(gate.answered.map(({ breakGlass }) => breakGlass && 'grant' in breakGlass && breakGlass.isNew)).toEqual([
      true,
      false,
      false,
    ]);
    expect(gate.answered.map(({ record }) => record?.breakGlass)).toEqual(
      Array.from({ length: 3 }, () => ({ user: 'alice', reason: 'outage', expiresAt: until(3_600_000) })),
    );
  });

  test.each<[string, Json, Json]>([
    [
      'annotations that somebody copied who may not',
      deployment(open(), 'other-uid'),
      { userInfo: { username: 'mallory' } },
    ],
    [
      'a Pod that names the UID, and runs another image',
      owned('Pod', 'x', 'deployment-uid', podSpec({}, { image: 'r.example/miner:1' })),
      {},
    ],
    ['a Pod that names the UID, and may do more', owned('Pod', 'x', 'deployment-uid', podSpec({ hostPID: true })), {}],
    ['a Pod that names no UID', pod(), { userInfo: { username: 'mallory' } }],
    ['an end that has come', deployment(open(-1)), {}],
    ['an end after tomorrow', deployment(open(25 * 3_600_000), 'other-uid'), {}],
  ])('does not open %s', async (name, object, changes) => {
    const gate = gateOf();
    if (!name.includes('end')) await gate.ask(bytesOf(review(deployment())));
    const user = { userInfo: { username: name.includes('end') ? 'alice' : 'mallory' } };
    expect(await gate.ask(bytesOf(review(object, { ...user, ...changes })))).toMatchObject({ allowed: false });
  });

  test('of another namespace opens nothing', async () => {
    const gate = gateOf();
    await gate.ask(bytesOf(review(deployment())));
    const elsewhere = owned('Pod', 'x', 'deployment-uid');
    (elsewhere.metadata as Json).namespace = 'other';
    expect(await gate.ask(bytesOf(review(elsewhere, byController)))).toMatchObject({ allowed: false });
  });

  test('at a dry run is kept for nothing', async () => {
    const gate = gateOf();
    expect(await gate.ask(bytesOf(review(deployment(), { dryRun: true })))).toMatchObject({ allowed: true });
    expect(gate.grants).toEqual([]);
  });
});
