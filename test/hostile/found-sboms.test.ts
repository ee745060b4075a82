import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { renderDocument } from '../../services/cli/render-document.ts';
import type { Limits } from '../../services/domain/limits.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { buildImage, type LayerSpec } from '../support/image-builder.ts';
import { file, hardLink, whiteout } from '../support/layer-builder.ts';
import { MemoryFactsCache } from '../support/memory-facts-cache.ts';
import { endOf, gapCodes, packagesOf } from '../support/outcome.ts';
import { apkInstalled, dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { cdx, cdxXml, library, spdx, spdxPackage } from '../support/sboms.ts';
import { ociTarget, runCommand, type ScanChanges, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';

/** SBOMs that lie in an image: nobody vouches for them, so that they are listed, and used only where somebody asks. */

const place = scratch('found-sboms');
const reader = WITHOUT_THREADS;
const BASE = [
  file('etc/os-release', OS_RELEASE.debian),
  file('var/lib/dpkg/status', dpkgStatus([{ name: 'openssl', version: '3.0.11-1' }])),
  file('app/node_modules/a/package.json', '{"name":"a","version":"1"}'),
];
const SBOM = cdx({ components: [library('a'), library('b')] });

const layers = async (...specs: LayerSpec[]) => ociTarget(place, await buildImage({ layers: specs }));
const holding = (content: string | Uint8Array, path = 'srv/app.cdx.json') => {
  return layers({ entries: [...BASE, file(path, content)] });
};
const used = async (target: string | Promise<string>, changes: ScanChanges = {}) => {
  return scan(await target, { reader, useSboms: true, ...changes });
};
const unused = async (target: string | Promise<string>) => scan(await target, { reader });
const sbomsOf = ({ findings }: Report) => findings.filter(({ kind }) => kind === 'sbom');
const statedIn = ({ packages }: Report) =>
  packages.filter(({ foundBy }) => foundBy.length === 1 && foundBy[0] === 'sbom').map(({ name }) => name);

describe('which files are SBOMs', () => {
  const spdxText = 'SPDXVersion: SPDX-2.3\nPackageName: a\nPackageName: b\n';
  test.each([
    ['srv/app.cdx.json', SBOM, 'cyclonedx-json', '1.6', 2],
    ['bom.json', SBOM, 'cyclonedx-json', '1.6', 2],
    ['usr/share/sbom', SBOM, 'cyclonedx-json', '1.6', 2],
    ['srv/APP.SBOM.JSON', SBOM, 'cyclonedx-json', '1.6', 2],
    ['srv/app.cyclonedx.json', `\ufeff\n ${SBOM}`, 'cyclonedx-json', '1.6', 2],
    ['opt/bitnami/x/.spdx-x.spdx', spdx({ packages: [spdxPackage('a')] }), 'spdx-json', '2.3', 1],
    ['var/lib/db/sbom/x.spdx.json', spdx({ packages: [] }), 'spdx-json', '2.3', 0],
    ['srv/x.spdx', spdxText, 'spdx-tag-value', '2.3', 2],
    [
      'srv/bom.xml',
      cdxXml(
        '<metadata><component><name>m</name></component></metadata><!-- <component> --><components><component><name><![CDATA[<component>]]></name></component></components>',
      ),
      'cyclonedx-xml',
      '1.6',
      1,
    ],
    ['srv/x.spdx.json', '{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', 'spdx-json', '3.0.1', null],
    ['srv/cut.cdx.json', SBOM.slice(0, -5), 'cyclonedx-json', '1.6', null],
    ['srv/empty.spdx.json', '', null, null, null],
  ])('%s', async (path, content, format, specVersion, entries) => {
    const report = await unused(holding(content, path));
    const listed = { kind: 'sbom', id: path, path, layer: 0, used: false, format, specVersion, entries };
    expect(sbomsOf(report)).toEqual([listed]);
    // Listed and nothing else: neither packages nor gaps come of it.
    expect(packagesOf(report)).toEqual(['openssl 3.0.11-1', 'a 1']);
    expect(gapCodes(report)).toEqual([]);
  });

  test.each([
    ['srv/bom.json', '{"parts":["wheel"]}'],
    ['srv/bom.xml', '<bom><part/></bom>'],
    ['usr/bin/sbom', '\u007fELF'],
    ['srv/package.json', SBOM],
    ['srv/spdx.json', '["MIT"]'],
  ])('not %s, which is something else, asked for or not', async (path, content) => {
    for (const report of [await unused(holding(content, path)), await used(holding(content, path))]) {
      expect(sbomsOf(report)).toEqual([]);
      expect(gapCodes(report)).toEqual([]);
    }
  });

  test('an SBOM longer than what describes packages is known by its beginning', async () => {
    const content = `${SBOM.slice(0, -1)},"x":"${'x'.repeat(400)}"}`;
    const report = await scan(await holding(content), { reader, limits: { packageFileBytes: 200 } });
    expect(sbomsOf(report)).toMatchObject([{ format: 'cyclonedx-json', specVersion: '1.6', entries: null }]);
    expect(report.completeness.status).toBe('complete');
  });

  test('a file past what is read of any file takes nothing from a scan that does not ask for it', async () => {
    const target = await holding(`${SBOM}${' '.repeat(4_000)}`);
    const report = await scan(target, { reader, limits: { wantedFileBytes: 2_000, packageFileBytes: 1_000 } });
    expect(report.completeness.status).toBe('complete');
  });
});

describe('used where it is asked for', () => {
  test('what it names beside what was found, each once, and ours stays ours', async () => {
    const report = await used(holding(SBOM));
    expect(report.completeness).toMatchObject({ status: 'complete', gaps: [] });
    expect(report.packages.map(({ name, foundBy, paths, layer }) => [name, foundBy, paths, layer])).toEqual([
      ['openssl', ['plimsoll'], ['var/lib/dpkg/status'], 0],
      ['a', ['plimsoll', 'sbom'], ['app/node_modules/a/package.json'], 0],
      ['b', ['sbom'], ['srv/app.cdx.json'], 0],
    ]);
    expect(sbomsOf(report)).toMatchObject([{ path: 'srv/app.cdx.json', used: true }]);
  });

  test('however a purl is spelt', async () => {
    const components = ['pkg:deb/debian/openssl@3.0.11-1?distro=debian-12', 'pkg:deb/debian/openssl@3.0.11-1'].map(
      (purl, i) => ({ type: 'library', 'bom-ref': `${i}`, name: 'openssl', version: '3.0.11-1', purl }),
    );
    const report = await used(holding(cdx({ components })));
    expect(packagesOf(report)).toEqual(['openssl 3.0.11-1', 'a 1']);
    expect(report.packages[0]!.foundBy).toEqual(['plimsoll', 'sbom']);
  });

  test('several SBOMs that name one package are one row, of the first layer, at the paths of all', async () => {
    const target = layers(
      { entries: [...BASE, file('x/b.cdx.json', SBOM)] },
      { entries: [file('w/b.spdx.json', spdx({ packages: [spdxPackage('b')] }))] },
    );
    const b = (await used(target)).packages.filter(({ name }) => name === 'b');
    expect(b).toMatchObject([{ layer: 0, paths: ['w/b.spdx.json', 'x/b.cdx.json'], foundBy: ['sbom'] }]);
  });

  test('the layer that brought the SBOM, and the one that brought the package into it', async () => {
    const target = layers(
      { entries: BASE },
      { entries: [file('app.cdx.json', SBOM)] },
      { entries: [file('app.cdx.json', cdx({ components: [library('b'), library('c')] }))] },
    );
    const report = await used(target);
    expect(report.packages.filter(({ foundBy }) => foundBy[0] === 'sbom')).toMatchObject([
      { name: 'b', layer: 1 },
      { name: 'c', layer: 2 },
    ]);
  });

  test('one that a later layer deleted says nothing', async () => {
    const target = await layers(
      { entries: [...BASE, file('app.cdx.json', SBOM)] },
      { entries: [whiteout('app.cdx.json')] },
    );
    expect(sbomsOf(await unused(target))).toEqual([]);
    expect(statedIn(await used(target))).toEqual([]);
  });

  test('through a hard link by the name of an SBOM', async () => {
    const target = await layers({ entries: [...BASE, file('data', SBOM), hardLink('app.cdx.json', 'data')] });
    expect(sbomsOf(await unused(target))).toMatchObject([{ path: 'app.cdx.json', entries: 2 }]);
    expect(statedIn(await used(target))).toEqual(['b']);
  });

  test('what the distribution says its files are belongs to that package', async () => {
    const status = dpkgStatus([{ name: 'tool', version: '1' }]);
    const entries = [
      file('etc/os-release', OS_RELEASE.debian),
      file('var/lib/dpkg/status', status),
      file('var/lib/dpkg/info/tool.list', '/.\n/usr/share/tool.cdx.json\n'),
      file('usr/share/tool.cdx.json', SBOM),
    ];
    const { packages } = await used(layers({ entries }));
    expect(packages.find(({ name }) => name === 'b')!.ownedBy).toBe(packages.find(({ name }) => name === 'tool')!.id);
  });

  test('on an installed system too, and not on a project or an SBOM', async () => {
    const root = join(place, 'root');
    for (const { path, content } of [...BASE, file('srv/app.cdx.json', SBOM)]) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content!);
    }
    expect(statedIn(await used(`rootfs:${root}`))).toEqual(['b']);
    expect(sbomsOf(await used(`rootfs:${root}`))).toMatchObject([{ layer: null, used: true }]);
    expect(await endOf(used(`dir:${root}`))).toBe('USAGE');
    expect(await endOf(used(`sbom:${root}/srv/app.cdx.json`))).toBe('USAGE');
  });

  test('facts kept without them do not hide them, and kept with them are the same', async () => {
    const cache = new MemoryFactsCache();
    const target = await holding(SBOM);
    await scan(target, { reader, cache });
    const fresh = await used(target, { cache });
    expect(statedIn(fresh)).toEqual(['b']);
    expect(serializeReport(await used(target, { cache }))).toBe(serializeReport(fresh));
    expect(statedIn(await scan(target, { reader, cache }))).toEqual([]);
  });

  test('image → SBOM → scan gives the same, in every format', async () => {
    const report = await used(holding(SBOM));
    const kept = ({ packages, findings, completeness: { gaps, status } }: Report) => ({
      packages,
      findings,
      gaps,
      status,
    });
    for (const format of ['cyclonedx', 'spdx', 'spdx-tag-value', 'json'] as const) {
      const path = join(place, `trip.${format}`);
      writeFileSync(path, await renderDocument(report, format, { width: 80, colour: false }));
      const parse = (each: Report) => kept(JSON.parse(serializeReport(each)) as Report);
      expect(parse(await scan(`sbom:${path}`))).toEqual(parse(report));
    }
  });

  test('one that Plimsoll wrote, with what its scan could not see', async () => {
    const text = await renderDocument(await used(holding(cdx({ components: [{}] }))), 'cyclonedx', {
      width: 80,
      colour: false,
    });
    const report = await used(layers({ entries: [...BASE, file('own.cdx.json', text)] }));
    expect(report.packages.map(({ foundBy }) => foundBy)).toEqual([
      ['plimsoll', 'sbom'],
      ['plimsoll', 'sbom'],
    ]);
    expect(gapCodes(report)).toEqual(['sbom-incomplete']);
  });
});

