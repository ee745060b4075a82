import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import type { IssuedCertificate } from '../../pipeline/admission-ports.ts';
import { readAuthorities, readCertificateFiles } from './certificate-files.ts';
import { NodeIssuer } from './issuer.ts';
import { SharedFile } from './shared-file.ts';

const issuer = new NodeIssuer();
const DAY = 86_400_000;
const terms = { name: 'test', notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
const authority = issuer.newAuthority(terms);
const NAMES = ['plimsoll.plimsoll.svc', 'plimsoll.plimsoll.svc.cluster.local'];
const server = issuer.newCertificate(authority, { ...terms, dnsNames: NAMES, usage: 'server' });

/** What a client says of a server that shows the certificate. */
async function handshake(shown: IssuedCertificate, ca: string, servername: string): Promise<string> {
  const listening = createServer({ cert: shown.certificate, key: shown.key }, (socket) => socket.end());
  listening.on('tlsClientError', () => {});
  onTestFinished(() => void listening.close());
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  const { port } = listening.address() as { port: number };
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername }, () => {
      resolve(socket.authorized ? 'believed' : String(socket.authorizationError));
      socket.destroy();
    });
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });
}

describe('issued certificates', () => {
  test.each(NAMES)('are believed as %s by whoever has the authority', async (name) => {
    expect(await handshake(server, authority.certificate, name)).toBe('believed');
  });
  test('are believed with the authority among others', async () => {
    const bundle = issuer.newAuthority(terms).certificate + authority.certificate;
    expect(await handshake(server, bundle, NAMES[0]!)).toBe('believed');
  });
  test('are believed under no other name and by nobody else', async () => {
    expect(await handshake(server, authority.certificate, 'other.plimsoll.svc')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await handshake(server, issuer.newAuthority(terms).certificate, NAMES[0]!)).toMatch(/UNABLE_TO_VERIFY/);
  });
  test('hold no longer than they say', async () => {
    const past = issuer.newCertificate(authority, {
      ...terms,
      notAfter: new Date(Date.now() - 1_000),
      dnsNames: NAMES,
      usage: 'server',
    });
    expect(await handshake(past, authority.certificate, NAMES[0]!)).toBe('CERT_HAS_EXPIRED');
  });
  test('of servers sign no others', async () => {
    const forged = issuer.newCertificate(server, { ...terms, dnsNames: NAMES, usage: 'server' });
    expect(await handshake(forged, authority.certificate + server.certificate, NAMES[0]!)).not.toBe('believed');
  });
  test('say what they are for', () => {
    const [root, leaf] = [new X509Certificate(authority.certificate), new X509Certificate(server.certificate)];
    expect([root.ca, leaf.ca]).toEqual([true, false]);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    const other = issuer.newCertificate(authority, { ...terms, dnsNames: NAMES, usage: 'server' });
    expect(new X509Certificate(other.certificate).serialNumber).not.toBe(leaf.serialNumber);
  });
});

describe('certificates from files', () => {
  const files = async (certificate: string, key: string) => {
    const directory = await temporaryDirectory();
    const paths = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
    await writeFile(paths.certificate, certificate);
    await writeFile(paths.key, key);
    return paths;
  };
  test('are read with the day on which they end', async () => {
    const read = readCertificateFiles(await files(server.certificate, server.key));
    expect(read.certificate).toBe(server.certificate);
    expect(Math.abs(read.notAfter.getTime() - terms.notAfter.getTime())).toBeLessThan(1_000);
  });
  test.each([
    ['a key of another', server.certificate, authority.key, /another's/],
    ['no certificate', 'hello', server.key, /cannot be used/],
    ['no key', server.certificate, 'hello', /cannot be used/],
  ])('with %s are refused', async (_name, certificate, key, message) => {
    const paths = await files(certificate, key);
    expect(() => readCertificateFiles(paths)).toThrow(message);
  });
  test('of authorities are one or more certificates', async () => {
    const { certificate: file } = await files(authority.certificate + server.certificate, '');
    expect(readAuthorities(file)).toContain(authority.certificate);
    const { certificate: empty } = await files('', '');
    expect(() => readAuthorities(empty)).toThrow(/no certificate/);
  });
});

describe('a secret in a file', () => {
  test('is replaced by whoever saw it last', async () => {
    const file = new SharedFile(join(await temporaryDirectory(), 'authorities.json'));
    expect(await file.read()).toBeNull();
    expect(await Promise.all([file.replace('one', null), file.replace('two', null)])).toEqual([true, false]);
    const { text, version } = (await file.read())!;
    expect(text).toBe('one');
    expect(await file.replace('three', 'another')).toBe(false);
    expect(await file.replace('three', version)).toBe(true);
    expect((await file.read())!.text).toBe('three');
  });
  test('that others may read is refused', async () => {
    const path = join(await temporaryDirectory(), 'authorities.json');
    await writeFile(path, 'x');
    await chmod(path, 0o640);
    await expect(new SharedFile(path).read()).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });
});
