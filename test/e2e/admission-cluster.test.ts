import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AdmissionServer, CONFIGURATION, startAdmission } from '../support/admitting-cluster.ts';
import { HAS_HELM } from '../support/chart.ts';
import { HAS_DOCKER_REGISTRY, startDockerRegistry } from '../support/docker-registry.ts';
import { buildImage } from '../support/image-builder.ts';
import { type Answered, HAS_CLUSTER, type KubeCluster, startCluster } from '../support/kube-cluster.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { POSTGRES } from '../support/private-postgres.ts';
import { runCommand } from '../support/scan.ts';

/* Admission as users meet it: kubectl, a real API server, the chart's webhooks, rights and certificates. */

const IMAGE = `registry.example/app@sha256:${'a'.repeat(64)}`;

interface Registered {
  readonly file: string;
  readonly keys: string;
  readonly host: string;
  readonly good: string;
  readonly bad: string;
}

const debianWith = (openssl: string) =>
  buildImage({
    layers: [
      {
        entries: [
          file('etc/os-release', OS_RELEASE.debian),
          file('var/lib/dpkg/status', dpkgStatus([{ name: 'libssl3', version: openssl, source: 'openssl' }])),
        ],
      },
    ],
  });

/** A Pod that the restricted standard admits. */
const podSpec = (changes: object = {}) => ({
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, runAsUser: 1_000, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container(changes)],
});
const container = (changes: object = {}) => ({
  name: 'app',
  image: IMAGE,
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '64Mi' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    ...changes,
  },
});
const pod = (name: string, spec: object = podSpec(), namespace = 'shop', metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, ...metadata },
  spec,
});
const deployment = (name: string, template: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: template },
  },
});
const PRIVILEGED = podSpec({ privileged: true, allowPrivilegeEscalation: true });

const POLICY = {
  policy: {
    rules: {
      privileged_container: { mode: 'deny' },
      image_verdict: { mode: 'deny' },
      // Most images of this test were never scanned; who meets that is warned, and in one namespace denied.
      image_unscanned: { mode: 'warn' },
      exec_session: {
        mode: 'deny',
        params: { allow: [{ users: ['ada'], namespaces: ['shop'], workloads: ['Pod/good'] }] },
      },
    },
    scopes: [{ name: 'strict', match: { namespaces: ['strict'] }, rules: { image_unscanned: { mode: 'deny' } } }],
  },
  admission: { exemptNamespaces: ['kube-system', 'exempt'] },
};

