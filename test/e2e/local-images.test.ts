import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalEngine } from '../../services/domain/image/target.ts';
import type { IndexReport, Report } from '../../services/domain/report/report.ts';
import {
  type ContainerEngine,
  HAS_ENGINE,
  startContainerd,
  startDocker,
  startPodman,
} from '../support/container-engines.ts';
import { buildImage, dockerArchive } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { packagesOf } from '../support/outcome.ts';
import { runCommand, scratch } from '../support/scan.ts';

/** The real command with the real engines. */

const place = scratch('local-images');
const temporary = join(place, 'tmp');
mkdirSync(temporary);

const imageOf = (name: string, version: string) => {
  const manifest = file('srv/node_modules/left/package.json', `{"name":"left","version":"${version}"}`);
  return buildImage({ name, layers: [{ entries: [manifest], compression: 'none' }] });
};

const ENGINES: readonly [
  LocalEngine,
  (directory: string, atEnd: (close: () => void | Promise<void>) => void) => Promise<ContainerEngine>,
  string,
][] = [
  ['podman', startPodman, 'localhost/'],
  ['docker', startDocker, ''],
  ['containerd', startContainerd, 'docker.io/library/'],
];

describe.each(ENGINES)('images of %s', (engine, start, prefix) => {
  describe.skipIf(!HAS_ENGINE[engine])('on this host', () => {
    const closes: (() => void | Promise<void>)[] = [];
    let environment: Readonly<Record<string, string>>;
    const scan = (...args: string[]) =>
      runCommand(['scan', '--db', 'none', '--no-cache', ...args], '', {
        environment: { ...environment, TMPDIR: temporary },
      });

    beforeAll(async () => {
      const directory = join(place, engine);
      mkdirSync(directory);
      const started = await start(directory, (close) => closes.push(close));
      environment = started.environment;
      for (const [name, version] of [
        ['app:1', '1.0.0'],
        ['app:2', '2.0.0'],
      ] as const) {
        const archive = join(directory, `${version}.tar`);
        writeFileSync(archive, await dockerArchive([await imageOf(name, version)]));
        started.load(archive);
      }
      started.tag(`${prefix}app:2`, `${prefix}again:2`);
    });
    afterAll(async () => {
      for (const close of closes.reverse()) await close();
    });

    test('one by its name', async () => {
      const { code, stdout, stderr } = await scan('--format', 'json', `${engine}:${prefix}app:1`);
      expect([code, stderr]).toEqual([0, '']);
      const report = JSON.parse(stdout) as Report;
      expect(packagesOf(report)).toEqual(['left 1.0.0']);
      expect(report.target).toMatchObject({ kind: engine, reference: `${prefix}app:1`, platform: 'linux/amd64' });
    });

    test('all of them, each content once', async () => {
      const { code, stdout } = await scan('--all', '--format', 'json', `${engine}:`);
      expect(code).toBe(0);
      const { index, reports } = JSON.parse(stdout) as IndexReport;
      expect(index).toEqual({ kind: engine, reference: '*', digest: null });
      const found = reports.map((report) => [report.target.reference, packagesOf(report)] as const);
      expect(found.toSorted()).toEqual([
        [`${prefix}again:2`, ['left 2.0.0']],
        [`${prefix}app:1`, ['left 1.0.0']],
      ]);
    });

    test('one that is not there', async () => {
      expect(await scan(`${engine}:${prefix}app:3`)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('[TARGET_NOT_FOUND]'),
      });
    });

    test('leave nothing behind', () => expect(readdirSync(temporary)).toEqual([]));
  });
});

test.each([['podman:app'], ['alpine'], ['registry:'], ['./image.tar']])('--all %s is a mistake', async (target) => {
  const result = await runCommand(['scan', '--db', 'none', '--all', target]);
  expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('[USAGE]') });
});