describe('what was asked for and cannot be used is no pass', () => {
  test.each<[string, string | Uint8Array, string, string]>([
    ['JSON cut short', SBOM.slice(0, -3), 'app.cdx.json', 'sbom-unusable'],
    ['JSON cut short where another file could be', SBOM.slice(0, 9), 'bom.json', 'sbom-unusable'],
    ['nothing', '', 'app.spdx.json', 'sbom-unusable'],
    ['SPDX 3', '{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', 'a.spdx.json', 'sbom-unusable'],
    ['an unknown version', cdx({ components: [library('b')] }, '9.0'), 'app.cdx.json', 'sbom-unusable'],
    ['another encoding', Buffer.from(`\ufeff${SBOM}`, 'utf16le'), 'app.cdx.json', 'sbom-unusable'],
    [
      'a document type declaration',
      '<!DOCTYPE bom><bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>',
      'bom.xml',
      'sbom-unusable',
    ],
    ['components of no shape', cdx({ components: [1, library('b')] }), 'app.cdx.json', 'sbom-unusable'],
    ['nesting', `{"bomFormat":"CycloneDX","specVersion":"1.6","x":${'['.repeat(5_000)}`, 'bom.json', 'limit-reached'],
    [
      'another distribution',
      cdx({ components: [{ name: 'x', version: '1', purl: 'pkg:deb/ubuntu/x@1?distro=ubuntu-22.04' }] }),
      'app.cdx.json',
      'sbom-unusable',
    ],
    [
      'another release',
      cdx({ components: [{ name: 'x', version: '1', purl: 'pkg:deb/debian/x@1?distro=debian-11' }] }),
      'app.cdx.json',
      'sbom-unusable',
    ],
  ])('%s', async (_, content, path, code) => {
    const target = await holding(content, path);
    expect((await unused(target)).completeness.status).toBe('complete');
    const report = await used(target);
    expect(report.completeness.gaps).toMatchObject([{ code, class: 'blocking', layer: 0, path }]);
    expect(packagesOf(report)).toEqual(expect.arrayContaining(['openssl 3.0.11-1', 'a 1']));
    expect(packagesOf(report)).not.toContain('x 1');
  });

  test('an entry without a purl is listed, as in an SBOM that is scanned', async () => {
    const report = await used(
      holding(cdx({ components: [{ type: 'library', name: 'x', version: '1' }, library('b')] })),
    );
    expect(gapCodes(report)).toEqual(['package-record-invalid']);
    expect(report.completeness.status).toBe('complete');
    expect(statedIn(report)).toEqual(['b']);
  });

  test('the command says so with its exit code', async () => {
    const target = await holding(SBOM.slice(0, -3));
    const scanned = (...options: string[]) =>
      runCommand(['scan', target, '--db', 'none', '--no-policy', '--no-cache', ...options]);
    expect(await scanned()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 SBOM found, not used: srv/app.cdx.json'),
    });
    expect(await scanned('--use-sboms')).toMatchObject({ code: 3, stdout: expect.stringContaining('sbom-unusable') });
  });
});