describe.skipIf(!HAS_CLUSTER || !HAS_HELM || POSTGRES === null)(
  'admission on a Kubernetes API server (needs kube-apiserver, kubectl, helm, etcd, openssl and PostgreSQL)',
  () => {
    let cluster: KubeCluster;
    let server: AdmissionServer;
    let registry: Registered | null = null;
    const directory = mkdtempSync(join(tmpdir(), 'plimsoll-admission-'));
    const undo: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      cluster = await startCluster((close) => undo.push(close));
      for (const name of ['shop', 'strict', 'exempt', 'opened']) {
        await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      }
      if (HAS_DOCKER_REGISTRY) registry = await registerRegistry();
      server = await startAdmission(cluster, directory, POLICY, registry);
      undo.push(async () => void (await server.stop()));
    });
    /** A registry whose images are swept and scanned by the server. */
    const registerRegistry = async (): Promise<Registered> => {
      const stop: (() => void)[] = [];
      undo.push(async () => {
        for (const step of stop) step();
      });
      const { host, push } = await startDockerRegistry((close) => stop.push(close));
      const registries = join(directory, 'registries.yaml');
      const keys = join(directory, 'keys');
      writeFileSync(keys, (await runCommand(['secret', 'key'])).stdout);
      const named = ['--kind', 'distribution', '--host', host, '--http', '--repositories', 'team/**'];
      const places = ['--registries', registries, '--url', 'http://127.0.0.1:1'];
      const environment = { PLIMSOLL_SEALING_KEYS_FILE: keys };
      const { code, stderr } = await runCommand(['registry', 'add', 'team', ...named, ...places], '', { environment });
      if (code !== 0) throw new Error(`plimsoll registry add: ${stderr}`);
      // Debian has mended the second one's OpenSSL since (DSA-5532).
      const [good, bad] = await Promise.all(['3.0.17-1~deb12u2', '3.0.11-1~deb12u1'].map(debianWith));
      push('team/good:1', good!);
      push('team/bad:1', bad!);
      return { file: registries, keys, host, good: good!.manifestDigest, bad: bad!.manifestDigest };
    };
    afterAll(async () => {
      for (const step of undo.reverse()) await step();
      rmSync(directory, { recursive: true, force: true });
    });

    const create = (object: object, options: readonly string[] = [], kubeconfig?: string): Promise<Answered> =>
      cluster.kubectl(['create', '-f', '-', ...options], {
        input: object,
        ...(kubeconfig !== undefined && { kubeconfig }),
      });
    /** Waits until it is recorded: that happens after the answer. */
    const recorded = async (query: string, row: object): Promise<void> => {
      const rows = () => server.admissions(query);
      await expect.poll(rows, { timeout: 60_000, interval: 500 }).toContainEqual(expect.objectContaining(row));
    };
    const exists = async (kind: string, name: string, namespace = 'shop') =>
      (await cluster.kubectl(['get', kind, name, '-n', namespace])).code === 0;

    test('the API server trusts it: it has written its authority into the configurations by itself', async () => {
      const asks = async () => (await create(pod('asks'), ['--dry-run=server'])).stderr;
      await expect.poll(asks, { timeout: 120_000, interval: 2_000 }).not.toMatch(/failed calling webhook/);
    });

    test('a good Pod is made, and its user sees the warning of a rule that only warns', async () => {
      const { code, stderr } = await create(pod('good'));
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(/^Warning: .*has no scan that is known/m),
      });
      expect(await exists('pod', 'good')).toBe(true);
    });

    test('a privileged Pod is refused: the message names rule, container, value, fix and how to ask for an exception', async () => {
      const { code, stderr } = await create(pod('bad', PRIVILEGED));
      expect(code).toBe(1);
      for (const part of [
        /admission webhook "critical\.admission\.plimsoll\.io" denied the request/,
        /privileged_container/,
        /app/,
        /securityContext\.privileged/,
        /set it to false/,
        /exception/,
      ]) {
        expect(stderr).toMatch(part);
      }
      expect(await exists('pod', 'bad')).toBe(false);
      const events = await cluster.kubectl(['get', 'events', '-n', 'shop', '--field-selector=type=Warning']);
      await expect
        .poll(async () => (await cluster.kubectl(['get', 'events', '-n', 'shop'])).stdout, { timeout: 30_000 })
        .toMatch(/privileged/);
      expect(events.code).toBe(0);
    });

    test('a Deployment is judged by its template; a rescale of one that is there is not judged again', async () => {
      expect(await create(deployment('bad', PRIVILEGED))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/privileged_container/),
      });
      expect(await create(deployment('good', podSpec()))).toMatchObject({ code: 0 });
      expect(await cluster.kubectl(['scale', 'deployment', 'good', '-n', 'shop', '--replicas=3'])).toMatchObject({
        code: 0,
      });
      const patch = JSON.stringify({ spec: { template: { spec: { hostNetwork: true } } } });
      expect(await cluster.kubectl(['patch', 'deployment', 'good', '-n', 'shop', '-p', patch])).toMatchObject({
        code: 1,
      });
    });

    test('an image that nobody scanned is refused where that is the rule of the namespace', async () => {
      expect(await create(pod('unknown', podSpec(), 'strict'))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/all\.admission\.plimsoll\.io" denied.*has no scan that is known/s),
      });
    });

    test('an ephemeral container is judged as any other', async () => {
      const debug = (profile: string) =>
        cluster.kubectl([
          'debug',
          'good',
          '-n',
          'shop',
          `--image=${IMAGE}`,
          `--container=${profile}`,
          `--profile=${profile}`,
          '--attach=false',
          '--',
          'sh',
        ]);
      expect(await debug('sysadmin')).toMatchObject({ code: 1, stderr: expect.stringMatching(/privileged_container/) });
      expect(await debug('restricted')).toMatchObject({ code: 0 });
      await recorded('&namespace=shop', { kind: 'Pod/ephemeralcontainers', name: 'good', answer: 'warned' });
    });

    test('a resize is judged, and what stays within the rules is done', async () => {
      const patch = JSON.stringify({ spec: { containers: [{ name: 'app', resources: { limits: { cpu: '300m' } } }] } });
      const args = ['patch', 'pod', 'good', '-n', 'shop', '--subresource=resize', '-p', patch];
      expect(await cluster.kubectl(args)).toMatchObject({ code: 0 });
      await recorded('&namespace=shop', { kind: 'Pod/resize', name: 'good', caller: 'api-server' });
    });

    test('an update of bookkeeping alone is not asked about; one of labels is, and is admitted as unchanged', async () => {
      const patch = (metadata: object) =>
        cluster.kubectl(['patch', 'pod', 'good', '-n', 'shop', '-p', JSON.stringify({ metadata })]);
      expect(await patch({ finalizers: ['example.com/kept'] })).toMatchObject({ code: 0 });
      expect(await patch({ labels: { tier: 'a' } })).toMatchObject({ code: 0 });
      const update = { operation: 'UPDATE', kind: 'Pod', name: 'good' };
      // Records are kept in their order: once this one is there, all before it are.
      await create(pod('later'));
      await recorded('&namespace=shop', { name: 'later' });
      const rows = await server.admissions('&namespace=shop');
      // By both paths, of the one update.
      expect(
        rows.filter((row) => Object.entries(update).every(([key, value]) => row[key as never] === value)),
      ).toHaveLength(2);
    });

    test('a dry run is answered as it would be, and leaves nothing behind', async () => {
      expect(await create(pod('dry', PRIVILEGED), ['--dry-run=server'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/privileged_container/),
      });
      expect(await create(pod('dry'), ['--dry-run=server'])).toMatchObject({ code: 0 });
      expect(await exists('pod', 'dry')).toBe(false);
      // What comes after it is recorded, and it is not.
      await create(pod('after', PRIVILEGED));
      await recorded('&namespace=shop', { name: 'after', answer: 'denied' });
      expect((await server.admissions('&namespace=shop')).map(({ name }) => name)).not.toContain('dry');
    });

    test('a session is let through to where the API server itself ends it, and is recorded; another is denied with our words', async () => {
      await cluster.apply({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'logs-in' },
        rules: [
          {
            apiGroups: [''],
            resources: ['pods', 'pods/exec', 'pods/attach', 'pods/portforward'],
            verbs: ['get', 'create'],
          },
        ],
      });
      for (const user of ['ada', 'ben']) {
        await cluster.kubectl([
          'create',
          'clusterrolebinding',
          `${user}-logs-in`,
          '--clusterrole=logs-in',
          `--user=${user}`,
        ]);
      }
      const exec = (user: 'ada' | 'ben') =>
        cluster.kubectl(['exec', 'good', '-n', 'shop', '--', 'id'], { kubeconfig: cluster.userWithToken(user) });
      // The Pod is on no node: only who passed admission hears of that.
      await expect
        .poll(async () => (await exec('ada')).stderr, { timeout: 60_000, interval: 1_000 })
        .toMatch(/does not have a host assigned/);
      expect(await exec('ben')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/exec_session.*ben asks for exec/s),
      });
      await recorded('&sessions=true', {
        name: 'good',
        user: 'ada',
        answer: 'allowed',
        session: expect.objectContaining({ verb: 'exec', command: ['id'] }),
      });
      await recorded('&sessions=true', { user: 'ben', answer: 'denied' });
    });

    test.skipIf(!HAS_DOCKER_REGISTRY)(
      'what a scan found decides, and a tag becomes the digest that was scanned (needs docker-registry and skopeo)',
      async () => {
        const { host, good, bad } = registry!;
        for (const [digest, decision] of [
          [good, 'pass'],
          [bad, 'fail'],
        ] as const) {
          await expect.poll(() => server.decisionOf(digest), { timeout: 120_000, interval: 1_000 }).toBe(decision);
        }
        const ofImage = (name: string, image: string) =>
          pod(name, { ...podSpec(), containers: [{ ...container(), image }] });
        await expect
          .poll(async () => (await create(ofImage('vulnerable', `${host}/team/bad:1`))).stderr, {
            timeout: 60_000,
            interval: 1_000,
          })
          .toMatch(/all\.admission\.plimsoll\.io" denied.*image_verdict.*team\/bad/s);
        expect(await create(ofImage('pinned', `${host}/team/good:1`))).toMatchObject({ code: 0 });
        const { stdout } = await cluster.kubectl(['get', 'pod', 'pinned', '-n', 'shop', '-o', 'json']);
        expect(JSON.parse(stdout).spec.containers[0].image).toMatch(new RegExp(`team/good(?::1)?@${good}$`));
      },
    );

    test('in exempt namespaces nothing is judged', async () => {
      expect(await create(pod('loose', PRIVILEGED, 'kube-system'))).toMatchObject({ code: 0 });
      expect(await create(pod('loose', PRIVILEGED, 'exempt'))).toMatchObject({ code: 0 });
    });

    test('who may break the glass gets in with a reason and an end; who may not, and a copy elsewhere, do not', async () => {
      const annotations = {
        'admission.plimsoll.io/break-glass-reason': 'the shop is down',
        'admission.plimsoll.io/break-glass-until': new Date(Date.now() + 3_600_000).toISOString(),
      };
      await cluster.apply({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'makes-pods' },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['create', 'get'] }],
      });
      await cluster.apply({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'breaks-glass' },
        rules: [{ apiGroups: ['admission.plimsoll.io'], resources: ['*'], verbs: ['breakglass'] }],
      });
      for (const user of ['ada', 'ben']) {
        await cluster.kubectl([
          'create',
          'clusterrolebinding',
          `${user}-makes`,
          '--clusterrole=makes-pods',
          `--user=${user}`,
        ]);
      }
      await cluster.kubectl(['create', 'clusterrolebinding', 'ada-breaks', '--clusterrole=breaks-glass', '--user=ada']);
      const opened = (name: string, user: 'ada' | 'ben', given: object) =>
        create(pod(name, PRIVILEGED, 'opened', { annotations: given }), [], cluster.userWithToken(user));
      await expect
        .poll(async () => (await opened('opened', 'ada', annotations)).code, { timeout: 60_000, interval: 1_000 })
        .toBe(0);
      expect(await opened('copied', 'ben', annotations)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/privileged_container/),
      });
      const tomorrow = {
        ...annotations,
        'admission.plimsoll.io/break-glass-until': new Date(Date.now() + 25 * 3_600_000).toISOString(),
      };
      expect(await opened('long', 'ada', tomorrow)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/24 hours/),
      });
      await recorded('&breakGlass=true', {
        name: 'opened',
        user: 'ada',
        breakGlass: expect.objectContaining({ reason: 'the shop is down' }),
      });
    });

    test('where admission is down, critical rules admit nothing, and the others everything', async () => {
      await server.stop();
      expect(await create(pod('down'))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/failed calling webhook "critical\.admission\.plimsoll\.io"/),
      });
      // What was never asked about still works.
      expect(await create(pod('still', podSpec(), 'kube-system'))).toMatchObject({ code: 0 });
      const remove = [
        { op: 'test', path: '/webhooks/0/name', value: 'critical.admission.plimsoll.io' },
        { op: 'remove', path: '/webhooks/0' },
      ];
      const args = [
        'patch',
        'validatingwebhookconfiguration',
        CONFIGURATION,
        '--type=json',
        '-p',
        JSON.stringify(remove),
      ];
      expect(await cluster.kubectl(args)).toMatchObject({ code: 0 });
      await expect
        .poll(async () => (await create(pod('down', PRIVILEGED))).code, { timeout: 60_000, interval: 1_000 })
        .toBe(0);
    });
  },
);
