import { once } from 'node:events';
import { Agent, request as send } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NodeIssuer } from '../../services/adapters/certificates/issuer.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { type ListenerOptions, type ReviewCall, startListener, type TlsMaterial } from './listener.ts';
import type { RefusedCallReason } from './refused-call.ts';

const issuer = new NodeIssuer();
const DAY = 86_400_000;
const terms = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
const authority = issuer.newAuthority({ ...terms, name: 'ours' });
const clients = issuer.newAuthority({ ...terms, name: 'of API servers' });
const NAME = 'plimsoll.plimsoll.svc';
const server = issuer.newCertificate(authority, { ...terms, name: NAME, dnsNames: [NAME], usage: 'server' });
const MATERIAL: TlsMaterial = { ...server, clientAuthorities: clients.certificate };
const clientOf = (name: string, signer = clients) =>
  issuer.newCertificate(signer, { ...terms, name, dnsNames: [name], usage: 'client' });
const API_SERVER = clientOf('kube-apiserver');

interface Listening {
  readonly port: number;
  readonly calls: ReviewCall[];
  readonly refused: RefusedCallReason[];
  readonly use: (material: TlsMaterial) => void;
  readonly close: () => Promise<void>;
}

async function listening(changes: Partial<ListenerOptions> = {}): Promise<Listening> {
  const calls: ReviewCall[] = [];
  const refused: RefusedCallReason[] = [];
  const running = await startListener({
    host: '127.0.0.1',
    port: 0,
    material: MATERIAL,
    clientNames: ['kube-apiserver'],
    pathSecret: null,
    serverNames: [NAME],
    mutate: false,
    limits: LIMITS,
    now: () => performance.now(),
    review: async (call) => {
      calls.push(call);
      return { answered: call.path };
    },
    onRefused: (reason) => refused.push(reason),
    onFailed: () => {},
    ...changes,
  });
  onTestFinished(() => running.close());
  return { ...running, calls, refused };
}

interface Call {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly host?: string;
  readonly client?: { readonly certificate: string; readonly key: string } | null;
  readonly agent?: Agent;
}

