import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { NodeIssuer } from '../../services/adapters/certificates/issuer.ts';
import { openPolicies } from '../../services/adapters/opa/open-policies.ts';
import type { PolicySession } from '../../services/cli/session.ts';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import { CachedEvaluator } from '../../services/pipeline/cached-evaluator.ts';
import { startListener } from '../../webhooks/admission/listener.ts';
import type { RefusedCallReason } from '../../webhooks/admission/refused-call.ts';
import { bytesOf, type Json, pod, podSpec, review } from '../support/admission-reviews.ts';
import { type ReviewSender, reviewSender } from '../support/admission-server.ts';
import { testGate } from '../support/answered-reviews.ts';
import { BUILTIN_BUNDLE, POLICIES, regoRule } from '../support/policy-bundles.ts';
import { scratch } from '../support/scan.ts';
import { findGoTool } from '../tools/go-tools.ts';

const opa = findGoTool('opa');
const place = scratch('admission');
const SECRET = 'canary-0123456789abcdef';
const issuer = new NodeIssuer();
const terms = { name: 'x', notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) };
const shown = issuer.newCertificate(issuer.newAuthority(terms), { ...terms, dnsNames: ['localhost'], usage: 'server' });

const sources = { builtin: BUILTIN_BUNDLE, paths: [], opa: opa ?? 'opa', shared: POLICIES };
let builtin: PolicySession;
beforeAll(async () => {
  builtin = await openPolicies(sources, { deadlineMs: 60_000, spare: true });
});
afterAll(() => builtin.close());

interface Hostile extends ReviewSender {
  readonly port: number;
  readonly refused: RefusedCallReason[];
}

/** The listener and all behind it, with the policies that we come with. */
async function listening(limits: Partial<Limits> = {}, policies = builtin): Promise<Hostile> {
  const sha256 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const gate = testGate({ evaluator: new CachedEvaluator(policies, sha256, () => {}), limits });
  const refused: RefusedCallReason[] = [];
  const running = await startListener({
    host: '127.0.0.1',
    port: 0,
    material: { ...shown, clientAuthorities: null },
    clientNames: null,
    pathSecret: SECRET,
    serverNames: ['localhost'],
    mutate: false,
    limits: { ...LIMITS, ...limits },
    now: () => performance.now(),
    review: async ({ path, body, authenticated, deadline }) => {
      const response = await gate.ask(body, { path: path as 'critical', authenticated, deadline });
      return { response };
    },
    onRefused: (reason) => refused.push(reason),
    onFailed: () => {},
  });
  const sender = reviewSender(running.port, SECRET);
  onTestFinished(async () => {
    sender.close();
    await running.close();
  });
  return { ...sender, port: running.port, refused };
}

const critical = (gate: Hostile, object: Json, changes: Json = {}) =>
  gate.send('validate/critical', review(object, changes), { timeout: '30s' });
const runtimeSocket = podSpec({ volumes: [{ name: 'x', hostPath: { path: '/var/run/docker.sock' } }] });
const isGood = async (gate: Hostile): Promise<boolean> =>
  (await critical(gate, pod(runtimeSocket))).json.response.allowed === false;

