import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { ApiServer } from '../../services/adapters/kubernetes/api-server.ts';
import { KubernetesCaBundles } from '../../services/adapters/kubernetes/ca-bundles.ts';
import { KubernetesQuestions } from '../../services/adapters/kubernetes/questions.ts';
import { KubernetesWatcher } from '../../services/adapters/kubernetes/watch-objects.ts';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import { loopbackServer } from '../support/loopback-server.ts';

/** An API server that answers whatever it likes: each time by the next of `answers`, the last again and again. */
async function apiServer(answers: readonly ((response: ServerResponse) => void)[], limits: Partial<Limits> = {}) {
  const { url, requests } = await loopbackServer((_, response, count) => {
    answers[Math.min(count, answers.length) - 1]!(response);
  });
  const credentials = { kind: 'none' } as const;
  const access = { server: new URL(url), ca: null, serverName: null, credentials, namespace: 'plimsoll' };
  const server = new ApiServer(access, { ...LIMITS, ...limits });
  onTestFinished(() => server.close());
  return { server, asked: () => requests.map(({ method, url: path }) => `${method} ${path}`) };
}

const status =
  (code: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(code, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
const { signal } = new AbortController();
const podOf = (server: ApiServer) => new KubernetesQuestions(server).pod('shop', 'web', signal);
const unavailable = (message: RegExp) =>
  expect.objectContaining({ code: 'KUBERNETES_UNAVAILABLE', message: expect.stringMatching(message) });

test('an answer is read up to kubernetesAnswerBytes, and no further', async () => {
  const body = JSON.stringify({ kind: 'Pod', metadata: { name: 'web' } });
  const at = await apiServer([status(200, body)], { kubernetesAnswerBytes: body.length });
  expect(await podOf(at.server)).toEqual({ kind: 'Pod', metadata: { name: 'web' } });
  const past = await apiServer([status(200, body)], { kubernetesAnswerBytes: body.length - 1 });
  await expect(podOf(past.server)).rejects.toEqual(unavailable(/kubernetesAnswerBytes/));
});

test('an answer that drips ends at kubernetesAnswerMs; one that is cut short, or no JSON, is none', async () => {
  const drip = (response: ServerResponse): void => {
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  };
  const { server } = await apiServer([drip], { kubernetesAnswerMs: 300 });
  await expect(podOf(server)).rejects.toEqual(unavailable(/kubernetesAnswerMs/));
  const cut = await apiServer([
    (response) => response.writeHead(200, { 'content-length': '100' }).end('{}', () => response.destroy()),
  ]);
  await expect(podOf(cut.server)).rejects.toEqual(unavailable(/GET \/api\/v1\/namespaces\/shop\/pods\/web/));
  const page = await apiServer([status(200, '<html>')]);
  await expect(podOf(page.server)).rejects.toEqual(unavailable(/no JSON: is it an API server/));
});

test('who cancels is told his own reason, and who set a time that it is over', async () => {
  const { server } = await apiServer([() => {}]);
  const questions = new KubernetesQuestions(server);
  await expect(questions.pod('shop', 'web', AbortSignal.timeout(100) as never)).rejects.toEqual(
    unavailable(/no answer in time/),
  );
  const cancelled = AbortSignal.abort(new Error('enough')) as never;
  await expect(questions.pod('shop', 'web', cancelled)).rejects.toMatchObject({ code: 'CANCELLED', message: 'enough' });
});

test('a name that would lead elsewhere in the API is asked for by nobody', async () => {
  const { server, asked } = await apiServer([status(404, {})]);
  const questions = new KubernetesQuestions(server);
  for (const name of ['..', '.', '']) expect(await questions.pod('shop', name, signal)).toBeNull();
  expect(asked()).toEqual([]);
  expect(await questions.pod('shop', '../../secrets/x?watch=1#', signal)).toBeNull();
  expect(asked()).toEqual(['GET /api/v1/namespaces/shop/pods/..%2F..%2Fsecrets%2Fx%3Fwatch%3D1%23']);
});

test('a busy server is asked again as late as it says, and not for ever', async () => {
  const busy = status(429, { message: 'too many requests' }, { 'retry-after': '0' });
  const { server, asked } = await apiServer([busy, busy, status(200, { kind: 'Pod' })]);
  expect(await podOf(server)).toEqual({ kind: 'Pod' });
  expect(asked()).toHaveLength(3);
  const never = await apiServer([busy]);
  await expect(podOf(never.server)).rejects.toEqual(unavailable(/429: too many requests/));
  expect(never.asked()).toHaveLength(4);
  const late = await apiServer([status(503, '', { 'retry-after': '30' })]);
  const questions = new KubernetesQuestions(late.server);
  await expect(questions.pod('shop', 'web', AbortSignal.timeout(200) as never)).rejects.toEqual(unavailable(/in time/));
});

test('a redirect is followed by nobody, and a refusal has the reason of the server', async () => {
  const { server, asked } = await apiServer([status(302, '', { location: '/elsewhere' })]);
  await expect(podOf(server)).rejects.toMatchObject({ code: 'KUBERNETES_DENIED' });
  expect(asked()).toHaveLength(1);
  const denied = await apiServer([status(403, { message: `pods is forbidden${'!'.repeat(10_000)}` })]);
  const error = (await podOf(denied.server).catch((thrown) => thrown)) as Error;
  expect(error.message).toMatch(/403: pods is forbidden!+ \(who Plimsoll is/);
  expect(error.message.length).toBeLessThan(1_000);
});

test.each([
  [{ allowed: true }, true],
  [{ allowed: true, denied: true }, false],
  [{ allowed: 'yes' }, false],
  [{ allowed: false, evaluationError: 'x' }, false],
  [undefined, false],
])('an access review that answers %j: %j', async (answer, expected) => {
  const { server } = await apiServer([status(201, { status: answer })]);
  const asking = new KubernetesQuestions(server).mayUser(
    { username: 'ada' },
    { verb: 'v', group: '', resource: 'r' },
    signal,
  );
  expect(await asking).toBe(expected);
});

/** Follows Pods of a server until `until`, and says what was told. */
async function followed(
  answers: readonly ((response: ServerResponse) => void)[],
  until: string,
  limits: Partial<Limits> = {},
) {
  const { server, asked } = await apiServer(answers, limits);
  const told: string[] = [];
  const over = new AbortController();
  const tell = (text: string): void => {
    told.push(text);
    if (text === until) over.abort();
  };
  const nameOf = (object: unknown) => (object as { metadata: { name: string } }).metadata.name;
  const watcher = new KubernetesWatcher(server, (message) => tell(`warning ${message}`), 1);
  await watcher.watch(
    'pods',
    {
      put: (object) => tell(`put ${nameOf(object)}`),
      gone: (namespace, name) => tell(`gone ${namespace}/${name}`),
      relist: () => tell('relist'),
      listed: () => tell('listed'),
    },
    AbortSignal.any([over.signal, AbortSignal.timeout(30_000)]) as never,
  );
  return { told, asked: asked() };
}

const pod = (name: string, resourceVersion = '1') => ({ metadata: { namespace: 'shop', name, resourceVersion } });
const list = (names: readonly string[], more = '') =>
  status(200, { metadata: { resourceVersion: '7', continue: more }, items: names.map((name) => pod(name)) });
const events = (...all: readonly unknown[]) => status(200, all.map((event) => `${JSON.stringify(event)}\n`).join(''));
const tooOld = { type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old resource version' } };

test('a list comes in pages, a watch goes on from its last event, and one that is too old begins again from a list', async () => {
  const { told, asked } = await followed(
    [
      list(['a'], 'more'),
      list(['b']),
      events({ type: 'MODIFIED', object: pod('a', '8') }, { type: 'DELETED', object: pod('b', '9') }),
      events({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '20' } } }),
      events(tooOld),
      status(200, { metadata: { resourceVersion: '30', continue: 'x' }, items: [] }),
      status(410, { message: 'the continue token is too old' }),
      list(['c']),
    ],
    'put c',
  );
  expect(told).toEqual([
    'relist',
    'put a',
    'put b',
    'listed',
    'put a',
    'gone shop/b',
    'relist',
    'relist',
    'put c',
    'listed',
  ]);
  const versions = asked.map((path) => /continue=\w+|resourceVersion=\w+/.exec(path)?.[0] ?? 'list');
  expect(versions).toEqual([
    'list',
    'continue=more',
    'resourceVersion=7',
    'resourceVersion=9',
    'resourceVersion=20',
    'list',
    'continue=x',
    'list',
  ]);
});

test('an endless event ends at kubernetesEventBytes, and the watch begins again where it was', async () => {
  const endless = (response: ServerResponse): void => {
    const timer = setInterval(() => response.write('x'.repeat(1_000)), 1);
    response.on('close', () => clearInterval(timer));
  };
  const added = `${JSON.stringify({ type: 'ADDED', object: pod('a', '8') })}`;
  const fits = (response: ServerResponse) => response.end(`${added}\n`);
  const limits = { kubernetesEventBytes: added.length };
  const { told, asked } = await followed([list([]), endless, fits], 'put a', limits);
  expect(told.slice(2)).toEqual([expect.stringMatching(/^warning .*kubernetesEventBytes/), 'put a']);
  expect(asked.at(-1)).toContain('resourceVersion=7');
  const past = { kubernetesEventBytes: added.length - 1 };
  const shorter = events({ type: 'ADDED', object: { metadata: { name: 'b' } } });
  expect((await followed([list([]), fits, shorter], 'put b', past)).told[2]).toMatch(/kubernetesEventBytes/);
});

test.each([
  ['no JSON', status(200, '{"type":\n'), /no JSON/],
  ['no object', events({ type: 'ADDED' }), /without type and object/],
  ['an error of the server', events({ type: 'ERROR', object: { code: 500, message: 'etcd' } }), /ended it: etcd/],
])('a watch that sends %s begins again', async (_, answer, warning) => {
  const { told } = await followed([list([]), answer, events({ type: 'ADDED', object: pod('a') })], 'put a');
  expect(told[2]).toMatch(warning);
});

test('a watch that says nothing for kubernetesIdleMs begins again', async () => {
  const silent = (response: ServerResponse) => response.writeHead(200).write('\n');
  const { told } = await followed([list([]), silent, events({ type: 'ADDED', object: pod('a') })], 'put a', {
    kubernetesIdleMs: 300,
  });
  expect(told[2]).toMatch(/nothing came for too long|terminated|Timeout/i);
});

test('pages are made smaller until one fits kubernetesAnswerBytes', async () => {
  const answers = [list(['a', 'b', 'c']), list(['a', 'b', 'c']), list(['a'])];
  const bytes = JSON.stringify({ metadata: { resourceVersion: '7', continue: '' }, items: [pod('a')] }).length;
  const { told, asked } = await followed(answers, 'listed', { kubernetesAnswerBytes: bytes });
  expect(told).toEqual(['relist', 'put a', 'listed']);
  expect(asked).toEqual(['500', '50', '5'].map((limit) => `GET /api/v1/pods?limit=${limit}`));
});

test('a caBundle that others change all the time is given up on, one that is right is left alone', async () => {
  const configuration = (caBundle: string) => ({
    metadata: { resourceVersion: '1' },
    webhooks: [{ name: 'a', clientConfig: { caBundle } }],
  });
  const right = await apiServer([status(200, configuration(Buffer.from('ca').toString('base64')))]);
  const named = { kind: 'ValidatingWebhookConfiguration', name: 'plimsoll' } as const;
  expect(await new KubernetesCaBundles(right.server).setCaBundle(named, 'ca', signal)).toBe(true);
  expect(right.asked()).toHaveLength(1);
  const found = status(200, configuration('b3RoZXI='));
  const changed = status(409, { message: 'the object has been modified' });
  const busy = await apiServer([found, changed, found, changed, found, status(200, {})]);
  expect(await new KubernetesCaBundles(busy.server).setCaBundle(named, 'ca', signal)).toBe(true);
  let count = 0;
  const never = await apiServer([(response) => (count++ % 2 === 0 ? found : changed)(response)]);
  await expect(new KubernetesCaBundles(never.server).setCaBundle(named, 'ca', signal)).rejects.toEqual(
    unavailable(/caBundle .* could not be written/),
  );
});
