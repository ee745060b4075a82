import { createHash, createHmac } from 'node:crypto';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { DELIVERY_SAMPLES, type DeliverySample } from '../../test/support/registry-deliveries.ts';
import { HOOK_SECRET, REGISTRATIONS, type TestReceiver, testReceiver } from '../../test/support/webhook-receiver.ts';

const WRONG = 'wrong-0123456789abcdef';

interface Post {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly payload: string;
}

/** What proves a sender, made with a secret that is right or wrong. */
function proof(kind: string, payload: string, secret: string): { headers: Record<string, string>; token: string } {
  const headers: Record<string, Record<string, string>> = {
    acr: { 'x-plimsoll': secret },
    distribution: { authorization: `Bearer ${secret}` },
    ecr: { authorization: `Basic ${Buffer.from(`plimsoll:${secret}`).toString('base64')}` },
    ghcr: { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(payload).digest('hex')}` },
    gitlab: { authorization: secret },
    harbor: { authorization: `bearer ${secret}` },
  };
  return { headers: headers[kind] ?? {}, token: kind === 'quay' || kind === 'docker-hub' ? `/${secret}` : '' };
}

function post({ kind, document, contentType }: DeliverySample, secret = HOOK_SECRET): Post {
  const payload = JSON.stringify(document);
  const { headers, token } = proof(kind, payload, secret);
  return {
    url: `/webhooks/registry/${kind}/${kind}${token}`,
    headers: { 'content-type': contentType, ...headers },
    payload,
  };
}

const send = ({ app }: TestReceiver, request: Post) => app.inject({ method: 'POST', ...request });
const SAMPLES = DELIVERY_SAMPLES.filter(({ format }) => format !== 'SNS');
const HARBOR = DELIVERY_SAMPLES.find(({ kind }) => kind === 'harbor')!;
const GHCR = DELIVERY_SAMPLES.find(({ kind }) => kind === 'ghcr')!;

describe.each(SAMPLES)('$kind, $format', (sample) => {
  const { kind } = sample;

  test('with its secret: recorded, then 202', async () => {
    const receiver = testReceiver();
    const request = post(sample);
    const response = await send(receiver, request);
    expect([response.statusCode, response.json()]).toEqual([
      202,
      { accepted: sample.events.length, delivery: 'delivery-1' },
    ]);
    expect(receiver.accepted).toMatchObject([
      {
        registry: kind,
        bodyDigest: `sha256:${createHash('sha256').update(request.payload).digest('hex')}`,
        events: sample.events.map(({ action, repository, tag, digest, occurredAt }) => {
          return { action, repository, tag, digest, at: occurredAt };
        }),
      },
    ]);
    expect(await receiver.results()).toEqual({ [`${kind} ${kind} accepted`]: 1 });
    expect(receiver.logged()).not.toContain(HOOK_SECRET);
  });
  test('with another, with none, with two, with one too many: 401, and nothing is recorded', async () => {
    const receiver = testReceiver();
    const good = post(sample);
    const bare = {
      ...good,
      headers: { 'content-type': sample.contentType },
      url: `/webhooks/registry/${kind}/${kind}`,
    };
    const twice = Object.keys(proof(kind, '', WRONG).headers).map((name) => {
      return { ...good, headers: { ...good.headers, [name]: `${good.headers[name]}, ${good.headers[name]}` } };
    });
    const attempts = [post(sample, WRONG), bare, { ...good, url: `${good.url}x` }, ...twice];
    for (const attempt of attempts) {
      const response = await send(receiver, attempt);
      expect([response.statusCode, response.json()]).toEqual([401, { error: 'unauthenticated' }]);
    }
    expect(receiver.accepted).toEqual([]);
    expect(Object.values(await receiver.results()).reduce((sum, count) => sum + count, 0)).toBe(attempts.length);
    expect(receiver.logged().split('\n')).toHaveLength(attempts.length);
    expect(receiver.logged()).not.toMatch(/canary|wrong-/);
  });
  test('of another media type: 415', async () => {
    const receiver = testReceiver();
    for (const type of ['text/html', 'application/x-www-form-urlencoded', '', 'application/jsonx']) {
      const good = post(sample);
      const response = await send(receiver, { ...good, headers: { ...good.headers, 'content-type': type } });
      expect(response.statusCode).toBe(415);
    }
    expect(await receiver.results()).toEqual({ [`${kind} ${kind} unsupported-type`]: 4 });
    expect(receiver.logged()).toContain('unsupported-type');
  });
  test('that is no JSON: 400', async () => {
    const receiver = testReceiver();
    const broken = post({ ...sample, document: null });
    const payload = '{"events":';
    const { headers } = proof(kind, payload, HOOK_SECRET);
    const response = await send(receiver, { ...broken, headers: { ...broken.headers, ...headers }, payload });
    expect([response.statusCode, response.json()]).toEqual([400, { error: 'malformed' }]);
    expect(await receiver.results()).toEqual({ [`${kind} ${kind} malformed`]: 1 });
  });
});

describe('sizes', () => {
  test('deliveryBytes: at it, and past it 413', async () => {
    const { payload } = post(HARBOR);
    const receiver = testReceiver({ lowered: { deliveryBytes: payload.length } });
    expect((await send(receiver, post(HARBOR))).statusCode).toBe(202);
    expect((await send(receiver, { ...post(HARBOR), payload: `${payload} ` })).statusCode).toBe(413);
    expect(await receiver.results()).toEqual({ 'harbor harbor accepted': 1, 'harbor harbor too-large': 1 });
    expect(receiver.logged()).toContain('deliveryBytes');
  });
  test('a body without a length is cut off too, and one that lies about it is none', async () => {
    const receiver = testReceiver({ lowered: { deliveryBytes: 1_000 } });
    await receiver.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = receiver.app.server.address() as AddressInfo;
    const { headers, url } = post(HARBOR);
    const head = `POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: ${headers.authorization}\r\n`;
    const answer = await exchange(
      port,
      `${head}Transfer-Encoding: chunked\r\n\r\n7d0\r\n${'x'.repeat(2_000)}\r\n0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    const lying = await exchange(port, `${head}Content-Length: 99999999\r\n\r\n${'x'.repeat(10)}`);
    expect(lying).toMatch(/^HTTP\/1\.1 413 /);
    expect(receiver.accepted).toEqual([]);
  });
  test('compressed bodies are not taken', async () => {
    const good = post(HARBOR);
    const headers = { ...good.headers, 'content-encoding': 'gzip' };
    expect((await send(testReceiver(), { ...good, headers })).statusCode).toBe(415);
  });
});

