import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type DebianRegistry, freePort, hasDebianRegistry, startDebianRegistry } from '../support/debian-registry.ts';
import { buildImage, ociArchive } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { type RunningCommand, runCommand, startCommand } from '../support/scan.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const hasTools = hasDebianRegistry && spawnSync('skopeo', ['--version']).status === 0;

let registry: DebianRegistry | null = null;
let receiver: RunningCommand | null = null;
afterEach(async () => {
  receiver?.kill('SIGKILL');
  await registry?.stop();
});

/** What `plimsoll webhooks --dry-run` wrote so far of pushes and deletions. */
function eventsIn(stdout: string) {
  const deliveries = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return deliveries.flatMap(
    ({ events }) => events as { action: string; repository: string; tag: string | null; digest: string | null }[],
  );
}

test.skipIf(!hasTools)(
  'docker-registry as "registry add" says, skopeo: pushes and deletions arrive, and those of an outage too',
  async () => {
    const directory = await temporaryDirectory();
    const [registryPort, hookPort] = [await freePort(), await freePort()];
    const registries = join(directory, 'registries.yaml');
    const key = (await runCommand(['secret', 'key'])).stdout;
    writeFileSync(join(directory, 'keys'), key);
    const environment = { PLIMSOLL_SEALING_KEYS_FILE: join(directory, 'keys') };

    const add = ['registry', 'add', 'local', '--kind', 'distribution', '--host', `127.0.0.1:${registryPort}`, '--http'];
    const url = `http://127.0.0.1:${hookPort}`;
    const added = await runCommand([...add, '--registries', registries, '--url', url], '', { environment });
    expect(added).toMatchObject({ code: 0, stderr: '' });
    const notifications = added.stdout
      .slice(added.stdout.indexOf('notifications:'))
      .replace('backoff: 10s', 'backoff: 1s');
    const secret = /Bearer ([\w-]{43})"/.exec(notifications)![1]!;
    expect(readFileSync(registries, 'utf8')).not.toContain(secret);

    const image = await buildImage({ layers: [{ entries: [file('etc/os-release', 'ID=alpine\nVERSION_ID=3.22\n')] }] });
    writeFileSync(join(directory, 'image.tar'), await ociArchive([image]));
    registry = await startDebianRegistry(directory, registryPort, notifications);
    const skopeo = (...args: string[]) => execFileSync('skopeo', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const push = (tag: string) => {
      const to = `docker://${registry!.host}/team/app:${tag}`;
      skopeo('copy', '--dest-tls-verify=false', `oci-archive:${join(directory, 'image.tar')}`, to);
    };

    // Nobody listens yet: the registry tries again.
    push('first');
    const args = [
      'webhooks',
      '--registries',
      registries,
      '--listen',
      `127.0.0.1:${hookPort}`,
      '--metrics',
      '127.0.0.1:0',
    ];
    receiver = startCommand([...args, '--dry-run'], { environment, timeoutMs: 120_000 });
    await receiver.saw('metrics on');
    await receiver.saw('"tag":"first"');
    push('second');
    await receiver.saw('"tag":"second"');
    skopeo(
      'copy',
      '--src-tls-verify=false',
      `docker://${registry.host}/team/app:second`,
      `dir:${join(directory, 'pulled')}`,
    );
    skopeo('delete', '--tls-verify=false', `docker://${registry.host}/team/app:second`);
    await receiver.saw('"action":"delete"');

    // What is not of the registry.
    const hook = `${url}/webhooks/registry/distribution/local`;
    const forged = await fetch(hook, { method: 'POST', headers: { authorization: 'Bearer x' }, body: '{"events":[]}' });
    expect(forged.status).toBe(401);
    await receiver.saw('delivery refused');

    receiver.kill('SIGTERM');
    const { code, stdout, stderr } = await receiver.result;
    expect(code).toBe(0);
    const digest = image.manifestDigest;
    const events = eventsIn(stdout);
    expect(events.filter(({ action }) => action === 'push')).toMatchObject([
      { repository: 'team/app', tag: 'first', digest },
      { repository: 'team/app', tag: 'second', digest },
    ]);
    expect(events.filter(({ action }) => action === 'delete')).toContainEqual(
      expect.objectContaining({ repository: 'team/app', digest }),
    );
    for (const text of [stdout, stderr]) expect(text).not.toContain(secret);
  },
);
