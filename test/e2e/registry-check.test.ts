import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { HAS_DOCKER_REGISTRY, startDockerRegistry } from '../support/docker-registry.ts';
import { fakeRegistry } from '../support/fake-registry.ts';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { runCommand } from '../support/scan.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const HAS_TOOLS = HAS_DOCKER_REGISTRY && spawnSync('htpasswd').error === undefined;
const SECRET = 'canary-0123456789abcdef';
const image = await buildImage({ layers: [{ entries: [file('etc/os-release', 'ID=alpine\nVERSION_ID=3.22\n')] }] });

/** `plimsoll registry check main` of one registration. */
async function check(host: string, changes: object) {
  const registries = join(await temporaryDirectory(), 'registries.yaml');
  const webhook = { method: 'bearer', secrets: [{ environment: 'HOOK' }] };
  const main = { id: 'main', kind: 'distribution', host, scheme: 'http', webhook, ...changes };
  writeFileSync(registries, stringify({ registries: [main] }));
  return runCommand(['registry', 'check', 'main', '--registries', registries], '', { environment: { PULL: SECRET } });
}

test.skipIf(!HAS_TOOLS)(
  'a registry with passwords: its repositories and tags, with those of the registration',
  async () => {
    const passwords = join(await temporaryDirectory(), 'htpasswd');
    writeFileSync(passwords, spawnSync('htpasswd', ['-Bbn', 'me', SECRET]).stdout);
    const registry = await startDockerRegistry(onTestFinished, [`auth: {htpasswd: {realm: x, path: ${passwords}}}`]);
    for (const name of ['team/app:1', 'team/app:2', 'other:1'])
      registry.push(name, image, ['--dest-creds', `me:${SECRET}`]);

    const pull = { credentials: { username: 'me', password: { environment: 'PULL' } } };
    expect(await check(registry.host, { pull })).toMatchObject({
      code: 0,
      stdout: 'main: 2 repositories (of its catalog), 3 tags\n',
      stderr: '',
    });
    expect(await check(registry.host, { pull, repositories: ['team/**'] })).toMatchObject({
      code: 0,
      stdout: 'main: 1 repositories (of its catalog), 2 tags\n',
    });
    const denied = await check(registry.host, { repositories: ['team/app'] });
    expect(denied).toMatchObject({ code: 3, stdout: expect.stringContaining('Left out: the catalog: ') });
    const wrong = await check(registry.host, { pull: { credentials: { ...pull.credentials, username: 'you' } } });
    expect(wrong.code).toBe(3);
    for (const { stdout, stderr } of [denied, wrong]) expect(stdout + stderr).not.toContain(SECRET);
  },
);

test('a registry without a catalog: what the registration names; what is not there is told', async () => {
  const registry = await fakeRegistry((request, response) => {
    if (!request.url!.startsWith('/v2/_catalog')) return false;
    response.writeHead(404).end();
    return true;
  });
  registry.push('team/app:1', image);
  const found = await check(registry.host, { repositories: ['team/app', 'team/none', 'team/**'] });
  expect(found.code).toBe(3);
  expect(found.stdout.split('\n').slice(0, 3)).toEqual([
    'main: 2 repositories (that the registration names: it shows no catalog), 1 tags',
    expect.stringContaining('Left out: the catalog: '),
    expect.stringContaining('Left out: team/none: '),
  ]);
});
