import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { LIMITS } from '../../domain/limits.ts';
import { DockerConfig } from './docker-config.ts';

const place = mkdtempSync(join(tmpdir(), 'plimsoll-docker-config-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const { signal } = new AbortController();
const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });
let made = 0;

function home(config: unknown): string {
  const directory = join(place, `home-${made++}`);
  mkdirSync(join(directory, '.docker'), { recursive: true });
  writeFileSync(join(directory, '.docker/config.json'), JSON.stringify(config));
  return directory;
}

const lookUp = (registry: string, config: unknown, limits = LIMITS) =>
  new DockerConfig({ HOME: home(config) }, limits).credentials(registry, signal);

describe('the Docker configuration', () => {
  const me = { kind: 'password', username: 'me', password: 'p:w' };

  test.each([
    ['docker.io', 'https://index.docker.io/v1/', me],
    ['docker.io', 'docker.io', me],
    ['docker.io', 'registry-1.docker.io', me],
    ['ghcr.io', 'ghcr.io', me],
    ['ghcr.io', 'https://GHCR.io', me],
    ['ghcr.io', 'https://ghcr.io/v2/', me],
    ['localhost:5000', 'http://localhost:5000', me],
    ['ghcr.io', 'ghcr.io:443', null],
    ['ghcr.io', 'evil-ghcr.io', null],
    ['ghcr.io', 'ghcr.io.evil.io', null],
    ['ghcr.io', 'ghcr.io/team/app', null],
    ['localhost:5000', 'localhost', null],
    ['__proto__', 'ghcr.io', null],
  ])('for %s, written as %s', async (registry, key, expected) => {
    expect(await lookUp(registry, { auths: { [key]: auth('me:p:w') } })).toEqual(expected);
  });

  test.each([
    [
      'an identity token before a password',
      { ...auth('me:x'), identitytoken: 't' },
      { kind: 'identity-token', token: 't' },
    ],
    ['a registry token before all', { identitytoken: 't', registrytoken: 'r' }, { kind: 'bearer-token', token: 'r' }],
    ['padding of old versions', auth('me:p\0\0'), { kind: 'password', username: 'me', password: 'p' }],
    ['an empty entry', {}, null],
    ['no object', 'text', null],
    ['null', null, null],
  ])('with %s', async (_, entry, expected) => {
    expect(await lookUp('r.io', { auths: { 'r.io': entry } })).toEqual(expected);
  });

  test.each([[[]], [null], ['text'], [{ auths: [] }], [{ credHelpers: 'x', credsStore: 1 }]])(
    'that is %j has none',
    async (config) => {
      expect(await lookUp('r.io', config)).toBeNull();
    },
  );

  test('with an entry without a colon is refused, and does not quote it', async () => {
    const failed = lookUp('r.io', { auths: { 'r.io': auth('canary') } });
    await expect(failed).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    await expect(failed).rejects.not.toThrow(/canary|Y2FuYXJ5/);
  });

  test('that is large (credentialBytes, lowered)', async () => {
    const config = { auths: { 'r.io': auth('me:p:w') } };
    const size = JSON.stringify(config).length;
    expect(await lookUp('r.io', config, { ...LIMITS, credentialBytes: size } as never)).toEqual(me);
    await expect(lookUp('r.io', config, { ...LIMITS, credentialBytes: size - 1 } as never)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });
});

describe('a credential helper', () => {
  const ask = async (script: string, limits: object) => {
    const name = `unit-${made++}`;
    writeFileSync(join(place, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const environment = {
      HOME: home({ credsStore: name }),
      PATH: `${place}:${process.env.PATH}`,
      PLIMSOLL_REGISTRY_TOKEN: 'ours',
    };
    return new DockerConfig(environment, { ...LIMITS, ...limits }).credentials('docker.io', signal);
  };

  test('is asked by the address that Docker uses, sees none of our secrets, and may give a token', async () => {
    const script = 'read s; echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"$s $PLIMSOLL_REGISTRY_TOKEN\\"}"';
    expect(await ask(script, {})).toEqual({ kind: 'identity-token', token: 'https://index.docker.io/v1/ ' });
  });

  test('that never ends (credentialHelperMs)', async () => {
    await expect(ask('sleep 60', { credentialHelperMs: 200 })).rejects.toThrow(/credentialHelperMs/);
  });

  test('that says too much (credentialBytes)', async () => {
    await expect(ask('yes', { credentialBytes: 1_000 })).rejects.toThrow(/credentialBytes/);
  });
});