describe('a review', { timeout: 120_000 }, () => {
  test('of three megabytes is judged', async () => {
    const gate = await listening();
    const args = Array.from({ length: 30_000 }, () => 'x'.repeat(100));
    const spec = { ...runtimeSocket, containers: [{ name: 'app', image: 'r.example/app:1', args }] };
    expect(bytesOf(review(pod(spec))).length).toBeGreaterThan(2.9 * 2 ** 20);
    const answer = await critical(gate, pod(spec));
    expect(answer.json.response.status.message).toContain('runtime_socket');
  });

  test('past reviewBytes is not read to its end', async () => {
    const gate = await listening();
    expect((await gate.send('validate', Buffer.alloc(LIMITS.reviewBytes + 1, ' '))).status).toBe(413);
    expect(await isGood(gate)).toBe(true);
  });

  test.each<[string, string]>([
    ['lists', '['.repeat(1_000_000)],
    ['objects', '{"a":'.repeat(200_000)],
    [
      'lists in a review',
      `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"x":${'['.repeat(5_000)}`,
    ],
    ['a number without end', `[${'9'.repeat(1_000_000)}]`],
    ['no UTF-8', '\u0000'],
    ['nothing', ' '],
  ])('that is %s is refused, and the next one judged', async (_name, text) => {
    const gate = await listening();
    expect((await gate.send('validate', text)).status).toBe(500);
    expect(await isGood(gate)).toBe(true);
  });

  test('of as many containers as there may be is judged, and of one more denied, whatever the path', async () => {
    const gate = await listening();
    const containersOf = (count: number) => {
      return Array.from({ length: count }, (_, i) => ({ name: `c${i}`, image: `r.example/app-${i}:1` }));
    };
    const most = { ...runtimeSocket, containers: containersOf(LIMITS.reviewContainers) };
    expect((await critical(gate, pod(most))).json.response.status.message).toContain('runtime_socket');
    const more = review(pod({ containers: containersOf(LIMITS.reviewContainers + 1) }));
    const { response } = (await gate.send('validate', more)).json;
    expect(response).toMatchObject({
      allowed: false,
      status: { message: expect.stringContaining('reviewContainers') },
    });
  });

  test.each([
    'r.example:5000/app:1',
    'r.example:99999/app',
    `r.example/app:1@sha256:${'a'.repeat(64)}`,
    `r.example/app@sha256:${'a'.repeat(63)}`,
    'r.example/\u0430pp:1',
    'R.EXAMPLE/App',
    '../../etc/passwd',
    'http://r.example/app',
    'r.example/app:1\nr.example/other',
    'r.example/app\u202e:1',
    'a'.repeat(5_000),
    `${'a/'.repeat(2_000)}b`,
    '@',
    ':',
    '[::1]:5000/app:1',
  ])('with the image %j is answered, and whole', async (image) => {
    const gate = await listening();
    const { response } = (await critical(gate, pod({ ...runtimeSocket, containers: [{ name: 'a', image }] }))).json;
    expect(response.allowed).toBe(false);
    expect(response.status.message).toContain('runtime_socket');
    expect(JSON.stringify(response.warnings ?? [])).not.toMatch(/[\n\r\u202e]/);
  });

  test.each<[string, unknown]>([
    ['a text with lines', 'a\r\nX-Injected: 1'],
    ['no text', 12],
    ['nothing', null],
    ['ten thousand letters', 'a'.repeat(10_000)],
    ['markup', '<script>'],
  ])('whose UID is %s is answered to nobody', async (_name, uid) => {
    const gate = await listening();
    expect((await gate.send('validate', review(pod(), { uid }))).status).toBe(500);
  });

  test('is answered with its own UID and no other, many at one moment', async () => {
    const gate = await listening();
    const uids = Array.from({ length: 100 }, (_, i) => `uid-${i}`);
    const answers = await Promise.all(
      uids.map((uid, i) => critical(gate, pod(i % 2 === 0 ? podSpec() : runtimeSocket), { uid })),
    );
    expect(answers.map(({ json }) => [json.response.uid, json.response.allowed])).toEqual(
      uids.map((uid, i) => [uid, i % 2 === 0]),
    );
  });
});

describe('callers', { timeout: 120_000 }, () => {
  test('that dribble are ended, and hold nobody up', async () => {
    const gate = await listening();
    const started = performance.now();
    const slow = Array.from({ length: 20 }, () =>
      connect({ host: '127.0.0.1', port: gate.port, rejectUnauthorized: false }),
    );
    const ended = slow.map(async (socket) => {
      socket.on('error', () => {});
      // Unread, an answer would keep it open.
      socket.resume();
      await once(socket, 'close');
    });
    await Promise.all(slow.map((socket) => once(socket, 'secureConnect')));
    for (const socket of slow) {
      socket.write(
        `POST /admission/validate/${SECRET} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`,
      );
    }
    expect(await isGood(gate)).toBe(true);
    await Promise.all(ended);
    // Ten seconds are theirs; with Node's own limits it would be minutes.
    expect(performance.now() - started).toBeLessThan(45_000);
  });

  test('that flood are refused past reviewsAtOnce, and whoever gets through is answered right', async () => {
    const gate = await listening({ reviewsAtOnce: 20 });
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) => critical(gate, pod(runtimeSocket, { name: `web-${i}` }))),
    );
    const answered = answers.filter(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    expect(answered.length).toBeGreaterThanOrEqual(20);
    expect(answered.every(({ json }) => json.response.allowed === false)).toBe(true);
    expect(gate.refused.filter((reason) => reason === 'too-many')).toHaveLength(300 - answered.length);
    expect(await isGood(gate)).toBe(true);
  });
});

/** It goes on for longer than anybody waits. */
const LOOP =
  'violations contains {"message": "m"} if {\n\tsome x in numbers.range(1, 100000)\n\tsome y in numbers.range(1, 100000)\n\tx * y == -1\n}';

describe.skipIf(opa === null)(`a policy that loops${opa === null ? ' (no opa)' : ''}`, { timeout: 180_000 }, () => {
  test('gives the answer to failure of the path by the deadline, again and again', async () => {
    const paths = [regoRule(place, 'looping', LOOP, 'critical: true\n#   needs: [request]')];
    const policies = await openPolicies({ ...sources, paths }, { deadlineMs: 15_000, spare: true });
    onTestFinished(() => policies.close());
    const gate = await listening({}, policies);
    for (let round = 0; round < 3; round++) {
      const started = performance.now();
      const body = review(pod(podSpec(), { name: `web-${round}` }));
      const answers = await Promise.all([
        gate.send('validate/critical', body, { timeout: '4s' }),
        gate.send('validate', body, { timeout: '4s' }),
      ]);
      expect(answers.map(({ json }) => json.response.allowed)).toEqual([false, true]);
      expect(performance.now() - started).toBeLessThan(30_000);
    }
  });
});
