import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiServer } from '../../services/adapters/kubernetes/api-server.ts';
import { KubernetesCaBundles } from '../../services/adapters/kubernetes/ca-bundles.ts';
import { KubernetesEvents } from '../../services/adapters/kubernetes/events.ts';
import { kubeconfigAccess } from '../../services/adapters/kubernetes/kubeconfig.ts';
import { KubernetesQuestions } from '../../services/adapters/kubernetes/questions.ts';
import { KubernetesSecret } from '../../services/adapters/kubernetes/shared-secret.ts';
import { KubernetesWatcher } from '../../services/adapters/kubernetes/watch-objects.ts';
import { type ChartObject, HAS_HELM, helm, LEAST_VALUES, RELEASE_NAMESPACE, renderChart } from '../support/chart.ts';
import { HAS_CLUSTER, type KubeCluster, startCluster } from '../support/kube-cluster.ts';

const EVERYTHING = {
  ...LEAST_VALUES,
  queue: { secretName: 'redis' },
  webhooks: { registriesSecretName: 'registries' },
  worker: { storage: { existingClaim: 'advisories' }, databaseUpdate: ['--feeds', 'debian'] },
  admission: {
    ...LEAST_VALUES.admission,
    mutate: true,
    exemptNamespaces: ['monitoring'],
    clientCa: '-----BEGIN CERTIFICATE-----',
    clientNames: ['kube-apiserver'],
  },
  networkPolicy: { apiServerCidrs: ['10.1.0.0/16'], clients: [{ podSelector: {} }] },
  nodeSelector: { pool: 'tools' },
  tolerations: [{ key: 'tools', operator: 'Exists' }],
};
const CERT_MANAGER = {
  ...LEAST_VALUES,
  admission: {
    ...LEAST_VALUES.admission,
    certificates: { source: 'cert-manager', issuerRef: { name: 'ca', kind: 'ClusterIssuer' } },
  },
};

const named = (objects: readonly ChartObject[], kind: string, name: string): ChartObject =>
  objects.find((object) => object.kind === kind && object.metadata.name === name)!;

