import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../services/domain/report/report.ts';
import { cycloneDx, fakeTrivy } from '../support/fake-engine.ts';
import { buildImage, dockerArchive, sha256 } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { archiveFile, runCommand, scratch } from '../support/scan.ts';

const place = scratch('engines-command');
const manifest = file('srv/a/node_modules/left/package.json', '{"name":"left","version":"1.0.0"}');
const image = await buildImage({ layers: [{ entries: [manifest] }] });
const archive = archiveFile(place, await dockerArchive([image]));
const cache = ['--cache-dir', join(place, 'cache')];

const found = {
  'pkg:npm/left@1.0.0': 'srv/a/node_modules/left/package.json',
  'pkg:npm/right@2.0.0': 'srv/a/package-lock.json',
};
const good = fakeTrivy(place, cycloneDx(image.configDigest, found));
const bad = fakeTrivy(place, 'echo "FATAL no luck" >&2; exit 1');

describe('plimsoll scan --engine', () => {
  const scan = (path: string, ...args: string[]) =>
    runCommand([
      'scan',
      '--db',
      'starter',
      ...cache,
      '--engine',
      'plimsoll,trivy',
      '--engine-path',
      `trivy=${path}`,
      ...args,
    ]);

  test('adds what the engine found', async () => {
    const { code, stdout } = await scan(good.path!, '--format', 'json', archive);
    const report = JSON.parse(stdout) as Report;
    expect(code).toBe(0);
    expect(report.packages.map(({ purl, foundBy }) => `${purl} ${foundBy.join('+')}`)).toEqual([
      'pkg:npm/left@1.0.0 plimsoll+trivy',
      'pkg:npm/right@2.0.0 trivy',
    ]);
  });

  test('ends with 3 where the engine fails, and shows what we found', async () => {
    const { code, stdout } = await scan(bad.path!, '--packages', archive);
    expect(code).toBe(3);
    expect(stdout).toContain('trivy: it ended with code 1: FATAL no luck');
    expect(stdout).toMatch(/^left +1\.0\.0 /m);
  });

  test('is found by the settings file, above which options stand', async () => {
    const settings = (engine: object): string => {
      const path = join(place, 'settings.yaml');
      writeFileSync(path, JSON.stringify({ engines: { trivy: engine } }));
      return path;
    };
    const digest = sha256(readFileSync(good.path!)).replace('sha256:', '');
    const run = (engine: object, ...args: string[]) =>
      runCommand([
        'scan',
        '--db',
        'none',
        ...cache,
        '--engine',
        'trivy',
        '--config',
        settings(engine),
        ...args,
        archive,
      ]);
    const json = ['--format', 'json'];
    const found = await run({ path: good.path, sha256: digest }, ...json);
    const report = JSON.parse(found.stdout) as Report;
    expect([found.code, report.packages.length, report.inputs.config]).toEqual([
      0,
      2,
      sha256(readFileSync(settings({ path: good.path, sha256: digest }))),
    ]);
    expect(await run({ path: good.path, sha256: '0'.repeat(64) })).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('has the SHA-256'),
    });
    expect((await run({ path: bad.path }, '--engine-path', `trivy=${good.path}`)).code).toBe(0);
    expect((await run({ path: good.path, sha256: '0'.repeat(64) }, '--engine-sha256', `trivy=${digest}`)).code).toBe(0);
    expect((await run({ path: 'trivy' })).stderr).toContain('[SETTINGS_INVALID]');
    const compared = await runCommand([
      'compare',
      ...cache,
      '--engine',
      'trivy',
      '--config',
      settings({ path: good.path }),
      archive,
    ]);
    expect([compared.code, compared.stdout]).toEqual([0, expect.stringContaining('plimsoll lacks 1 row')]);
  });

  test('looks at standard input too, but at no SBOM', async () => {
    const args = ['scan', '--db', 'none', ...cache, '--engine', 'trivy', '--engine-path', `trivy=${good.path}`];
    const piped = await runCommand([...args, 'docker-archive:-'], readFileSync(archive));
    expect([piped.code, piped.stdout]).toEqual([0, expect.stringMatching(/^right +2\.0\.0 +npm +trivy/m)]);
    const sbom = await runCommand([...args, 'sbom:-'], '{"bomFormat":"CycloneDX","specVersion":"1.6"}');
    expect([sbom.code, sbom.stderr]).toEqual([1, expect.stringContaining('[USAGE]')]);
  });

  test('refuses engines that nobody knows', async () => {
    const unknown = await runCommand(['scan', '--engine', 'grype', archive]);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('"grype" is no engine')]);
  });

  test('is stopped with the scan, and leaves nothing behind', async () => {
    const temporary = scratch('engine-temporary');
    const sleeping = fakeTrivy(place, 'touch "$TMPDIR/here"; sleep 1000');
    const { code, stderr } = await runCommand(
      ['scan', ...cache, '--timeout', '3s', '--engine', 'trivy', '--engine-path', `trivy=${sleeping.path}`, archive],
      '',
      { environment: { TMPDIR: temporary } },
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('[TIMEOUT]')]);
    expect(readdirSync(temporary).filter((name) => name.startsWith('plimsoll-engine'))).toEqual([]);
  });
});

describe('plimsoll compare', () => {
  const compare = (path: string, ...args: string[]) =>
    runCommand(['compare', ...cache, '--engine', 'trivy', '--engine-path', `trivy=${path}`, ...args, archive]);

  test('shows what each found, and why they differ', async () => {
    const { code, stdout } = await compare(good.path!);
    expect(code).toBe(0);
    expect(stdout).toContain('plimsoll lacks 1 row: lockfile-only');
    expect(stdout).toContain('- right 2.0.0 (npm; trivy): /srv/a/package-lock.json');
    expect(stdout).toContain('All agree on 1 row; 1 row differs, 0 without a known reason.');
  });

  test('says the same to machines', async () => {
    const { stdout } = await compare(good.path!, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      types: [{ type: 'npm', common: 1, found: { plimsoll: 1, trivy: 2 } }],
      differences: [{ purl: 'pkg:npm/right@2.0.0', missing: [{ engine: 'plimsoll', reason: 'lockfile-only' }] }],
    });
  });

  test('ends with 3 where there is nothing to compare with', async () => {
    const { code, stdout } = await compare(bad.path!);
    expect([code, stdout]).toEqual([3, expect.stringMatching(/Not compared:\strivy\.\n$/)]);
  });
});
