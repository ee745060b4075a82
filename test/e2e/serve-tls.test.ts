import { copyFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type IssuedCertificate, TestAuthority } from '../support/certificates.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { runCommand, scratch } from '../support/scan.ts';
import { type Served, startServe } from '../support/serve.ts';

/** The API over TLS, with a certificate that changes while it runs. */

const place = scratch('serve-tls');
const authority = new TestAuthority(join(place, 'authority'));
const issue = (name: string) => authority.issue({ subject: `/CN=${name}`, names: ['IP:127.0.0.1'] });
const [first, second, third] = [issue('first'), issue('second'), issue('third')];
const shown = { certificate: join(place, 'tls.crt'), key: join(place, 'tls.key') };

function show({ certificateFile, keyFile }: IssuedCertificate): void {
  copyFileSync(certificateFile, shown.certificate);
  copyFileSync(keyFile, shown.key);
}

/** A connection of its own; the name that it was shown. */
async function connection(served: Served): Promise<{ socket: TLSSocket; name: string }> {
  const { hostname: host, port } = new URL(served.address);
  const socket = connect({ host, port: Number(port), ca: authority.own.certificate });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return { socket, name: String(socket.getPeerCertificate().subject.CN) };
}

async function livez(served: Served, socket: TLSSocket): Promise<string> {
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const asked = request(`${served.address}/livez`, {
      createConnection: () => socket,
      headers: { connection: 'keep-alive' },
    });
    asked.once('response', resolve).once('error', reject).end();
  });
  return await text(answer);
}

describe.skipIf(POSTGRES === null)(`TLS${POSTGRES === null ? ' (no PostgreSQL installed)' : ''}`, () => {
  test('is spoken with the certificate of the files, as they are now, and no connection is dropped for it', async () => {
    show(first);
    const served = await startServe({ directory: clusterDirectory(), settings: { tls: shown } });
    let output = '';
    served.command.onText((piece) => {
      output += piece;
    });
    expect(served.address).toMatch(/^https:/);
    await expect(fetch(served.address.replace('https:', 'http:'))).rejects.toThrow();
    const old = await connection(served);
    expect([old.name, await livez(served, old.socket)]).toEqual(['first', '{"status":"ok"}']);

    // Half of a new pair, and then none at all: that is told, and what was shown before is shown on.
    copyFileSync(second.certificateFile, shown.certificate);
    served.command.kill('SIGHUP');
    await expect.poll(() => output, { timeout: 60_000 }).toContain("is another's");
    writeFileSync(shown.key, 'nothing');
    served.command.kill('SIGHUP');
    await expect
      .poll(() => output.match(/the certificate of before is shown/g)?.length, { timeout: 60_000 })
      .toBeGreaterThan(1);
    expect((await connection(served)).name).toBe('first');

    show(second);
    served.command.kill('SIGHUP');
    await expect.poll(async () => (await connection(served)).name, { timeout: 60_000 }).toBe('second');
    expect(await livez(served, old.socket)).toBe('{"status":"ok"}');
    // Without a signal too.
    show(third);
    await expect.poll(async () => (await connection(served)).name, { timeout: 60_000, interval: 500 }).toBe('third');
    expect(await livez(served, old.socket)).toBe('{"status":"ok"}');
    old.socket.destroy();
    expect(await served.stop()).toBe(0);
  });
});

test.each([
  [
    'a file that is missing',
    { certificate: first.certificateFile, key: '/nonexistent/key' },
    /\/nonexistent\/key.*SECRET_UNREADABLE/,
  ],
  ['no certificate', { certificate: first.keyFile, key: first.keyFile }, /cannot be used.*SECRET_UNREADABLE/],
  ["another's key", { certificate: first.certificateFile, key: second.keyFile }, /another's.*SECRET_UNREADABLE/],
  ['half of the settings', { certificate: first.certificateFile }, /tls\.key.*SETTINGS_INVALID/],
])('%s stops the start, and is named', async (_name, tls, expected) => {
  const config = join(place, 'serve.json');
  writeFileSync(config, JSON.stringify({ dataDirectory: join(place, 'data'), scan: { db: 'starter' }, tls }));
  const { code, stderr } = await runCommand(['serve', '--config', config]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(expected)]);
});