describe('limits, at their value and past it', () => {
  const ends = async (limits: Partial<Limits>, target: Promise<string>) => endOf(used(await target, { limits }));

  test('sbomBytes', async () => {
    expect(await ends({ sbomBytes: SBOM.length }, holding(SBOM))).toBe('complete');
    expect(await ends({ sbomBytes: SBOM.length - 1 }, holding(SBOM))).toBe('limit-reached');
    // Also where only the content tells what it is.
    expect(await ends({ sbomBytes: SBOM.length - 1 }, holding(SBOM, 'bom.json'))).toBe('limit-reached');
    expect(await ends({ sbomBytes: 10 }, holding('{"parts":["wheel","axle"]}', 'bom.json'))).toBe('complete');
  });

  test('foundSboms', async () => {
    const entries = ['x', 'y', 'z'].map((name) => file(`${name}.cdx.json`, SBOM));
    const target = await layers({ entries: [...BASE, ...entries] });
    expect(await ends({ foundSboms: 3 }, Promise.resolve(target))).toBe('complete');
    const report = await scan(target, { reader, limits: { foundSboms: 2 } });
    expect(sbomsOf(report)).toHaveLength(2);
    expect(report.completeness.gaps).toMatchObject([
      { code: 'limit-reached', message: expect.stringContaining('foundSboms') },
    ]);
  });

  test('packages', async () => {
    expect(await ends({ packages: 2 }, holding(SBOM))).toBe('complete');
    expect(await ends({ packages: 1 }, holding(SBOM))).toBe('limit-reached');
  });
});

