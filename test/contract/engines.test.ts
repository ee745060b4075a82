import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { LocalEngines } from '../../services/adapters/engines/local-engines.ts';
import { LocalPrograms } from '../../services/adapters/programs/local-programs.ts';
import type { Report } from '../../services/domain/report/report.ts';
import type { EngineChoice, EngineTarget } from '../../services/pipeline/engine-ports.ts';
import { engineOptions } from '../support/fake-engine.ts';
import { buildImage, descriptorOf, dockerArchive, hybridArchive, ociArchive } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { archiveFile, ociTarget, runCommand, scan, scratch } from '../support/scan.ts';
import { INSTALLED_ENGINES } from '../tools/engines.ts';

/** What Plimsoll relies on in every engine, on images made in code: it finds packages, in the image that we mean. */

const place = scratch('engine-contract');

const npm = (name: string, version: string) =>
  file(`srv/app/node_modules/${name}/package.json`, JSON.stringify({ name, version, license: 'MIT' }));
const status = (...names: string[]) =>
  file(
    'var/lib/dpkg/status',
    names
      .map(
        (name) =>
          `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.0-3\nMaintainer: A <a@example.org>\nDescription: a\n`,
      )
      .join('\n'),
  );
const base = [file('etc/os-release', 'ID=debian\nVERSION_ID="12"\n'), file('etc/debian_version', '12.0\n')];

const first = await buildImage({
  name: 'shop:1',
  layers: [{ entries: [...base, status('one')] }, { entries: [npm('left', '1.0.0')] }],
});
const second = await buildImage({ name: 'shop:2', layers: [{ entries: [...base, status('two')] }] });
const both = { schemaVersion: 2, manifests: [descriptorOf(second), descriptorOf(first)] };

const INSTALLED = ['deb one 1:2.0-3', 'npm left 1.0.0'];

/** `type name version` of what an engine found. */
function foundBy({ packages }: Report, engine: string): string[] {
  const found = packages.filter(({ foundBy }) => foundBy.includes(engine));
  return found.map(({ type, name, version }) => `${type} ${name} ${version}`).sort();
}

for (const { label, name, path, slow } of INSTALLED_ENGINES) {
  describe.skipIf(path === null)(label, () => {
    const choice: EngineChoice = { name, path, sha256: null };
    const look = (target: string) => scan(target, { engines: [choice] });
    const expectUnited = (report: Report) => {
      expect(report.completeness.gaps).toEqual([]);
      expect(report.engines).toEqual([
        { name: 'plimsoll', version: '0.0.0', status: 'ok' },
        { name, version: expect.any(String), status: 'ok' },
      ]);
      expect(foundBy(report, name)).toEqual(INSTALLED);
      expect(foundBy(report, 'plimsoll')).toEqual(INSTALLED);
      expect(report.packages).toHaveLength(2);
    };

    test('reads what docker save wrote, before Docker 25 and since', async () => {
      expectUnited(await look(`docker-archive:${archiveFile(place, await dockerArchive([first]))}`));
      expectUnited(await look(`docker-archive:${archiveFile(place, await hybridArchive([first]))}`));
    });

    test.skipIf(slow)('reads an archive that is compressed as a whole', async () => {
      const plain = await dockerArchive([first]);
      expectUnited(await look(`docker-archive:${archiveFile(place, gzipSync(plain))}`));
      expectUnited(await look(`docker-archive:${archiveFile(place, zstdCompressSync(plain))}`));
    });

    test('reads the image of a layout that we chose, whatever else is in it', async () => {
      const target = ociTarget(place, first, both, [...second.blobs.values()]);
      expectUnited(await look(`${target}:1`));
      expectUnited(await look(`${target}@${first.manifestDigest}`));
      expect(foundBy(await look(`${target}:2`), name)).toEqual(['deb two 1:2.0-3']);
    });

    test('reads the image of a layout in a tar that we chose, plain or compressed as a whole', async () => {
      const one = await ociArchive([first]);
      expectUnited(await look(`oci-archive:${archiveFile(place, one)}`));
      if (slow) return;
      expectUnited(await look(`oci-archive:${archiveFile(place, gzipSync(one))}`));
      expectUnited(await look(`oci-archive:${archiveFile(place, zstdCompressSync(one))}`));
      const several = archiveFile(place, await ociArchive([second, first]));
      expectUnited(await look(`oci-archive:${several}@${first.manifestDigest}`));
      expect(foundBy(await look(`oci-archive:${several}@${second.manifestDigest}`), name)).toEqual(['deb two 1:2.0-3']);
    });

    test.skipIf(slow).each(['docker-archive', 'oci-archive'] as const)(
      'reads %s: from a pipe and a file',
      async (kind) => {
        const bytes = await { 'docker-archive': dockerArchive, 'oci-archive': ociArchive }[kind]([first]);
        const args = ['scan', `${kind}:-`, '--db', 'none', '--no-cache', '--format', 'json'];
        const engine = ['--engine', name, '--engine-path', `${name}=${path}`];
        const timeoutMs = 60_000;
        const fromPipe = await runCommand([...args, ...engine], bytes, { timeoutMs });
        expect([fromPipe.code, foundBy(JSON.parse(fromPipe.stdout) as Report, name)]).toEqual([0, INSTALLED]);
        const stdin = openSync(archiveFile(place, bytes), 'r');
        const fromFile = await runCommand([...args, ...engine], '', { timeoutMs, stdin });
        closeSync(stdin);
        expect([fromFile.code, foundBy(JSON.parse(fromFile.stdout) as Report, name)]).toEqual([0, INSTALLED]);
      },
    );

    test('reads an installed system', async () => {
      const root = join(place, `root of ${label}`);
      for (const { path: at, content } of [...base, status('one'), npm('left', '1.0.0')]) {
        const target = join(root, at);
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, content ?? '');
      }
      expectUnited(await look(`rootfs:${root}`));
    });

    test.skipIf(slow)('reads what the lockfiles of a project want', async () => {
      const project = join(place, `project of ${label}`);
      mkdirSync(project);
      const packages = { '': { dependencies: { left: '1.0.0' } }, 'node_modules/left': { version: '1.0.0' } };
      const lock = { name: 'app', version: '1.0.0', lockfileVersion: 3, packages };
      writeFileSync(join(project, 'package-lock.json'), JSON.stringify(lock));
      const target: EngineTarget = { kind: 'dir', path: project, manifestDigest: null, configDigest: null, layers: [] };
      const { failure, packages: found } = await new LocalEngines(new LocalPrograms(process.env.PATH)).run(
        choice,
        target,
        engineOptions(),
      );
      expect([failure, found]).toEqual([
        null,
        expect.arrayContaining([expect.objectContaining({ purl: 'pkg:npm/left@1.0.0', paths: ['package-lock.json'] })]),
      ]);
    });

    test.skipIf(slow)('fails where the archive is broken, and is not believed about another image', async () => {
      const engines = new LocalEngines(new LocalPrograms(process.env.PATH));
      const target = (bytes: Uint8Array): EngineTarget => ({
        kind: 'docker-archive',
        path: archiveFile(place, bytes),
        manifestDigest: null,
        configDigest: first.configDigest,
        layers: [],
      });
      const broken = await engines.run(choice, target(Buffer.from('no archive')), engineOptions());
      expect(broken.failure).toMatch(/^it ended with code \d+: ./);
      const other = await engines.run(choice, target(await dockerArchive([second])), engineOptions());
      expect(other.failure).toBe(`it read the image ${second.configDigest}, not ${first.configDigest}`);
    });
  });
}
