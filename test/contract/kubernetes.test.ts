import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiServer } from '../../services/adapters/kubernetes/api-server.ts';
import { KubernetesCaBundles } from '../../services/adapters/kubernetes/ca-bundles.ts';
import type { ClusterAccess } from '../../services/adapters/kubernetes/cluster-access.ts';
import { KubernetesEvents } from '../../services/adapters/kubernetes/events.ts';
import { kubeconfigAccess } from '../../services/adapters/kubernetes/kubeconfig.ts';
import { KubernetesQuestions } from '../../services/adapters/kubernetes/questions.ts';
import { KubernetesSecret } from '../../services/adapters/kubernetes/shared-secret.ts';
import { KubernetesWatcher } from '../../services/adapters/kubernetes/watch-objects.ts';
import type { ObjectEvent } from '../../services/pipeline/admission-ports.ts';
import { HAS_CLUSTER, type KubeCluster, startCluster } from '../support/kube-cluster.ts';

/* What the ports of admission ask of Kubernetes, on a real API server. */

const { signal } = new AbortController();
const pod = (name: string, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
  spec: { containers: [{ name: 'c', image: 'registry.example/app:1' }] },
});

describe.skipIf(!HAS_CLUSTER)('a Kubernetes API server (needs kube-apiserver, kubectl, etcd and openssl)', () => {
  let cluster: KubeCluster;
  let server: ApiServer;
  const undo: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    cluster = await startCluster((close) => undo.push(close));
    server = new ApiServer(await kubeconfigAccess(cluster.kubeconfig, null));
    undo.push(() => server.close());
  });
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });

  /** Asks as somebody else. */
  const as = async <T>(access: ClusterAccess, ask: (server: ApiServer) => Promise<T>): Promise<T> => {
    const other = new ApiServer(access);
    return ask(other).finally(() => other.close());
  };
  const anyPod = (asked: ApiServer) => new KubernetesQuestions(asked).pod('default', 'absent', signal);

  test('a client certificate and a token are taken, a wrong token, a wrong authority and missing rights are told apart', async () => {
    expect(await anyPod(server)).toBeNull();
    const ada = await kubeconfigAccess(cluster.userWithToken('ada'), null);
    await expect(as(ada, anyPod)).rejects.toMatchObject({
      code: 'KUBERNETES_DENIED',
      message: expect.stringMatching(/403: pods "absent" is forbidden: User "ada" .*docs\/admission.md/),
    });
    // The cluster has no controller that would fill its own role "view".
    await cluster.kubectl(['create', 'clusterrole', 'reads-pods', '--verb=get', '--resource=pods']);
    await cluster.kubectl(['create', 'clusterrolebinding', 'ada-reads', '--clusterrole=reads-pods', '--user=ada']);
    await expect.poll(() => as(ada, anyPod).catch(() => 'denied'), { timeout: 30_000 }).toBeNull();
    const forged = { ...ada, credentials: { kind: 'token', token: async () => 'forged' } } as const;
    await expect(as(forged, anyPod)).rejects.toMatchObject({ code: 'KUBERNETES_DENIED', details: { status: 401 } });
    const mistrusting = { ...ada, ca: cluster.webhookClient.certificate };
    await expect(as(mistrusting, anyPod)).rejects.toMatchObject({
      code: 'KUBERNETES_UNAVAILABLE',
      message: expect.stringMatching(/certificate is not trusted/),
    });
  });

  test('Pods are listed, then followed: made, changed, gone', async () => {
    await cluster.apply(pod('first'));
    const told: string[] = [];
    const over = new AbortController();
    const nameOf = (object: unknown) => {
      const { metadata } = object as { metadata: { name: string; labels?: { tier?: string } } };
      return `${metadata.name} ${metadata.labels?.tier ?? ''}`.trim();
    };
    const watching = new KubernetesWatcher(server, (message) => told.push(message)).watch(
      'pods',
      {
        put: (object) => told.push(`put ${nameOf(object)}`),
        gone: (namespace, name) => told.push(`gone ${namespace}/${name}`),
        relist: () => told.push('relist'),
        listed: () => told.push('listed'),
      },
      over.signal,
    );
    await expect.poll(() => told, { timeout: 60_000 }).toContain('listed');
    await cluster.apply(pod('second', { tier: 'a' }));
    await cluster.apply(pod('second', { tier: 'b' }));
    await cluster.kubectl(['delete', 'pod', 'first', '--grace-period=0', '--force', '--wait=false']);
    await expect.poll(() => told, { timeout: 60_000 }).toContain('gone default/first');
    over.abort();
    await watching;
    expect(told.filter((text, index) => text !== told[index - 1])).toEqual([
      'relist',
      'put first',
      'listed',
      'put second a',
      'put second b',
      // As it is being deleted.
      'put first',
      'gone default/first',
    ]);
  });

  test('namespaces are listed too, and a Pod is read by its name', async () => {
    const names: string[] = [];
    const over = new AbortController();
    await new KubernetesWatcher(server, () => {}).watch(
      'namespaces',
      {
        put: (object) => names.push((object as { metadata: { name: string } }).metadata.name),
        gone: () => {},
        relist: () => {},
        listed: () => over.abort(),
      },
      over.signal,
    );
    expect(names).toEqual(expect.arrayContaining(['default', 'kube-system']));
    await cluster.apply(pod('read'));
    expect(await new KubernetesQuestions(server).pod('default', 'read', signal)).toMatchObject({
      metadata: { name: 'read' },
      spec: { containers: [{ image: 'registry.example/app:1' }] },
    });
  });

  test('who may break the glass is what the roles of the cluster say, by name and by group', async () => {
    const attributes = { verb: 'breakglass', group: 'admission.plimsoll.io', resource: 'denials', namespace: 'shop' };
    const questions = new KubernetesQuestions(server);
    const may = (username: string, groups: readonly string[] = []) =>
      questions.mayUser({ username, groups, extra: { scopes: ['a'] } }, attributes, signal);
    expect([await may('ben'), await may('root', ['system:masters'])]).toEqual([false, true]);
    await cluster.apply(
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'breaks-glass' },
        rules: [{ apiGroups: ['admission.plimsoll.io'], resources: ['denials'], verbs: ['breakglass'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'breaks-glass' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'breaks-glass' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'on-call' }],
      },
    );
    await expect.poll(() => may('ben', ['on-call']), { timeout: 30_000 }).toBe(true);
    expect(await may('ben', ['off-call'])).toBe(false);
  });

  test('a caBundle is written into every webhook of a configuration, and nothing else of it', async () => {
    const webhook = (name: string) => ({
      name,
      clientConfig: { url: 'https://127.0.0.1:1/x' },
      rules: [{ apiGroups: ['apps.example'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['never'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 3,
    });
    for (const kind of ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'] as const) {
      await cluster.apply({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind,
        metadata: { name: 'bundles' },
        webhooks: ['a.example.io', 'b.example.io'].map(webhook),
      });
      const stored = async () => JSON.parse((await cluster.kubectl(['get', kind, 'bundles', '-o', 'json'])).stdout);
      const before = await stored();
      const caBundle = `${cluster.authority.own.certificate}${cluster.authority.own.certificate}`;
      const bundles = new KubernetesCaBundles(server);
      expect(await bundles.setCaBundle({ kind, name: 'bundles' }, caBundle, signal)).toBe(true);
      const after = await stored();
      for (const { clientConfig } of after.webhooks) {
        expect(Buffer.from(clientConfig.caBundle, 'base64').toString('utf8')).toBe(caBundle);
        delete clientConfig.caBundle;
      }
      expect(after.webhooks).toEqual(before.webhooks);
      expect(await bundles.setCaBundle({ kind, name: 'bundles' }, caBundle, signal)).toBe(true);
      expect((await stored()).metadata.resourceVersion).toBe(after.metadata.resourceVersion);
      expect(await bundles.setCaBundle({ kind, name: 'absent' }, caBundle, signal)).toBe(false);
    }
  });

  test('an Event is one that kubectl shows; the same again counts up, also of an object that was never made', async () => {
    const events = new KubernetesEvents(server, 'replica-1');
    const regarding = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'refused' };
    const event: ObjectEvent = { type: 'Warning', reason: 'PlimsollDenied', message: 'é'.repeat(2_000), regarding };
    await events.emit(event, signal);
    await events.emit(event, signal);
    await events.emit({ ...event, regarding: { ...regarding, name: '' } }, signal);
    await events.emit(
      { ...event, regarding: { ...regarding, kind: 'ClusterRole', namespace: '', name: 'wild' } },
      signal,
    );
    const found = async () => {
      const selector = '--field-selector=reason=PlimsollDenied';
      const { stdout } = await cluster.kubectl(['get', 'events', '-n', 'default', selector, '-o', 'json']);
      return (JSON.parse(stdout).items as { count: number; message: string; involvedObject: { name?: string } }[])
        .map(({ count, message, involvedObject }) => [involvedObject.name ?? '', count, Buffer.byteLength(message)])
        .sort();
    };
    expect(await found()).toEqual([
      ['', 1, expect.any(Number)],
      ['refused', 2, expect.any(Number)],
      ['wild', 1, expect.any(Number)],
    ]);
    expect((await found()).every(([, , bytes]) => (bytes as number) <= 1_024)).toBe(true);
    await cluster.kubectl(['delete', 'events', '-n', 'default', '--all']);
    await events.emit(event, signal);
    expect(await found()).toEqual([['refused', 1, expect.any(Number)]]);
  });

  test('of two who write one secret, the one who knows its newest version writes', async () => {
    const secret = new KubernetesSecret(server, 'default', 'certificates');
    expect(await secret.read(signal)).toBeNull();
    expect(await secret.replace('one', null, signal)).toBe(true);
    expect(await secret.replace('other', null, signal)).toBe(false);
    const { text, version } = (await secret.read(signal))!;
    expect(text).toBe('one');
    expect(await secret.replace('two', version, signal)).toBe(true);
    expect(await secret.replace('late', version, signal)).toBe(false);
    expect((await secret.read(signal))!.text).toBe('two');
    await cluster.kubectl(['create', 'secret', 'generic', 'empty']);
    const empty = new KubernetesSecret(server, 'default', 'empty');
    expect(await empty.read(signal)).toBeNull();
    expect(await empty.replace('first', null, signal)).toBe(true);
    expect(await empty.replace('late', null, signal)).toBe(false);
    expect((await empty.read(signal))!.text).toBe('first');
    await cluster.kubectl(['delete', 'secret', 'certificates']);
    expect(await secret.replace('three', version, signal)).toBe(false);
    await expect(new KubernetesSecret(server, 'nowhere', 'x').replace('x', null, signal)).rejects.toThrow(/404/);
  });
});
