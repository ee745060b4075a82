import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CAN_SECURE,
  type DockerRegistry,
  HAS_DOCKER_REGISTRY,
  secured,
  startDockerRegistry,
} from '../support/docker-registry.ts';
import { echoing, fakeRegistry } from '../support/fake-registry.ts';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { type CommandResult, runCommand, scratch, startCommand } from '../support/scan.ts';

/** The real command against registries that want to know who asks, by every way to say so. */

const place = scratch('credentials');
const image = await buildImage({
  layers: [{ entries: [file('srv/node_modules/a/package.json', '{"name":"a","version":"1.0.0"}')] }],
});
let made = 0;

interface Given {
  readonly args?: readonly string[];
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The Docker configuration. */
  readonly config?: unknown;
}

function scan(
  target: string,
  { args = [], input = '', environment = {}, config = {} }: Given = {},
): Promise<CommandResult> {
  const home = join(place, `home-${made++}`);
  mkdirSync(join(home, '.docker'), { recursive: true });
  writeFileSync(join(home, '.docker/config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  const options = { environment: { HOME: home, ...environment } };
  return runCommand(['scan', '--db', 'none', '--no-cache', '--verbose', '--packages', ...args, target], input, options);
}

const auth = (user: string, password: string): string => Buffer.from(`${user}:${password}`).toString('base64');
const found = { code: 0, stdout: expect.stringMatching(/^a +1\.0\.0 /m) };
const denied = { code: 1, stderr: expect.stringContaining('[REGISTRY_DENIED]') };

/** A program of that name in a PATH of its own. */
function helper(name: string, script: string): Record<string, string> {
  const directory = join(place, `bin-${made++}`);
  mkdirSync(directory);
  writeFileSync(join(directory, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, `docker-credential-${name}`), 0o755);
  return { PATH: `${directory}:${process.env.PATH}` };
}

describe.skipIf(!HAS_DOCKER_REGISTRY || !CAN_SECURE)("Debian's docker-registry with TLS and passwords", () => {
  const closes: (() => void)[] = [];
  afterAll(() => {
    for (const close of closes) close();
  });
  let registry: DockerRegistry;
  let ca: string;
  const target = () => `${registry.host}/team/app:1`;

  beforeAll(async () => {
    const { extra, http, ...files } = secured(place, 'me', 'right');
    ca = files.ca;
    registry = await startDockerRegistry((close) => closes.push(close), extra, http);
    registry.push('team/app:1', image, ['--dest-creds', 'me:right']);
  });

  test('an unknown certificate is refused; its authority or --insecure helps', async () => {
    const config = { auths: { [registry.host]: { auth: auth('me', 'right') } } };
    const unknown = await scan(target(), { config });
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--registry-ca.*\[REGISTRY_UNAVAILABLE\]/),
    });
    expect(await scan(target(), { config, args: ['--registry-ca', ca] })).toMatchObject(found);
    expect(await scan(target(), { config, args: ['--insecure'] })).toMatchObject(found);
    const other = await scan(target(), { config, args: ['--registry-ca', join(place, 'htpasswd')] });
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('[USAGE]') });
  });

  test('--offline asks no registry', async () => {
    const result = await scan(target(), { args: ['--insecure', '--offline'] });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringMatching(/--offline.*\[USAGE\]/) });
  });

  test('without credentials nothing is given', async () => {
    const result = await scan(target(), { args: ['--insecure'] });
    expect(result).toMatchObject(denied);
    expect(result.stderr).toContain('there are none for it');
  });

  const withPort = (rest: string) => `${rest}${registry.host}`;
  test.each<[string, () => Given]>([
    ['the Docker configuration', () => ({ config: { auths: { [registry.host]: { auth: auth('me', 'right') } } } })],
    [
      'it, by the address of the API',
      () => ({ config: { auths: { [`${withPort('https://')}/v2/`]: { auth: auth('me', 'right') } } } }),
    ],
    ['it, in two fields', () => ({ config: { auths: { [registry.host]: { username: 'me', password: 'right' } } } })],
    ['standard input', () => ({ args: ['--username', 'me', '--password-stdin'], input: 'right\n' })],
    [
      'the environment',
      () => ({ environment: { PLIMSOLL_REGISTRY_USERNAME: 'me', PLIMSOLL_REGISTRY_PASSWORD: 'right' } }),
    ],
    [
      'a helper for this registry',
      () => ({
        config: { credHelpers: { [registry.host]: 'test-1' } },
        environment: helper(
          'test-1',
          'read s; echo "{\\"ServerURL\\":\\"$s\\",\\"Username\\":\\"me\\",\\"Secret\\":\\"right\\"}"',
        ),
      }),
    ],
    [
      'a helper for all',
      () => ({
        config: { credsStore: 'all', auths: { [registry.host]: {} } },
        environment: helper('all', `read s; [ "$s" = ${registry.host} ] && echo '{"Username":"me","Secret":"right"}'`),
      }),
    ],
    [
      "podman's file, where the helper has none",
      () => {
        const runtime = join(place, `run-${made++}`);
        mkdirSync(join(runtime, 'containers'), { recursive: true });
        writeFileSync(
          join(runtime, 'containers/auth.json'),
          JSON.stringify({ auths: { [registry.host]: { auth: auth('me', 'right') } } }),
        );
        const nothing = helper('none', 'echo credentials not found in native keychain; exit 1');
        return { config: { credsStore: 'none' }, environment: { ...nothing, XDG_RUNTIME_DIR: runtime } };
      },
    ],
  ])('credentials from %s', async (_, given) => {
    const { args = [], ...rest } = given();
    expect(await scan(target(), { ...rest, args: ['--registry-ca', ca, ...args] })).toMatchObject(found);
  });

  test.each<[string, Given, string]>([
    [
      'a wrong password',
      { environment: { PLIMSOLL_REGISTRY_USERNAME: 'me', PLIMSOLL_REGISTRY_PASSWORD: 'wrong' } },
      'answered 401',
    ],
    ['a helper that is not there', { config: { credsStore: 'absent' } }, 'is not in PATH'],
    ['a helper of a name that is none', { config: { credsStore: '../x' } }, 'is no name of a credential helper'],
    [
      'a helper that fails',
      { config: { credsStore: 'bad' }, environment: helper('bad', 'echo geheim; exit 3') },
      'exit code 3',
    ],
    [
      'a helper that says something else',
      { config: { credsStore: 'odd' }, environment: helper('odd', 'echo geheim') },
      'no user name',
    ],
    ['a configuration that is broken', { config: '{"auths": geheim' }, 'is not JSON'],
  ])('%s', async (_, given, message) => {
    const result = await scan(target(), { ...given, args: ['--insecure'] });
    expect(result).toMatchObject(denied);
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toContain('geheim');
  });

  test.each<[string, Given]>([
    ['a name without a password', { args: ['--username', 'me'] }],
    ['standard input without a name', { args: ['--password-stdin'], input: 'right' }],
    ['empty standard input', { args: ['--username', 'me', '--password-stdin'] }],
    ['a password without a name', { environment: { PLIMSOLL_REGISTRY_PASSWORD: 'right' } }],
  ])('%s is a mistake', async (_, given) => {
    const args = ['--insecure', ...(given.args ?? [])];
    expect(await scan(target(), { ...given, args })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[USAGE]'),
    });
  });
});