describe('rates', () => {
  test('deliveriesPerMinute of one registration: 429, while others go on', async () => {
    let now = Date.now();
    const receiver = testReceiver({ lowered: { deliveriesPerMinute: 3 }, now: () => now });
    const statuses = [];
    for (let count = 0; count < 4; count++) statuses.push((await send(receiver, post(HARBOR))).statusCode);
    expect(statuses).toEqual([202, 202, 202, 429]);
    expect((await send(receiver, post(GHCR))).statusCode).toBe(202);
    now += 20_000;
    expect((await send(receiver, post(HARBOR))).statusCode).toBe(202);
    const refused = await send(receiver, post(HARBOR));
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '5']);
    expect(await receiver.results()).toMatchObject({ 'harbor harbor too-many': 2 });
  });
  test('who cannot prove who they are takes nothing from who can', async () => {
    const receiver = testReceiver({ lowered: { deliveriesPerMinute: 1 } });
    for (const sample of [HARBOR, GHCR]) {
      for (let count = 0; count < 20; count++) expect((await send(receiver, post(sample, WRONG))).statusCode).toBe(401);
      expect((await send(receiver, post(sample))).statusCode).toBe(202);
    }
  });
  test('deliveriesAtOnce: more are told 429 until one is answered, or its sender is gone', async () => {
    const waiting: (() => void)[] = [];
    const receiver = testReceiver({
      lowered: { deliveriesAtOnce: 2 },
      accept: () => new Promise((resolve) => waiting.push(() => resolve({ id: 'd', replay: false }))),
    });
    const first = send(receiver, post(HARBOR));
    const second = send(receiver, post(HARBOR));
    await expect.poll(() => waiting.length).toBe(2);
    expect((await send(receiver, post(HARBOR))).statusCode).toBe(429);
    for (const release of waiting) release();
    expect([(await first).statusCode, (await second).statusCode]).toEqual([202, 202]);

    await receiver.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = receiver.app.server.address() as AddressInfo;
    const { url, headers } = post(HARBOR);
    for (let count = 0; count < 5; count++) {
      const socket = connect(port, '127.0.0.1');
      socket.write(
        `POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: ${headers.authorization}\r\nContent-Length: 100\r\n\r\n{`,
      );
      await sleep(20);
      socket.destroy();
    }
    await sleep(50);
    const third = send(receiver, post(HARBOR));
    await expect.poll(() => waiting.length).toBe(3);
    waiting[2]!();
    expect((await third).statusCode).toBe(202);
  });
});

