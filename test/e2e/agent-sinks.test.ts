import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { AgentOutlets } from '../../services/cli/agent-outlets.ts';
import { parseSinkOptions, type SinkCommandOptions } from '../../services/cli/sink-options.ts';
import type { RuntimeRecord } from '../../services/domain/runtime/record.ts';
import { openOutlets } from '../../services/outlets.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SECRET = 'canary-0123456789abcdef';
const DEFAULTS: SinkCommandOptions = {
  fileSize: '64M',
  fileCount: '8',
  webhookAllow: ['127.0.0.1'],
  bufferSize: '1M',
  severity: 'low',
};
/** Of severity high, with a text to know it by. */
const record = (reason: string): RuntimeRecord => ({
  type: 'unreadable',
  time: '2026-11-30T12:00:00.000000001Z',
  reason,
});

function outletsOf(options: Partial<SinkCommandOptions>) {
  const said: string[] = [];
  const opened = openOutlets(parseSinkOptions({ ...DEFAULTS, ...options }), {
    say: (text) => said.push(text),
    sensorProgram: async () => '/bin/false',
    environment: {},
  });
  return { outlets: new AgentOutlets(null, opened), said };
}

async function secretFile(): Promise<string> {
  const file = join(await temporaryDirectory(), 'secret');
  writeFileSync(file, `${SECRET}\n`);
  return file;
}

/** What comes over the connections to a server on a free port. */
async function receiver(make: (onSocket: (socket: Socket) => void) => Server, port = 0) {
  let text = '';
  const sockets = new Set<Socket>();
  const server = make((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  onTestFinished(close);
  return { port: (server.address() as AddressInfo).port, text: () => text, close };
}

/** The messages of a stream, each behind its length in bytes. */
function unframed(text: string): string[] {
  const messages: string[] = [];
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const space = rest.indexOf(' ');
    const length = Number(rest.subarray(0, space).toString());
    messages.push(rest.subarray(space + 1, space + 1 + length).toString());
    rest = rest.subarray(space + 1 + length);
  }
  return messages;
}

describe('a webhook', () => {
  test('has records as a signed array; what it does not take comes again, the same under the same number', async () => {
    const bodies: { body: string; delivery: string; signature: string }[] = [];
    const { url } = await loopbackServer((request, response, count) => {
      let body = '';
      request.setEncoding('utf8').on('data', (piece) => {
        body += piece;
      });
      request.on('end', () => {
        const { 'plimsoll-delivery': delivery, 'plimsoll-signature': signature } = request.headers as Record<
          string,
          string
        >;
        bodies.push({ body, delivery: delivery!, signature: signature! });
        response.writeHead(count === 1 ? 503 : 202).end();
      });
    });
    const { outlets, said } = outletsOf({ webhook: `${url}/hook?token=hidden`, webhookSecretFile: await secretFile() });
    await outlets.tell([record('one'), record('two — ünïcode')]);
    await vi.waitFor(() => expect(bodies).toHaveLength(2), { timeout: 20_000 });
    await outlets.close();
    expect(JSON.parse(bodies[0]!.body)).toMatchObject([
      { kind: 'agent-unreadable', reason: 'one' },
      { reason: 'two — ünïcode' },
    ]);
    expect(bodies[1]).toMatchObject({ body: bodies[0]!.body, delivery: bodies[0]!.delivery });
    const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(bodies[0]!.signature)!;
    expect(hex).toBe(createHmac('sha256', SECRET).update(`${seconds}.${bodies[0]!.body}`).digest('hex'));
    expect(said[0]).toMatch(/^webhook http:\/\/127\.0\.0\.1:\d+: it answers with status 503; tried again/);
    expect(said.join()).not.toContain('hidden');
  });

  test('is not asked where nobody allowed it, and no redirect is followed; what waits lies on disk and goes to the next agent', async () => {
    const directory = await temporaryDirectory();
    const buffer = join(directory, 'buffer');
    const { url, requests } = await loopbackServer((_, response) =>
      response.writeHead(302, { location: '/other' }).end(),
    );
    const webhook = { webhook: url, webhookSecretFile: await secretFile(), buffer };
    const refused = outletsOf({ ...webhook, webhookAllow: [] });
    await refused.outlets.tell([record('kept')]);
    await vi.waitFor(() => expect(refused.said[0]).toContain('which nobody allowed'), { timeout: 20_000 });
    await refused.outlets.close();
    expect(requests).toEqual([]);
    const moved = outletsOf(webhook);
    await vi.waitFor(() => expect(moved.said[0]).toContain('status 302'), { timeout: 20_000 });
    await moved.outlets.close();
    expect(requests.map(({ url: asked }) => asked).includes('/other')).toBe(false);
    expect(readdirSync(buffer)).toHaveLength(1);
    const bodies: string[] = [];
    const { url: right } = await loopbackServer((request, response) => {
      request.setEncoding('utf8').on('data', (piece) => bodies.push(piece));
      request.on('end', () => response.end());
    });
    const third = outletsOf({ ...webhook, webhook: right });
    await vi.waitFor(() => expect(bodies.join('')).toContain('kept'), { timeout: 20_000 });
    await third.outlets.close();
    expect(readdirSync(buffer)).toEqual([]);
  });
});

describe('syslog', () => {
  test('over TCP: each message behind its length, also after the receiver was away', async () => {
    const first = await receiver((onSocket) => createServer(onSocket));
    const { outlets, said } = outletsOf({ syslog: `tcp://127.0.0.1:${first.port}` });
    await outlets.tell([record('one'), record('zwölf')]);
    await vi.waitFor(() => expect(unframed(first.text())).toHaveLength(2), { timeout: 20_000 });
    first.close();
    // What was handed to a connection that has just died is gone: no receiver of syslog says what it has.
    await vi.waitFor(
      async () => {
        await outlets.tell([record('into the void')]);
        expect(said[0]).toContain('it takes nothing');
      },
      { timeout: 20_000, interval: 100 },
    );
    const second = await receiver((onSocket) => createServer(onSocket), first.port);
    await vi.waitFor(() => expect(unframed(second.text()).length).toBeGreaterThan(0), { timeout: 30_000 });
    await outlets.close();
    expect(unframed(first.text())[1]).toMatch(
      /^<106>1 2026-11-30T12:00:00\.000000Z \S+ plimsoll-agent \d+ agent-unreadable - \{"time":.*"zwölf"\}$/,
    );
  });

  test.skipIf(spawnSync('openssl', ['version']).status !== 0)(
    'over TLS (needs openssl): only to whom a trusted authority vouches for',
    async () => {
      const directory = await temporaryDirectory();
      const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(directory, name)) as [
        string,
        string,
      ];
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
          '-subj',
          '/CN=test',
          '-addext',
          'subjectAltName=IP:127.0.0.1',
          '-keyout',
          key,
          '-out',
          certificate,
        ],
        { stdio: 'ignore' },
      );
      const server = await receiver((onSocket) =>
        createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, onSocket),
      );
      const syslog = `tls://127.0.0.1:${server.port}`;
      const distrusting = outletsOf({ syslog });
      await distrusting.outlets.tell([record('secret')]);
      await vi.waitFor(() => expect(distrusting.said[0]).toMatch(/certificate/), { timeout: 20_000 });
      await distrusting.outlets.close();
      expect(server.text()).toBe('');
      const trusting = outletsOf({ syslog, syslogCa: certificate });
      await trusting.outlets.tell([record('hello')]);
      await vi.waitFor(() => expect(unframed(server.text())).toHaveLength(1), { timeout: 20_000 });
      await trusting.outlets.close();
    },
  );
});

