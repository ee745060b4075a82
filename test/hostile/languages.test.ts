import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { elfProgram, goProgram, inlineInfo, latin1 } from '../support/go-program.ts';
import { buildImage } from '../support/image-builder.ts';
import { file, type LayerEntry } from '../support/layer-builder.ts';
import { packagesOf } from '../support/outcome.ts';
import { rustProgram } from '../support/rust-program.ts';
import { ociTarget, runCommand, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';
import { type ZipPart, zip } from '../support/zip-builder.ts';

/*
 * Files of languages, broken, lying and greedy, in an image beside good ones: each is told, none costs another its place,
 * and no name deceives.
 */

const place = scratch('languages');
const reader = WITHOUT_THREADS;

const json = (value: unknown) => JSON.stringify(value);
const pom = (name: string, version = '1.0'): ZipPart => ({
  name: `META-INF/maven/org.acme/${name}/pom.properties`,
  content: `groupId=org.acme\nartifactId=${name}\nversion=${version}\n`,
});
const CRATES = { packages: [{ name: 'crate', version: '1.0.0', source: 'crates.io' }] };
const GO = goProgram('go1.22.3', 'path\tm\nmod\texample.org/m\tv1.0.0\th1:=\n');
const GEMSPEC = '# -*- encoding: utf-8 -*-\n# stub: gem 1.0 ruby lib\n';

/** One good file of each kind, and its package. */
const GOOD: readonly (readonly [path: string, content: string | Uint8Array, mode: number, name: string])[] = [
  ['app/node_modules/npm-good/package.json', json({ name: 'npm-good', version: '1.0.0' }), 0o644, 'npm-good 1.0.0'],
  ['usr/lib/python3/site-packages/p-1.dist-info/METADATA', 'Name: py-good\nVersion: 1\n\n', 0o644, 'py-good 1'],
  ['usr/bin/go-good', GO, 0o755, 'example.org/m v1.0.0'],
  ['app/java-good-1.0.jar', zip([pom('java-good')]), 0o644, 'org.acme:java-good 1.0'],
  ['bundle/specifications/gem-1.0.gemspec', GEMSPEC, 0o644, 'gem 1.0'],
  ['usr/bin/rust-good', rustProgram(CRATES), 0o755, 'crate 1.0.0'],
  ['app/vendor/composer/installed.json', json([{ name: 'a/php-good', version: '1.0' }]), 0o644, 'a/php-good 1.0'],
  ['app/a.deps.json', json({ libraries: { 'Net.Good/1.0.0': { type: 'package' } } }), 0o644, 'Net.Good 1.0.0'],
];
const WHOLE = [...GOOD.map(([, , , name]) => name), 'stdlib 1.22.3'].sort();

const layers = async (...entries: readonly LayerEntry[]) =>
  ociTarget(place, await buildImage({ layers: [{ entries, compression: 'none' }] }));
const good = GOOD.map(([path, content, mode]) => file(path, content, mode));
const among = async (...bad: readonly LayerEntry[]): Promise<Report> => scan(await layers(...good, ...bad), { reader });
const told = (report: Report) => report.completeness.gaps.map(({ code, path }) => `${code} ${path}`);

test('the good files alone are complete', async () => {
  const report = await among();
  expect(packagesOf(report).sort()).toEqual(WHOLE);
  expect(told(report)).toEqual([]);
});

test('a name or version that breaks the rules of package URLs is a package all the same', async () => {
  const odd = [
    'path\tm\nmod\texample.org/odd\tvfoo\th1:=\ndep\texample.org/b\tv1\th1:=\ndep\t/\tv\th1:=\n',
    'path\tm\nmod\texample.org/odd\tv1.2\th1:=\ndep\t..\t1\th1:=\ndep\t%zz\t@\th1:=\n',
  ];
  const programs = odd.map((modules, i) => file(`usr/bin/odd-${i}`, goProgram('go1.22.3', modules), 0o755));
  const report = await among(
    ...programs,
    file('app/odd.deps.json', json({ libraries: { '//1': { type: 'package' } } })),
  );
  const found = packagesOf(report);
  expect(found).toEqual(
    expect.arrayContaining([
      'example.org/odd vfoo',
      'example.org/b v1',
      '/ v',
      'example.org/odd v1.2',
      '.. 1',
      '%zz @',
    ]),
  );
  expect(found).toEqual(expect.arrayContaining(WHOLE));
  const purls = new Set(report.packages.map(({ purl }) => purl));
  expect(purls.size).toBe(report.packages.length);
  const gradle = '# comment\n/:a:1=runtimeClasspath\n//:b:@=runtimeClasspath\n%:%:%=runtimeClasspath\nempty=\n';
  const target = await layers(...good, file('gradle.lockfile', gradle));
  expect(packagesOf(await scan(target, { reader, readLockfiles: true }))).toEqual(
    expect.arrayContaining(['/:a 1', '//:b @', '%:% %']),
  );
});

/** Many segments that are all the file and more; tables that lie behind the end, or in themselves. */
function absurdElf(change: (view: DataView) => void, program = GO): Uint8Array {
  const bytes = Uint8Array.from(program);
  change(new DataView(bytes.buffer));
  return bytes;
}

const NPM = 'app/node_modules/bad/package.json';
const JAR = 'app/bad-1.0.jar';
const BIN = 'usr/bin/bad';
const bomb = Buffer.alloc(200 * 2 ** 20);
const nested = (depth: number): Buffer =>
  depth === 0 ? zip([pom('deepest')]) : zip([{ name: 'in.jar', content: nested(depth - 1), method: 'stored' }]);

describe.each<[string, string, string | Uint8Array, readonly string[]]>([
  ['package.json past packageFileBytes', NPM, Buffer.alloc(LIMITS.packageFileBytes + 1, ' '), ['limit-reached']],
  ['package.json of other bytes than UTF-8', NPM, latin1('{"name": "\xff\xfe'), ['package-file-unparsable']],
  [
    'package.json in UTF-16',
    NPM,
    Buffer.from(json({ name: 'a', version: '1' }), 'utf16le'),
    ['package-file-unparsable'],
  ],
  ['package.json nested without end', NPM, '['.repeat(2 ** 20), ['package-file-unparsable']],
  [
    'METADATA that is one line',
    'x/a-1.dist-info/METADATA',
    `Name: ${'a'.repeat(2 ** 21)}`,
    ['limit-reached', 'package-file-unparsable'],
  ],
  [
    'gemspec that is one line',
    'specifications/a-1.gemspec',
    'a'.repeat(2 ** 21),
    ['limit-reached', 'package-file-unparsable'],
  ],
  ['conda-meta cut short', 'conda-meta/a-1-0.json', '{"name": "a"', ['package-file-unparsable']],
  ['installed.json cut short', 'v/composer/installed.json', '{"packages": [{}', ['package-file-unparsable']],
  ['deps.json nested without end', 'a/b.deps.json', '{"a":'.repeat(2 ** 18), ['package-file-unparsable']],
  ['a jar that is a bomb', JAR, zip([{ name: 'in.jar', content: bomb }]), ['limit-reached']],
  [
    'a jar whose bomb claims to be small',
    JAR,
    zip([{ name: 'META-INF/MANIFEST.MF', content: bomb, claims: { size: 100 } }]),
    ['package-file-unparsable'],
  ],
  ['a jar deeper than jarNesting', JAR, nested(LIMITS.jarNesting + 1), ['limit-reached', 'package-record-invalid']],
  [
    'a jar whose headers disagree',
    JAR,
    zip([{ ...pom('a'), local: { name: 'META-INF/maven/org.acme/b/pom.properties' } }]),
    ['package-file-unparsable'],
  ],
  ['a jar cut short', JAR, zip([pom('a')]).subarray(0, -30), ['package-file-unparsable']],
  [
    'a Go program cut short',
    BIN,
    GO.subarray(0, Buffer.from(GO).lastIndexOf(' Go buildinf:') + 40),
    ['package-file-unparsable'],
  ],
  [
    'a list of crates that is a bomb',
    BIN,
    rustProgram({ packages: [{ name: 'a'.repeat(50 * 2 ** 20) }] }),
    ['limit-reached'],
  ],
])('%s', (_, path, content, codes) => {
  test('is told, and costs nothing else', async () => {
    const report = await among(file(path, content, 0o755));
    expect(packagesOf(report)).toEqual(expect.arrayContaining(WHOLE));
    expect([...new Set(report.completeness.gaps.map(({ code }) => code))].sort()).toEqual(codes);
    expect(report.completeness.gaps.every((gap) => gap.path === path)).toBe(true);
  });
});

test('jars are read down to jarNesting', async () => {
  expect(packagesOf(await among(file(JAR, nested(LIMITS.jarNesting))))).toContain('org.acme:deepest 1.0');
});

describe('absurd ELF files', () => {
  test.each<[string, Uint8Array]>([
    ['65,534 segments', absurdElf((view) => view.setUint16(56, 0xfffe, true))],
    ['no segments', absurdElf((view) => view.setUint16(56, 0, true))],
    ['headers behind the end', absurdElf((view) => view.setBigUint64(32, 1n << 62n, true))],
    ['headers that are the header', absurdElf((view) => view.setBigUint64(32, 0n, true))],
    ['a segment of 2^63 bytes', absurdElf((view) => view.setBigUint64(64 + 32, 1n << 63n, true))],
    ['sections behind the end', absurdElf((view) => view.setBigUint64(40, 1n << 63n, true))],
    ['65,535 sections', absurdElf((view) => view.setUint16(60, 0xffff, true))],
    ['a class that is none', absurdElf((view) => view.setUint8(4, 7))],
    [
      'a thousand segments that are all the file',
      elfProgram(
        Array.from({ length: 1_000 }, (_, i) => ({
          flags: 'RW',
          address: i,
          bytes: i === 999 ? inlineInfo('go1.22.3', '') : new Uint8Array(64),
        })),
      ),
    ],
  ])('%s: the scan ends, and the others are there', async (_, bytes) => {
    const report = await among(file(BIN, bytes, 0o755));
    expect(packagesOf(report)).toEqual(expect.arrayContaining(WHOLE));
    expect(report.completeness.gaps.every((gap) => gap.path === BIN)).toBe(true);
  });
});

test('no name of a package deceives a terminal', async () => {
  const name = 'a\u202e\u001b[31m\u0000\u2066b';
  const report = await among(
    file(NPM, json({ name, version: `1${name}`, license: name })),
    file('c/composer/installed.json', json([{ name, version: '1' }])),
    file('c/b.deps.json', json({ libraries: { [`${name}/1`]: { type: 'package' } } })),
    file('specifications/a-1.gemspec', `s.name = "a\\u202e\\e[31mb"\ns.version = "1"\n`),
    file('usr/bin/bad', rustProgram({ packages: [{ name, version: '1' }] }), 0o755),
    file('y/a-1.dist-info/METADATA', `Name: ${name}\nVersion: 1\n`),
  );
  expect(report.packages.length).toBe(WHOLE.length + 6);
  for (const each of report.packages) {
    for (const text of [each.name, each.version, ...each.licenses]) expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
});

const hasTime = spawnSync('time', ['-f', '%M', 'true']).status === 0;
test.skipIf(!hasTime)(
  'a package.json of 100 MB takes no memory (skipped where there is no time)',
  { timeout: 60_000 },
  async () => {
    const content = Buffer.alloc(100 * 2 ** 20, ' ');
    content.write('{"name":"a","version":"1"');
    const target = await layers(...good, file(NPM, content));
    const small = await layers(...good);
    const peak = async (of: string): Promise<number> => {
      const { code, stderr } = await runCommand(['scan', '--no-cache', '--format', 'json', of], '', {
        under: ['time', '-f', 'peak %M'],
      });
      expect([0, 3]).toContain(code);
      return Number(/^peak (\d+)$/m.exec(stderr)![1]) / 1_024;
    };
    expect(await peak(target)).toBeLessThan((await peak(small)) + 60);
  },
);