async function call({ port }: Listening, options: Call = {}): Promise<{ status: number; text: string }> {
  const { path = '/admission/validate?timeout=10s', method = 'POST', body = '{}', host = `${NAME}:443` } = options;
  const { client = API_SERVER, agent = new Agent({ keepAlive: false }) } = options;
  return await new Promise((resolve, reject) => {
    const request = send({
      host: '127.0.0.1',
      port,
      path,
      method,
      agent,
      servername: NAME,
      ca: authority.certificate,
      headers: { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      ...(client !== null && { cert: client.certificate, key: client.key }),
    });
    request.on('error', reject);
    request.on('response', async (response) => {
      const pieces: Buffer[] = [];
      response.on('error', reject);
      for await (const piece of response) pieces.push(piece);
      resolve({ status: response.statusCode!, text: Buffer.concat(pieces).toString() });
    });
    request.end(body);
  });
}

describe('the listener of reviews', () => {
  test('takes what the API server sends, each path as what it is', async () => {
    const gate = await listening();
    expect(await call(gate)).toEqual({ status: 200, text: '{"answered":"validate"}' });
    expect(await call(gate, { path: '/admission/validate/critical' })).toMatchObject({ status: 200 });
    expect(gate.calls.map(({ path, authenticated }) => [path, authenticated])).toEqual([
      ['validate', true],
      ['critical', true],
    ]);
    expect(gate.refused).toEqual([]);
  });

  test.each<[string, Call, RefusedCallReason]>([
    ['a path that there is not', { path: '/admission/other' }, 'path'],
    ['a path below one that there is', { path: '/admission/validate/critical/x' }, 'path'],
    ['mutation where it was not asked for', { path: '/admission/mutate' }, 'path'],
    ['another method', { method: 'GET', body: '' }, 'path'],
    ['another host', { host: 'other.plimsoll.svc' }, 'host'],
    ['a host that only begins so', { host: `${NAME}.example.org` }, 'host'],
    ['no certificate', { client: null }, 'certificate'],
    ['a certificate of others', { client: clientOf('kube-apiserver', authority) }, 'certificate'],
    ['a certificate of another name', { client: clientOf('somebody') }, 'certificate'],
  ])('answers 403 to %s, and counts it', async (_name, wrong, reason) => {
    const gate = await listening();
    expect(await call(gate, wrong)).toEqual({ status: 403, text: '{"error":"forbidden"}' });
    expect(gate.refused).toEqual([reason]);
    expect(gate.calls).toEqual([]);
  });

  test('without client certificates asks for the secret segment, and says that nobody proved who he is', async () => {
    const material = { ...server, clientAuthorities: null };
    const gate = await listening({ material, pathSecret: 'canary-0123456789' });
    expect(await call(gate, { path: '/admission/validate/canary-0123456789', client: null })).toMatchObject({
      status: 200,
    });
    expect(gate.calls[0]).toMatchObject({ authenticated: false });
    for (const path of [
      '/admission/validate',
      '/admission/validate/critical',
      '/admission/validate/canary-012345678',
    ]) {
      expect(await call(gate, { path, client: null })).toMatchObject({ status: 403 });
    }
    expect(gate.refused).toEqual(['path', 'path', 'path']);
  });

  test('gives the answer half a second less than the API server waits', async () => {
    const gate = await listening({ now: () => 1_000 });
    for (const timeout of ['10s', '1m30s', '500ms', 'x', ''])
      await call(gate, { path: `/admission/validate?timeout=${timeout}` });
    expect(gate.calls.map(({ deadline }) => deadline)).toEqual([10_500, 30_500, 1_100, 10_500, 10_500]);
  });

  test('takes bodies up to reviewBytes', async () => {
    const gate = await listening({ limits: { ...LIMITS, reviewBytes: 1_000 } });
    expect(await call(gate, { body: 'x'.repeat(1_000) })).toMatchObject({ status: 200 });
    expect(await call(gate, { body: 'x'.repeat(1_001) })).toMatchObject({ status: 413 });
    expect(gate.refused).toEqual(['too-large']);
  });

  test('answers no more than reviewsAtOnce at one time, and goes on when they are over', async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const review = async () => {
      started.resolve();
      await release.promise;
      return {};
    };
    const gate = await listening({ limits: { ...LIMITS, reviewsAtOnce: 1 }, review });
    const first = call(gate);
    await started.promise;
    expect(await call(gate)).toMatchObject({ status: 503 });
    release.resolve();
    expect(await first).toMatchObject({ status: 200 });
    await expect.poll(async () => (await call(gate)).status).toBe(200);
  });

  test('holds no more connections than reviewConnections, and closes the next', async () => {
    const gate = await listening({ limits: { ...LIMITS, reviewConnections: 1 } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect(await call(gate, { agent })).toMatchObject({ status: 200 });
    await expect(call(gate)).rejects.toThrow();
    expect(gate.refused).toEqual(['connections']);
    expect(await call(gate, { agent })).toMatchObject({ status: 200 });
    agent.destroy();
    await expect.poll(() => call(gate).then(({ status }) => status, String)).toBe(200);
  });

  test('a review that fails is a 500, and the next goes on', async () => {
    const failed: unknown[] = [];
    const gate = await listening({
      review: () => Promise.reject(new Error('broken')),
      onFailed: (error) => failed.push(error),
    });
    expect(await call(gate)).toEqual({ status: 500, text: '{"error":"failed"}' });
    expect(failed).toEqual([new Error('broken')]);
  });

  test('shows a new certificate to new connections, and drops none that is there', async () => {
    const gate = await listening();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const next = issuer.newCertificate(authority, { ...terms, name: 'next', dnsNames: [NAME], usage: 'server' });
    const running = (async () => {
      for (let i = 0; i < 50; i++) expect(await call(gate, { agent })).toMatchObject({ status: 200 });
    })();
    gate.use({ ...next, clientAuthorities: clients.certificate });
    await running;
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
    const socket = connect({ host: '127.0.0.1', port: gate.port, servername: NAME, ca: authority.certificate });
    await once(socket, 'secureConnect');
    expect(socket.getPeerCertificate().subject.CN).toBe('next');
    socket.destroy();
  });

  test('believes no client any more whose authority was taken away, with a session of before or without', async () => {
    const gate = await listening();
    const sessions: Buffer[] = [];
    const opened = (session?: Buffer) => {
      const { certificate: cert, key } = API_SERVER;
      const ca = authority.certificate;
      return connect({
        host: '127.0.0.1',
        port: gate.port,
        servername: NAME,
        ca,
        cert,
        key,
        ...(session && { session }),
      });
    };
    const ask = async (socket: ReturnType<typeof opened>): Promise<string> => {
      socket.on('session', (session) => sessions.push(session));
      socket.write(
        `POST /admission/validate HTTP/1.1\r\nhost: ${NAME}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
      );
      const [answer] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return answer.toString().split('\r\n')[0]!;
    };
    expect(await ask(opened())).toContain('200');
    gate.use({ ...server, clientAuthorities: issuer.newAuthority({ ...terms, name: 'other' }).certificate });
    expect(await ask(opened(sessions.at(-1)))).toContain('403');
    expect(await ask(opened())).toContain('403');
  });

  test('ends with what has begun answered', async () => {
    const started = Promise.withResolvers<void>();
    const gate = await listening({
      review: async () => {
        started.resolve();
        await sleep(300);
        return { late: true };
      },
    });
    const begun = call(gate);
    await started.promise;
    await gate.close();
    expect(await begun).toEqual({ status: 200, text: '{"late":true}' });
    await expect(call(gate)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('speaks to nobody without TLS, and counts it', async () => {
    const gate = await listening();
    const { connect: plain } = await import('node:net');
    const socket = plain(gate.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST /admission/validate HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    expect(gate.refused).toEqual(['handshake']);
  });
});
