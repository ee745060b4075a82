import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { gapCodes, packagesOf } from '../support/outcome.ts';
import { apkInstalled, OS_RELEASE } from '../support/package-databases.ts';
import { ociTarget, runCommand, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';

const place = scratch('projects');
const reader = WITHOUT_THREADS;

const lock = (...names: string[]) =>
  JSON.stringify({
    lockfileVersion: 3,
    packages: Object.fromEntries(names.map((name) => [`node_modules/${name}`, { version: '1.0.0' }])),
  });

let made = 0;
function project(files: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}): string {
  const root = join(place, `project-${made++}`);
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  }
  return root;
}
const scanned = (root: string, changes = {}) => scan(`dir:${root}`, { reader, ...changes });

describe('a project', () => {
  test('is what its lockfiles name, not what is installed in it, nor a system', async () => {
    const report = await scanned(
      project({
        'package-lock.json': lock('a'),
        'web/npm-shrinkwrap.json': lock('b'),
        'dev/package-lock.json': lock('c'),
        'node_modules/installed/package.json': '{"name":"installed","version":"1.0.0"}',
        'node_modules/installed/npm-shrinkwrap.json': lock('shrunk'),
        '.git/package-lock.json': lock('git'),
        'etc/os-release': OS_RELEASE.alpine,
        'lib/apk/db/installed': apkInstalled([{ name: 'musl', version: '1' }]),
      }),
    );
    expect(packagesOf(report)).toEqual(['c 1.0.0', 'a 1.0.0', 'b 1.0.0']);
    expect(report.packages.map(({ layer, paths }) => [layer, paths])).toEqual([
      [null, ['dev/package-lock.json']],
      [null, ['package-lock.json']],
      [null, ['web/npm-shrinkwrap.json']],
    ]);
    expect(gapCodes(report)).toEqual([]);
    expect(report.target.kind).toBe('dir');
  });

  test('without lockfiles, or with empty ones, is nothing known', async () => {
    for (const files of [{}, { 'package.json': '{"dependencies":{"a":"1"}}' }, { 'package-lock.json': lock() }]) {
      expect(gapCodes(await scanned(project(files)))).toEqual(['no-packages']);
    }
  });

  test('a lockfile that cannot be parsed is a blocking gap, also beside others', async () => {
    const report = await scanned(project({ 'package-lock.json': lock('a'), 'x/package-lock.json': '{' }));
    expect(packagesOf(report)).toEqual(['a 1.0.0']);
    expect(report.completeness.gaps).toMatchObject([
      { code: 'lockfile-unparsable', class: 'blocking', path: 'x/package-lock.json' },
    ]);
    expect(report.completeness.status).toBe('partial');
  });

  test('a package that a lockfile names and nobody can read is a blocking gap, and no trifle as in an image', async () => {
    const crates = '[[package]]\nname = "b"\nsource = "registry+x"\n';
    const files = { 'package-lock.json': lock('a', 'two words'), 'Cargo.lock': crates };
    const report = await scanned(project(files));
    expect(packagesOf(report)).toEqual(['a 1.0.0']);
    expect(report.completeness.gaps).toMatchObject([
      { code: 'lockfile-unparsable', class: 'blocking', path: 'Cargo.lock', message: 'a package states no version' },
      { code: 'lockfile-unparsable', class: 'blocking', path: 'package-lock.json' },
    ]);
    const inImage = await scan(`rootfs:${project(files)}`, { reader, readLockfiles: true });
    expect(inImage.completeness.gaps).toMatchObject([
      { code: 'package-record-invalid', class: 'listed' },
      { code: 'package-record-invalid', class: 'listed' },
    ]);
  });

  test('a link is read inside the project, and told outside', async () => {
    const outside = join(project({ 'package-lock.json': lock('canary') }), 'package-lock.json');
    const files = { 'a/package-lock.json': lock('a'), 'other.json': lock('b') };
    const inside = await scanned(project(files, { 'package-lock.json': 'a/package-lock.json' }));
    expect([packagesOf(inside), gapCodes(inside)]).toEqual([['a 1.0.0'], []]);
    for (const target of [outside, '../../x', 'other.json', 'package-lock.json', 'a']) {
      const report = await scanned(project(files, { 'package-lock.json': target }));
      expect([packagesOf(report), gapCodes(report)]).toEqual([['a 1.0.0'], ['wanted-file-unreadable']]);
    }
  });

  test.skipIf(process.getuid?.() !== 0)('what may not be read is blocking (skipped unless root)', async () => {
    const root = project({ 'package-lock.json': lock('a'), 'secret/package-lock.json': lock('b') });
    chmodSync(place, 0o755);
    chmodSync(join(root, 'secret'), 0);
    const under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { code, stdout } = await runCommand(
      ['scan', '--no-cache', '--db', 'none', '--format', 'json', `dir:${root}`],
      '',
      { under },
    );
    const codes = JSON.parse(stdout).completeness.gaps.map((gap: { code: string }) => gap.code);
    expect({ code, codes }).toEqual({ code: 3, codes: ['wanted-file-unreadable'] });
  });

  test('is an error where it is a file or nothing', async () => {
    const root = project({ 'package-lock.json': lock('a') });
    for (const [path, code] of [
      ['package-lock.json', 'TARGET_UNREADABLE'],
      ['absent', 'TARGET_NOT_FOUND'],
    ] as const) {
      await expect(scanned(join(root, path))).rejects.toMatchObject({ code });
    }
  });

  test('in the table, what is for development is marked', async () => {
    const packages = { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0', dev: true } };
    const root = project({ 'package-lock.json': JSON.stringify({ packages }) });
    const { code, stdout } = await runCommand(['scan', '--no-cache', '--db', 'none', `dir:${root}`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^a +1\.0\.0 +npm$/m);
    expect(stdout).toMatch(/^b +2\.0\.0 +npm +dev$/m);
  });
});

describe('an image', () => {
  const entries = [
    file('etc/os-release', OS_RELEASE.alpine),
    file('lib/apk/db/installed', apkInstalled([{ name: 'musl', version: '1' }])),
    file('app/package-lock.json', lock('a')),
    file('app/node_modules/x/package-lock.json', lock('x')),
    file('app/broken/package-lock.json', '{'),
  ];
  const target = async () => ociTarget(place, await buildImage({ layers: [{ entries }] }));

  test('has lockfiles only where they are asked for, and a broken one is listed', async () => {
    const without = await scan(await target(), { reader });
    expect([packagesOf(without), gapCodes(without)]).toEqual([['musl 1'], []]);
    const asked = await scan(await target(), { reader, readLockfiles: true });
    expect(packagesOf(asked)).toEqual(['musl 1', 'a 1.0.0']);
    expect(asked.completeness.gaps).toMatchObject([{ code: 'package-file-unparsable', class: 'listed' }]);
    expect(asked.completeness.status).toBe('complete');
  });

  test('with --lockfiles on the command line', async () => {
    const { stdout } = await runCommand(['scan', '--no-cache', '--lockfiles', '--format', 'json', await target()]);
    expect(packagesOf(JSON.parse(stdout))).toEqual(['musl 1', 'a 1.0.0']);
  });
});

describe('lockfiles that are bombs end soon, and say so', () => {
  const laughs = [
    'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
    ...Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`),
    'lockfileVersion: "9.0"',
  ].join('\n');
  const deep = (open: string, shut: string, depth = 100_000) => open.repeat(depth) + shut.repeat(depth);
  const circle = (name: string, needs: string) =>
    `[[package]]\nname = "${name}"\nversion = "1"\nsource = "registry+x"\ndependencies = ["${needs}"]\n`;

  test.each<[string, string, string]>([
    ['a billion laughs in YAML', 'pnpm-lock.yaml', laughs],
    ['YAML in YAML', 'pnpm-lock.yaml', `lockfileVersion: "9.0"\npackages: ${deep('[', ']')}`],
    ['JSON in JSON', 'package-lock.json', `{"lockfileVersion":3,"packages":${deep('[', ']')}}`],
    ['JSONC in JSONC', 'bun.lock', `{"lockfileVersion":1,"packages":${deep('[', ']')}}`],
    ['TOML in TOML', 'poetry.lock', `x = ${deep('[', ']')}`],
    ['XML in XML', 'pom.xml', deep('<a>', '</a>')],
    ['entities of XML', 'pom.xml', '<!DOCTYPE p [<!ENTITY a "b">]><project>&a;</project>'],
    ['bytes that are no text', 'poetry.lock', '\u0000\ufffd\u0001'.repeat(100)],
  ])('%s', { timeout: 60_000 }, async (_, name, content) => {
    const report = await scanned(project({ [name]: content }));
    expect(report.packages).toEqual([]);
    expect(report.completeness.status).toBe('partial');
    expect(gapCodes(report).some((code) => ['lockfile-unparsable', 'limit-reached'].includes(code))).toBe(true);
  });

  test('circles among locked packages, and names of prototypes', async () => {
    const files = {
      'Cargo.lock': circle('a', 'b') + circle('b', 'a'),
      'package-lock.json':
        '{"lockfileVersion":3,"packages":{"node_modules/__proto__":{"version":"1.0.0"},"node_modules/c":{"version":"2.0.0"}}}',
    };
    expect(packagesOf(await scanned(project(files))).sort()).toEqual(['__proto__ 1.0.0', 'a 1', 'b 1', 'c 2.0.0']);
  });

  test('at packageFileBytes, and past it', { timeout: 60_000 }, async () => {
    const text = lock('a');
    const limits = { packageFileBytes: text.length };
    expect(gapCodes(await scanned(project({ 'package-lock.json': text }), { limits }))).toEqual([]);
    const past = await scanned(project({ 'package-lock.json': `${text} ` }), { limits });
    expect([packagesOf(past), gapCodes(past)]).toEqual([[], ['limit-reached', 'no-packages']]);
  });
});