describe('a secret', () => {
  const canary = (name: string): string => `canary-${name}-5f70bf18a086`;
  test.each<[string, (host: string) => Given]>([
    [
      'environment',
      () => ({ environment: { PLIMSOLL_REGISTRY_USERNAME: 'me', PLIMSOLL_REGISTRY_PASSWORD: canary('environment') } }),
    ],
    ['token', () => ({ environment: { PLIMSOLL_REGISTRY_TOKEN: canary('token') } })],
    ['stdin', () => ({ args: ['--username', 'me', '--password-stdin'], input: canary('stdin') })],
    ['auth', (host) => ({ config: { auths: { [host]: { auth: auth('me', canary('auth')) } } } })],
    ['identity', (host) => ({ config: { auths: { [host]: { identitytoken: canary('identity') } } } })],
    [
      'helper',
      () => ({
        config: { credsStore: 'canary' },
        environment: helper('canary', `echo '{"Username":"me","Secret":"${canary('helper')}"}'`),
      }),
    ],
  ])('from %s stands in no message, also where the registry repeats it', async (name, given) => {
    const registry = await fakeRegistry(echoing);
    const result = await scan(`${registry.host}/app:1`, given(registry.host));
    expect(result).toMatchObject(denied);
    const sent = registry.requests.map(({ headers }) => headers.authorization).filter((header) => header !== undefined);
    // An identity token goes in the body.
    expect(sent.length).toBeGreaterThan(name === 'identity' ? -1 : 0);
    for (const output of [result.stdout, result.stderr]) {
      expect(output).not.toContain(canary(name));
      expect(output).not.toContain(auth('me', canary(name)));
    }
  });

  test('stands in the arguments of no process', async () => {
    const seen: string[] = [];
    const silent = await loopbackServer((request) => {
      seen.push(request.headers.authorization ?? '');
    });
    const environment = { PLIMSOLL_REGISTRY_TOKEN: canary('arguments') };
    const running = startCommand(['scan', '--db', 'none', '--no-cache', `${silent.url.replace('http://', '')}/app:1`], {
      environment,
    });
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBeGreaterThan(0);
    const lines = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(argumentsOf);
    expect(lines.some((line) => line.includes('--no-cache'))).toBe(true);
    expect(lines.filter((line) => line.includes('canary-arguments'))).toEqual([]);
    running.kill('SIGINT');
    expect((await running.result).stderr).not.toContain('canary-arguments');
  });
});

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}