test('what a sink had no room for is counted by severity, and told with the next records', async () => {
  const { url } = await loopbackServer((_, response) => response.writeHead(500).end());
  const buffer = join(await temporaryDirectory(), 'buffer');
  const opened = openOutlets(
    parseSinkOptions({ ...DEFAULTS, webhook: url, webhookSecretFile: await secretFile(), buffer }),
    {
      say: () => {},
      sensorProgram: async () => '/bin/false',
      environment: {},
    },
  );
  const stdout = new PassThrough();
  const outlets = new AgentOutlets(stdout, opened);
  let told = '';
  stdout.setEncoding('utf8').on('data', (piece) => {
    told += piece;
  });
  for (let i = 0; i < 25; i++) await outlets.tell([record('x'.repeat(100_000))]);
  await outlets.close();
  const lost = told
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === 'agent-lost');
  expect(lost[0]).toMatchObject({ sink: expect.stringMatching(/^webhook /), lost: { low: 0, medium: 0 } });
  // A megabyte has room for ten of them.
  expect(lost.reduce((sum, { lost: { high } }) => sum + high, 0)).toBeGreaterThanOrEqual(10);
});

test.each<[Partial<SinkCommandOptions>, string]>([
  [{ syslog: 'udp://a:1' }, '--syslog'],
  [{ syslog: 'tcp://a:0' }, '--syslog'],
  [{ syslog: 'tcp://a:1', syslogCa: 'x' }, '--syslog-ca'],
  [{ webhook: 'ftp://a' }, '--webhook'],
  [{ webhook: 'https://a' }, '--webhook-secret-file'],
  [{ buffer: '/x' }, '--buffer'],
  [{ file: 'x', fileSize: '1K' }, '--file-size'],
  [{ file: 'x', fileCount: '0' }, '--file-count'],
  [{ severity: 'worst' }, '--severity'],
])('%o is refused by its name', (options, named) => {
  expect(() => parseSinkOptions({ ...DEFAULTS, ...options })).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(named) }),
  );
});
