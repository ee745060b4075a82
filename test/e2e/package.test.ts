import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildImage, dockerArchive } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { REPOSITORY } from '../support/repository.ts';
import { cdx, library } from '../support/sboms.ts';

/**
 * What is published, as a user gets it: dist/ packed, and the tarball installed into an empty project.
 * Needs the npm registry (or npm's cache) for the dependencies.
 */
const run = promisify(execFile);
const project = mkdtempSync(join(tmpdir(), 'plimsoll-package-'));
const dist = join(REPOSITORY, 'dist');

// The user's own (certificates, proxies, an npm configuration), without what npm tells the scripts of this checkout.
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
};

const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
let packed: { filename: string; files: { path: string }[] };

beforeAll(async () => {
  await run('npm', ['run', '-s', 'build'], { cwd: REPOSITORY });
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], {
    cwd: dist,
    env: environment,
  });
  [packed] = JSON.parse(stdout);
  writeFileSync(join(project, 'package.json'), '{ "private": true }\n');
  const tarball = `./${packed.filename}`;
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], {
    cwd: project,
    env: environment,
  });
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

test('the tarball holds JavaScript, documents and nothing of development', () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      'services/main.js',
      'services/layer-worker.js',
      'services/update-process.js',
      'policies/bundle/policy.wasm',
      'LICENSE',
      'README.md',
    ]),
  );
  expect(paths.filter((path) => !/^services\/.*\.js$|^policies\/|\.md$|^LICENSE$|^package\.json$/.test(path))).toEqual(
    [],
  );
  expect(paths.filter((path) => /\.test\.|\.tsbuildinfo$|(?:^|\/)test\//.test(path))).toEqual([]);
});

test('its package.json has no private, no scripts, no development dependencies and no pinned Node', () => {
  const manifest = JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'));
  expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['private']));
  expect(manifest).not.toHaveProperty('scripts');
  expect(manifest).not.toHaveProperty('devDependencies');
  expect(JSON.stringify(manifest)).not.toContain('node-linux-');
  expect(manifest).toMatchObject({ name: 'plimsoll', version, type: 'module', engines: { node: '>=24' } });
});

test('the installed command runs, and brings no Node of its own', async () => {
  expect(existsSync(join(project, 'node_modules/.bin/node'))).toBe(false);
  const { stdout } = await run(join(project, 'node_modules/.bin/plimsoll'), ['--version'], {
    cwd: project,
    env: environment,
  });
  expect(stdout.trim()).toBe(version);
});

test('the installed command reads long SBOMs, and SBOMs in a system, in its threads', async () => {
  const system = join(project, 'system');
  mkdirSync(system);
  const components = [library('a', { description: 'x'.repeat(2 << 20) })];
  writeFileSync(join(system, 'app.cdx.json'), cdx({ components }));
  for (const target of [[`sbom:${system}/app.cdx.json`], [`rootfs:${system}`, '--use-sboms']]) {
    const args = ['scan', ...target, '--db', 'none', '--no-cache', '--format', 'json'];
    const { stdout } = await run(join(project, 'node_modules/.bin/plimsoll'), args, { cwd: project, env: environment });
    expect(JSON.parse(stdout)).toMatchObject({ packages: [{ purl: 'pkg:npm/a@1' }] });
  }
});

test('the installed command reads layers in processes that may read its code, libraries included', async () => {
  const entries = [
    file('app/sbom/app.cdx.json', cdx({ components: [library('a', {})] })),
    file('app/yarn.lock', '# yarn lockfile v1\n\nb@^1:\n  version "1.0.0"\n'),
    file('app/pnpm-lock.yaml', "lockfileVersion: '9.0'\npackages:\n  c@1.0.0: {}\n"),
  ];
  const archive = join(project, 'image.tar');
  writeFileSync(archive, await dockerArchive([await buildImage({ layers: [{ entries }] })]));
  const options = ['--isolation', 'process', '--lockfiles', '--use-sboms', '--db', 'none', '--no-policy', '--no-cache'];
  const args = ['scan', `docker-archive:${archive}`, ...options, '--format', 'json'];
  const { stdout } = await run(join(project, 'node_modules/.bin/plimsoll'), args, { cwd: project, env: environment });
  const report = JSON.parse(stdout);
  expect(report.packages.map(({ name }: { name: string }) => name)).toEqual(['a', 'b', 'c']);
  expect(report.sandbox).toMatchObject({ fs: expect.any(String) });
});

test('the installed agent says how to get the native half, which is not in the package', async () => {
  const agent = run(
    join(project, 'node_modules/.bin/plimsoll'),
    ['agent', 'probe', '--cgroup-root', '/sys/fs/cgroup'],
    {
      cwd: project,
      env: environment,
    },
  );
  await expect(agent).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^plimsoll: There is no sensor at .*npm run sensor.*\[SENSOR_MISSING\]\n$/),
  });
});

test('the installed command says in one line which Node it needs', async () => {
  const disguise = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.20.0' } })`;
  const older = run(join(project, 'node_modules/.bin/plimsoll'), ['scan', 'rootfs:/'], {
    cwd: project,
    env: { ...environment, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(disguise)}` },
  });
  await expect(older).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^plimsoll needs Node 24 or later [^\n]+\n$/),
  });
});

test('the installed command scans an empty directory and says that it is not clean', async () => {
  const empty = join(project, 'empty');
  mkdirSync(empty);
  const scan = run(
    join(project, 'node_modules/.bin/plimsoll'),
    ['scan', '--format', 'json', '--no-cache', `rootfs:${empty}`],
    {
      cwd: project,
      env: environment,
    },
  );
  await expect(scan).rejects.toMatchObject({ code: 3, stdout: expect.stringContaining('no-packages') });
});