describe('what is recorded', () => {
  test('202 comes after the record, and 503 without it', async () => {
    let commit = (): void => {};
    let answered = false;
    const receiver = testReceiver({
      accept: () => new Promise((resolve) => (commit = () => resolve({ id: 'd', replay: false }))),
    });
    const response = send(receiver, post(HARBOR)).then((each) => {
      answered = true;
      return each.statusCode;
    });
    await sleep(50);
    expect(answered).toBe(false);
    commit();
    expect(await response).toBe(202);

    const failing = testReceiver({ accept: () => Promise.reject(new Error(`connect to postgres://u:${HOOK_SECRET}`)) });
    const failed = await send(failing, post(HARBOR));
    expect([failed.statusCode, failed.json()]).toEqual([503, { error: 'unavailable' }]);
    expect(await failing.results()).toEqual({ 'harbor harbor unavailable': 1 });
  });
  test('a replay is told like the first, and counted apart', async () => {
    const receiver = testReceiver({ accept: async () => ({ id: 'first', replay: true }) });
    expect((await send(receiver, post(GHCR))).json()).toEqual({ accepted: 1, delivery: 'first' });
    expect(await receiver.results()).toEqual({ 'ghcr ghcr replayed': 1 });
  });
  test('the sender id is what its sender repeats', async () => {
    const receiver = testReceiver();
    for (const sample of SAMPLES) await send(receiver, post(sample));
    const good = post(GHCR);
    const guid = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
    await send(receiver, { ...good, headers: { ...good.headers, 'x-github-delivery': guid } });
    await send(receiver, { ...good, headers: { ...good.headers, 'x-github-delivery': "'; drop table deliveries" } });
    expect(receiver.accepted.map(({ registry, senderId }) => `${registry} ${senderId}`)).toEqual([
      // Three events of three ids.
      'distribution null',
      'gitlab 57819990-c096-4528-9e8d-e0fed5f45b07',
      'harbor null',
      'harbor 4b2f89a6-548d-4c12-9993-a1f5790b97d2',
      'ghcr null',
      'ghcr null',
      'ecr 13cde686-328b-6117-af20-0e5566167482',
      'quay null',
      'acr cb8c3971-9adc-488b-9bd1-43cbb4974ff5',
      'docker-hub null',
      `ghcr ${guid}`,
      'ghcr null',
    ]);
  });
  test('pulls alone leave no record', async () => {
    const receiver = testReceiver();
    const pulls = { ...HARBOR, document: { type: 'PULL_ARTIFACT' } };
    const response = await send(receiver, post(pulls));
    expect([response.statusCode, response.json()]).toEqual([202, { accepted: 0 }]);
    expect(receiver.accepted).toEqual([]);
    expect(await receiver.results()).toEqual({ 'harbor harbor ignored': 1 });
    expect(await receiver.events()).toEqual({ 'harbor pull': 1 });
  });
  test('other repositories are filtered, and broken events are told', async () => {
    const registries = [{ ...REGISTRATIONS.find(({ id }) => id === 'quay')!, repositories: ['team/**'] }];
    const receiver = testReceiver({ registries });
    const quay = {
      ...SAMPLES.find(({ kind }) => kind === 'quay')!,
      document: { repository: 'shop/api', updated_tags: ['1'] },
    };
    expect((await send(receiver, post(quay))).json()).toEqual({ accepted: 0 });
    const mixed = { ...quay, document: { repository: 'team/api', updated_tags: ['1', '../2'] } };
    expect((await send(receiver, post(mixed))).json()).toMatchObject({ accepted: 1 });
    expect(await receiver.events()).toEqual({ 'quay filtered': 1, 'quay push': 1, 'quay flawed': 2 });
    expect(receiver.logged()).toContain('parts of a delivery were left out');
  });
});

describe('who is asked for', () => {
  test.each([
    '/harbor/other',
    '/quay/harbor',
    '/harbor/__proto__',
    '/constructor/prototype',
    '/harbor/harbor%2f..',
    '/%00/x',
  ])('%s: 401, with no label of its own', async (path) => {
    const receiver = testReceiver();
    const response = await send(receiver, { ...post(HARBOR), url: `/webhooks/registry${path}` });
    expect([response.statusCode, response.json()]).toEqual([401, { error: 'unauthenticated' }]);
    expect(await receiver.results()).toEqual({ '  unknown-registration': 1 });
  });
  test('only POST', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS'] as const) {
      expect((await testReceiver().app.inject({ method, url: '/webhooks/registry/harbor/harbor' })).statusCode).toBe(
        404,
      );
    }
  });
  test('what may not be logged is counted', async () => {
    const receiver = testReceiver({ mayLogRefusal: () => false });
    await send(receiver, post(HARBOR, WRONG));
    expect(receiver.logged()).toBe('');
    expect(await receiver.results()).toEqual({ 'harbor harbor unauthenticated': 1 });
  });
  test('an old and a new secret are both taken', async () => {
    const secrets = [{ environment: 'NEW' }, { environment: 'OLD' }];
    const { openRegistrations } = await import('./open-registrations.ts');
    const { readRegistrations } = await import('../../services/domain/registries/registration.ts');
    const registries = ['harbor', 'ghcr'].map((kind) => {
      const webhook = { method: kind === 'ghcr' ? 'hmac' : 'bearer', secrets };
      return { id: kind, kind, host: 'h.example.org', webhook };
    });
    const registrations = openRegistrations(readRegistrations({ registries }, 't').values(), (source) =>
      'environment' in source && source.environment === 'NEW' ? WRONG : HOOK_SECRET,
    );
    const receiver = testReceiver({ registrations });
    for (const sample of [HARBOR, GHCR]) {
      for (const secret of [WRONG, HOOK_SECRET])
        expect((await send(receiver, post(sample, secret))).statusCode).toBe(202);
      expect((await send(receiver, post(sample, 'x'.repeat(20)))).statusCode).toBe(401);
    }
  });
});

/** What a server answers to bytes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.on('data', (piece) => {
      answer += piece.toString();
      if (answer.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
  });
}
