import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LocalImages } from '../../services/adapters/local-images/local-images.ts';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import type { IndexReport } from '../../services/domain/report/report.ts';
import { buildImage, ociArchive } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { packagesOf } from '../support/outcome.ts';
import { runCommand, scratch } from '../support/scan.ts';

/* Engines that fail, lie and never end: a script in the place of podman. */

const place = scratch('local-engines');
let made = 0;

interface Fake {
  readonly environment: Readonly<Record<string, string>>;
  /** What is left behind. */
  readonly left: () => string[];
}

function podman(script: string): Fake {
  const directory = join(place, `fake-${made++}`);
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary, { recursive: true });
  writeFileSync(join(directory, 'podman'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return {
    environment: { PATH: `${directory}:${process.env.PATH}`, TMPDIR: temporary },
    left: () => readdirSync(temporary),
  };
}

const options = (limits: Partial<Limits> = {}, signal: AbortSignal = new AbortController().signal) =>
  ({ limits: { ...LIMITS, ...limits }, signal }) as never;
const exported = ({ environment }: Fake, limits?: Partial<Limits>, signal?: AbortSignal) =>
  new LocalImages(environment).export('podman', 'app', options(limits, signal));
const listed = ({ environment }: Fake, limits?: Partial<Limits>) =>
  new LocalImages(environment).list('podman', options(limits));
const raised = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('an export', () => {
  test('that breaks off is no image, whatever came before', async () => {
    await expect(exported(podman('echo half; echo "no space left" >&2; exit 1'))).rejects.toEqual(
      raised('TARGET_UNREADABLE', /code 1: no space left/),
    );
    await expect(exported(podman('echo half; kill -9 $$'))).rejects.toEqual(
      raised('TARGET_UNREADABLE', /SIGKILL|killed/),
    );
  });

  test('without an end (imageBytes, lowered)', async () => {
    const { remove } = await exported(podman('printf 1234567890'), { imageBytes: 10 });
    await remove();
    await expect(exported(podman('printf 12345678901'), { imageBytes: 10 })).rejects.toEqual(
      raised('LIMIT_EXCEEDED', /imageBytes/),
    );
    await expect(exported(podman('yes'), { imageBytes: 100_000 })).rejects.toEqual(
      raised('LIMIT_EXCEEDED', /imageBytes/),
    );
  });

  test('that hangs is left when its user stops', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);
    await expect(exported(podman('exec sleep 60'), {}, stop.signal)).rejects.toEqual(raised('CANCELLED', /stopped/));
  });

  test('by an engine that is not there', async () => {
    const nobody = new LocalImages({ PATH: place });
    await expect(nobody.export('docker', 'app', options())).rejects.toEqual(
      raised('TARGET_UNREADABLE', /docker is not in PATH/),
    );
  });

  test('sees none of our secrets', async () => {
    const { environment } = podman('printf "%s" "$PLIMSOLL_REGISTRY_TOKEN" >&2; exit 1');
    const failed = new LocalImages({ ...environment, PLIMSOLL_REGISTRY_TOKEN: 'canary' }).export(
      'podman',
      'app',
      options(),
    );
    await expect(failed).rejects.not.toThrow('canary');
  });
});

describe('a list', () => {
  test.each(['', 'text', '{}', '[{}]', '[{"Id":1}]', '[null]', '[{"Id":"a","Names":[1]}]'])(
    '%j is refused',
    async (text) => {
      await expect(listed(podman(`echo '${text}'`))).rejects.toEqual(raised('TARGET_UNREADABLE', /cannot be read/));
    },
  );

  test('that is large (localImagesBytes, lowered)', async () => {
    const text = '[{"Id":"a"}]';
    const fake = podman(`printf '%s' '${text}'`);
    expect(await listed(fake, { localImagesBytes: text.length })).toEqual([{ id: 'a', name: 'a' }]);
    await expect(listed(fake, { localImagesBytes: text.length - 1 })).rejects.toEqual(
      raised('LIMIT_EXCEEDED', /localImagesBytes/),
    );
  });
});

test('one of many that fails costs no other its report, and is said', async () => {
  const good = await buildImage({
    layers: [{ entries: [file('srv/node_modules/left/package.json', '{"name":"left","version":"1.0.0"}')] }],
  });
  const archive = join(place, 'good.tar');
  writeFileSync(archive, await ociArchive([good]));
  const images = JSON.stringify([
    { Id: 'a', Names: ['gone:1'] },
    { Id: 'b', Names: ['good:1'] },
    { Id: 'c', Names: ['--output=/etc/passwd'] },
    { Id: 'd', Names: ['broken:1'] },
  ]);
  const fake = podman(`case "$*" in
    'image ls'*) printf '%s' '${images}' ;;
    *good:1) cat ${archive} ;;
    *broken:1) echo broken ;;
    *) echo "Error: $*: image not known" >&2; exit 125 ;;
  esac`);
  const args = ['scan', '--db', 'none', '--no-cache', '--all', '--format', 'json', 'podman:'];
  const { code, stdout, stderr } = await runCommand(args, '', { environment: fake.environment });
  expect(code).toBe(1);
  expect((JSON.parse(stdout) as IndexReport).reports.map(packagesOf)).toEqual([['left 1.0.0']]);
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^plimsoll: podman:--output=\/etc\/passwd: .*\[USAGE\]$/),
    expect.stringMatching(/^plimsoll: podman:broken:1: .*\[(?:ARCHIVE_INVALID|TARGET_UNREADABLE)\]$/),
    expect.stringMatching(/^plimsoll: podman:gone:1: .*\[TARGET_NOT_FOUND\]$/),
  ]);
  expect(fake.left()).toEqual([]);
});

test('none of many is an error', async () => {
  const fake = podman(`case "$*" in 'image ls'*) echo '[{"Id":"a"},{"Id":"b"}]' ;; *) exit 1 ;; esac`);
  const args = ['scan', '--db', 'none', '--no-cache', '--all', 'podman:'];
  const none = await runCommand(args, '', { environment: fake.environment });
  expect(none).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('none of 2 images') });
  const empty = await runCommand(args, '', { environment: podman("echo '[]'").environment });
  expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining('podman has no images') });
});