describe.skipIf(!HAS_HELM)('the chart (needs helm)', () => {
  test.each([
    ['the least values', LEAST_VALUES],
    ['all values', EVERYTHING],
    ['cert-manager', CERT_MANAGER],
  ])('helm lint finds nothing with %s', (_, values) => {
    expect(helm('lint', values, ['--strict'])).toMatchObject({ status: 0 });
  });

  test.each<[string, object, RegExp]>([
    ['no image', { store: LEAST_VALUES.store }, /image/],
    ['an image by neither tag nor digest', { ...LEAST_VALUES, image: { repository: 'r' } }, /image/],
    ['the tag latest', { ...LEAST_VALUES, image: { repository: 'r', tag: 'latest' } }, /tag/],
    ['no store', { image: LEAST_VALUES.image }, /store/],
    ['a misspelt value', { ...LEAST_VALUES, replicas: 3 }, /replicas/],
    [
      'a failure policy of its own',
      { ...LEAST_VALUES, admission: { failurePolicy: { critical: 'Maybe' } } },
      /critical/,
    ],
    ['a short secret of the path', { ...LEAST_VALUES, admission: { pathSecret: 'short' } }, /pathSecret/],
    [
      'cert-manager without an issuer',
      { ...LEAST_VALUES, admission: { certificates: { source: 'cert-manager' } } },
      /issuerRef/,
    ],
  ])('%s is refused before anything is installed', (_, values, message) => {
    expect(() => renderChart(values)).toThrow(message);
  });

  test('the two paths differ in failure policy alone, and exempt namespaces by name', () => {
    const objects = renderChart(EVERYTHING);
    const { webhooks } = named(objects, 'ValidatingWebhookConfiguration', 'plimsoll-admission');
    const [critical, all] = webhooks;
    expect([critical.failurePolicy, all.failurePolicy]).toEqual(['Fail', 'Ignore']);
    const secret = 'x'.repeat(16);
    expect([critical.clientConfig.service.path, all.clientConfig.service.path]).toEqual([
      `/admission/validate/critical/${secret}`,
      `/admission/validate/${secret}`,
    ]);
    expect({ ...critical, name: '', failurePolicy: '', clientConfig: {} }).toEqual({
      ...all,
      name: '',
      failurePolicy: '',
      clientConfig: {},
    });
    expect(critical).toMatchObject({ sideEffects: 'NoneOnDryRun', timeoutSeconds: 5 });
    const exempt = ['kube-system', 'kube-node-lease', RELEASE_NAMESPACE, 'monitoring'];
    expect(critical.namespaceSelector).toEqual({
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: exempt }],
    });
    const policy = JSON.parse(named(objects, 'Secret', 'plimsoll-settings').stringData['policy.json']);
    expect(policy.admission.exemptNamespaces).toEqual(exempt);
    const mutating = named(objects, 'MutatingWebhookConfiguration', 'plimsoll-admission').webhooks[0];
    expect(mutating).toMatchObject({ reinvocationPolicy: 'IfNeeded', failurePolicy: 'Ignore' });
    expect(renderChart(LEAST_VALUES).map(({ kind }) => kind)).not.toContain('MutatingWebhookConfiguration');
  });

  test('each part has two replicas that keep apart, and one may be away', () => {
    const objects = renderChart(LEAST_VALUES);
    for (const part of ['api', 'worker', 'webhooks', 'admission']) {
      const { spec } = named(objects, 'Deployment', `plimsoll-${part}`);
      expect(spec.replicas).toBe(2);
      const { matchLabels } = spec.selector;
      const { affinity, topologySpreadConstraints } = spec.template.spec;
      const [{ podAffinityTerm }] = affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
      expect(podAffinityTerm).toEqual({ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels } });
      expect(topologySpreadConstraints[0].labelSelector).toEqual({ matchLabels });
      expect(named(objects, 'PodDisruptionBudget', `plimsoll-${part}`).spec).toEqual({
        maxUnavailable: 1,
        selector: { matchLabels },
      });
      expect(named(objects, 'NetworkPolicy', `plimsoll-${part}`).spec.podSelector).toEqual({ matchLabels });
      expect(named(objects, 'Service', `plimsoll-${part}`).spec.selector).toEqual(matchLabels);
      expect(spec.template.spec.automountServiceAccountToken).toBe(part === 'admission');
    }
  });

  describe.skipIf(!HAS_CLUSTER)('on a Kubernetes API server (needs kube-apiserver, kubectl, etcd and openssl)', () => {
    let cluster: KubeCluster;
    const undo: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      cluster = await startCluster((close) => undo.push(close));
      const labels = {
        'pod-security.kubernetes.io/enforce': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
      };
      await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: RELEASE_NAMESPACE, labels } });
    });
    afterAll(async () => {
      for (const step of undo.reverse()) await step();
    });

    test.each([
      ['the least values', LEAST_VALUES],
      ['all values', EVERYTHING],
      ['cert-manager', CERT_MANAGER],
    ])('every object is accepted with %s, without a warning, with strict validation', async (_, values) => {
      // cert-manager's own kinds are not of Kubernetes.
      const items = renderChart(values).filter(({ kind }) => kind !== 'Certificate');
      const list = { apiVersion: 'v1', kind: 'List', items };
      const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
      const { code, stdout, stderr } = await cluster.kubectl(args, { input: list });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.trim().split('\n')).toHaveLength(items.length);
    });

    test('its Pods are admitted where the restricted Pod Security Standard is enforced', async () => {
      const deployments = renderChart(EVERYTHING).filter(({ kind }) => kind === 'Deployment');
      for (const { metadata, spec } of deployments) {
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { ...metadata, ...spec.template.metadata },
          spec: spec.template.spec,
        };
        const args = ['create', '--dry-run=server', '-f', '-'];
        expect(await cluster.kubectl(args, { input: pod })).toMatchObject({ code: 0, stderr: '' });
        // The same enforcement refuses what it should.
        const loose = { ...pod, spec: { ...pod.spec, hostNetwork: true } };
        expect(await cluster.kubectl(args, { input: loose })).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/violates PodSecurity/),
        });
      }
    });

    test('the rights of admission suffice for all that it asks, and for nothing else', async () => {
      const rights = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'ServiceAccount', 'Secret'];
      const wanted = [...rights, 'ValidatingWebhookConfiguration'];
      await cluster.apply(...renderChart(LEAST_VALUES).filter(({ kind }) => wanted.includes(kind)));
      const { stdout } = await cluster.kubectl(['create', 'token', 'plimsoll-admission', '-n', RELEASE_NAMESPACE]);
      const admin = await kubeconfigAccess(cluster.kubeconfig, null);
      const credentials = { kind: 'token', token: async () => stdout.trim() } as const;
      const server = new ApiServer({ ...admin, credentials });
      undo.push(() => server.close());
      const { signal } = new AbortController();
      const questions = new KubernetesQuestions(server);
      expect(await questions.pod('default', 'absent', signal)).toBeNull();
      const attributes = { verb: 'breakglass', group: 'admission.plimsoll.io', resource: 'denials' };
      expect(await questions.mayUser({ username: 'ada' }, attributes, signal)).toBe(false);
      const configuration = { kind: 'ValidatingWebhookConfiguration', name: 'plimsoll-admission' } as const;
      const { certificate } = cluster.authority.own;
      expect(await new KubernetesCaBundles(server).setCaBundle(configuration, certificate, signal)).toBe(true);
      const secret = new KubernetesSecret(server, RELEASE_NAMESPACE, 'plimsoll-admission-certificates');
      expect(await secret.read(signal)).toBeNull();
      expect(await secret.replace('content', null, signal)).toBe(true);
      const regarding = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'refused' };
      const event = { type: 'Warning', reason: 'PlimsollDenied', message: 'no', regarding } as const;
      const events = new KubernetesEvents(server, 'replica-1');
      await events.emit(event, signal);
      await events.emit(event, signal);
      for (const resource of ['pods', 'namespaces'] as const) {
        const over = new AbortController();
        const sink = { put: () => {}, gone: () => {}, relist: () => {}, listed: () => over.abort() };
        const warnings: string[] = [];
        await new KubernetesWatcher(server, (message) => {
          warnings.push(message);
          over.abort();
        }).watch(resource, sink, over.signal);
        expect(warnings).toEqual([]);
      }
      const others = new KubernetesSecret(server, RELEASE_NAMESPACE, 'plimsoll-settings');
      await expect(others.read(signal)).rejects.toMatchObject({ code: 'KUBERNETES_DENIED' });
      await expect(new KubernetesSecret(server, 'default', 'new').replace('x', null, signal)).rejects.toMatchObject({
        code: 'KUBERNETES_DENIED',
      });
    });
  });
});