describe('time', () => {
  let large: string;
  beforeAll(async () => {
    const components = Array.from({ length: 300_000 }, (_, i) => library(`n${i}`));
    large = await layers({ entries: [...BASE, file('large.cdx.json', cdx({ components }))] });
  });

  test('a scan ends when its time is up, whatever an SBOM still takes', { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('time is up')), 800);
    const started = performance.now();
    await expect(scan(large, { useSboms: true, signal: stop.signal })).rejects.toThrow('time is up');
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('what makes a parser slow does not make the listing slow', { timeout: 60_000 }, async () => {
    const size = 8 * 2 ** 20;
    const xml = (piece: string) => cdxXml(piece.repeat(size / piece.length));
    const hostile = ['<metadata ', '<!--', '<![CDATA[', '<a:'].map((piece, i) => file(`${i}.cdx.xml`, xml(piece)));
    const json = ['"bomFormat" ', '"specVersion":', '[', '{"components":'].map((piece, i) =>
      file(`${i}.cdx.json`, `{"bomFormat":"CycloneDX",${piece.repeat(size / piece.length)}`),
    );
    const tags = file('t.spdx', `SPDXVersion: SPDX-2.3\n${' \t'.repeat(size / 2)}`);
    const target = await layers({ entries: [...BASE, ...hostile, ...json, tags] });
    const started = performance.now();
    expect(sbomsOf(await unused(target))).toHaveLength(9);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

test('a distribution that only an SBOM names is unknown, and so is the verdict', async () => {
  const purl = 'pkg:apk/alpine/musl@1.2.3-r4?distro=alpine-3.18.4';
  const entries = [file('app.cdx.json', cdx({ components: [{ name: 'musl', version: '1.2.3-r4', purl }] }))];
  expect(await endOf(used(layers({ entries })))).toBe('distribution-unknown');
  const alpine = [
    file('etc/os-release', 'ID=alpine\nVERSION_ID=3.18.9\n'),
    file('lib/apk/db/installed', apkInstalled([{ name: 'musl', version: '1.2.3-r5' }])),
  ];
  const report = await used(layers({ entries: [...alpine, ...entries] }));
  expect(packagesOf(report)).toEqual(['musl 1.2.3-r5', 'musl 1.2.3-r4']);
});
