import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { HAS_DOCKER_REGISTRY, startDockerRegistry } from '../support/docker-registry.ts';
import { freePort } from '../support/free-port.ts';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { runCommand, startCommand } from '../support/scan.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface PrintedEvent {
  readonly action: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

/** What `plimsoll webhooks --dry-run` printed. */
function eventsIn(stdout: string): PrintedEvent[] {
  const deliveries = stdout.split('\n').filter((line) => line !== '');
  return deliveries.flatMap((line) => JSON.parse(line).events as PrintedEvent[]);
}

test.skipIf(!HAS_DOCKER_REGISTRY)(
  'docker-registry, set up as "registry add" says: pushes and deletions arrive, those of an outage too',
  async () => {
    const directory = await temporaryDirectory();
    const [registryPort, hookPort] = [await freePort(), await freePort()];
    const registries = join(directory, 'registries.yaml');
    const keys = join(directory, 'keys');
    writeFileSync(keys, (await runCommand(['secret', 'key'])).stdout);
    const environment = { PLIMSOLL_SEALING_KEYS_FILE: keys };

    const url = `http://127.0.0.1:${hookPort}`;
    const named = ['--kind', 'distribution', '--host', `127.0.0.1:${registryPort}`, '--http'];
    const options = [...named, '--registries', registries, '--url', url];
    const added = await runCommand(['registry', 'add', 'local', ...options], '', { environment });
    expect(added).toMatchObject({ code: 0, stderr: '' });
    const notifications = added.stdout.slice(added.stdout.indexOf('notifications:')).replace('10s', '1s');
    const secret = /Bearer ([\w-]{43})"/.exec(notifications)![1]!;
    expect(readFileSync(registries, 'utf8')).not.toContain(secret);

    const image = await buildImage({ layers: [{ entries: [file('etc/os-release', 'ID=alpine\nVERSION_ID=3.22\n')] }] });
    const registry = await startDockerRegistry(onTestFinished, [notifications], [], registryPort);
    const skopeo = (...args: string[]) => execFileSync('skopeo', args, { stdio: ['ignore', 'pipe', 'pipe'] });

    // Nobody listens yet: the registry tries again.
    registry.push('team/app:first', image);
    const listen = ['--listen', `127.0.0.1:${hookPort}`];
    const receiver = startCommand(['webhooks', '--registries', registries, ...listen, '--dry-run'], {
      environment,
      timeoutMs: 120_000,
    });
    onTestFinished(() => receiver.kill('SIGKILL'));
    await receiver.saw('"tag":"first"');
    registry.push('team/app:second', image);
    await receiver.saw('"tag":"second"');
    const second = `docker://${registry.host}/team/app:second`;
    skopeo('copy', '--src-tls-verify=false', second, `dir:${join(directory, 'pulled')}`);
    skopeo('delete', '--tls-verify=false', second);
    await receiver.saw('"action":"delete"');

    const forged = await fetch(`${url}/webhooks/registry/distribution/local`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret.slice(1)}` },
      body: '{"events":[]}',
    });
    expect(forged.status).toBe(401);
    await receiver.saw('delivery refused');

    receiver.kill('SIGTERM');
    const { code, stdout, stderr } = await receiver.result;
    expect(code).toBe(0);
    const digest = image.manifestDigest;
    expect(eventsIn(stdout).filter(({ action }) => action === 'push')).toMatchObject([
      { repository: 'team/app', tag: 'first', digest },
      { repository: 'team/app', tag: 'second', digest },
    ]);
    expect(eventsIn(stdout).filter(({ action }) => action === 'delete')).toContainEqual(
      expect.objectContaining({ repository: 'team/app', digest }),
    );
    for (const text of [stdout, stderr]) expect(text).not.toContain(secret.slice(1));
  },
);
