import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { cdx, cdxXml, library, readText, spdx, spdxPackage } from '../support/sboms.ts';
import { runCommand, scan, scratch } from '../support/scan.ts';

const place = scratch('hostile-sbom');

const codesOf = ({ gaps }: ReturnType<typeof readText>) => gaps.map(({ code }) => code);

describe('what is no SBOM is refused by name', () => {
  test.each([
    ['nothing', ''],
    ['blanks', ' \n\t'],
    ['words', 'hello'],
    ['an empty object', '{}'],
    ['a list', '[]'],
    ['another format', '{"a":{"bomFormat":"CycloneDX"}}'],
    ['JSON cut short', cdx({ components: [library('a')] }).slice(0, -5)],
    ['the reports of several images', '{"schemaVersion":"1","index":{},"reports":[]}'],
    ['a report with a fault', '{"schemaVersion":"1","completeness":{}}'],
    ['XML that is none', '<bom'],
    ['XML cut short', cdxXml('<components/>').slice(0, -8)],
    ['XML of another kind', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['CycloneDX without its namespace', '<bom><components/></bom>'],
    ['XML in another encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><bom/>'],
    ['a declared entity', '<!DOCTYPE bom [<!ENTITY a "x">]><bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>'],
    ['an external entity', `<!DOCTYPE bom SYSTEM "file:///etc/passwd">${cdxXml('')}`],
    ['an unknown entity', cdxXml('<components>&a;</components>')],
    [
      'a billion laughs',
      `<!DOCTYPE l [<!ENTITY a "l">${[...'bcdefghij'].map((name, i) => `<!ENTITY ${name} "${`&${'abcdefghi'[i]};`.repeat(10)}">`).join('')}]>${cdxXml('<components>&j;</components>')}`,
    ],
  ])('%s', (_, text) => expect(() => readText(text)).toThrow(expect.objectContaining({ code: 'NOT_AN_SBOM' })));

  test.each([
    ['UTF-16', Buffer.from(`\ufeff${cdx({})}`, 'utf16le')],
    ['Latin-1', Buffer.from(cdx({ components: [library('é')] }), 'latin1')],
    [
      'half a character',
      Buffer.concat([Buffer.from('SPDXVersion: SPDX-2.3\nPackageName: '), Buffer.from([0xe2, 0x82])]),
    ],
  ])('%s', (_, bytes) => expect(() => readText(bytes)).toThrow(expect.objectContaining({ code: 'NOT_AN_SBOM' })));

  test.each([
    cdx({}, '1.1'),
    cdx({}, '2.0'),
    '{"bomFormat":"CycloneDX"}',
    '{"bomFormat":"CycloneDX","specVersion":["1.6"]}',
    cdxXml('', '1.1'),
    spdx({}, 'SPDX-2.1'),
    '{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}',
    'SPDXVersion: SPDX-2.0\n',
  ])('unknown version %#', (text) =>
    expect(() => readText(text)).toThrow(expect.objectContaining({ code: 'SBOM_VERSION_UNSUPPORTED' })),
  );

  test('with its code as the command says it', async () => {
    const { code, stderr } = await runCommand(['scan', 'sbom:-'], '<!DOCTYPE a><a/>');
    expect(code).toBe(1);
    expect(stderr).toContain('[NOT_AN_SBOM]');
    expect((await runCommand(['scan', 'sbom:/dev/null'])).stderr).toContain('[TARGET_UNREADABLE]');
    expect((await runCommand(['scan', `sbom:${place}/none`])).stderr).toContain('[TARGET_NOT_FOUND]');
    expect((await runCommand(['files', 'sbom:-'], cdx({}))).stderr).toContain('[USAGE]');
    expect((await runCommand(['scan', '--platform', 'all', 'sbom:-'], cdx({}))).stderr).toContain('[USAGE]');
    expect((await runCommand(['scan', '--platform', 'all', '-f', 'spdx', 'rootfs:/'])).stderr).toContain('[USAGE]');
  });
});

describe('nothing is dropped in silence', () => {
  test('entries that are no packages are told, those beside them are read', () => {
    const odd = [
      { type: 'library', name: 'no-purl', version: '1' },
      { type: 'library', name: 'no-version', purl: 'pkg:npm/no-version' },
      { type: 'library', name: 'bad-purl', version: '1', purl: 'npm:bad' },
    ];
    const read = readText(cdx({ components: [...odd, library('a')] }));
    expect(read.packages.map(({ name }) => name)).toEqual(['a']);
    expect(codesOf(read)).toEqual(Array(3).fill('package-record-invalid'));
    for (const { name } of odd) expect(read.gaps.some(({ message }) => message.includes(name))).toBe(true);
    const inSpdx = readText(spdx({ packages: [spdxPackage('x', { externalRefs: [] }), spdxPackage('a')] }));
    expect(inSpdx.packages.map(({ name }) => name)).toEqual(['a']);
    expect(codesOf(inSpdx)).toEqual(['package-record-invalid']);
  });

  test.each([
    ['a component of another shape', cdx({ components: [{ name: 7 }, library('a')] })],
    ['a component that is a word', cdx({ components: ['x', library('a')] })],
    ['components that are no list', cdx({ components: { a: library('a') } })],
    ['a package of another shape', spdx({ packages: [{ SPDXID: 1 }, spdxPackage('a')] })],
    ['packages that are no list', spdx({ packages: 'none' })],
    ['tag-value without an end of text', 'SPDXVersion: SPDX-2.3\nPackageComment: <text>for ever\n'],
  ])('%s is a blocking gap', (_, text) => expect(codesOf(readText(text))).toContain('package-database-broken'));

  test('what calls itself incomplete', () => {
    const read = readText(
      cdx({ components: [library('a')], compositions: [{ aggregate: 'incomplete_third_party_only' }] }),
    );
    expect(read.gaps).toMatchObject([{ code: 'sbom-incomplete', class: 'listed' }]);
  });

  test('packages of an unknown distribution', () => {
    const deb = { purl: 'pkg:deb/a@1' };
    expect(codesOf(readText(cdx({ components: [library('a', deb)] })))).toEqual(['distribution-unknown']);
    expect(codesOf(readText(cdx({ components: [] })))).toEqual(['no-packages']);
  });
});

describe('structure', () => {
  test('cycles of dependencies end', () => {
    const dependencies = [
      { ref: 'a', dependsOn: ['b', 'a', 'none'] },
      { ref: 'b', dependsOn: ['c'] },
      { ref: 'c', dependsOn: ['a'] },
      { ref: 'lock', dependsOn: ['a'] },
    ];
    const lock = { type: 'application', 'bom-ref': 'lock', name: 'app/lock.json' };
    const trivy = [{ name: 'aquasecurity:trivy:Class', value: 'lang-pkgs' }];
    const components = [library('a'), library('b'), library('c'), { ...lock, properties: trivy }];
    const { packages } = readText(cdx({ components, dependencies }));
    expect(packages.map(({ dependsOn, paths }) => [dependsOn, paths])).toEqual([
      [['b'], ['app/lock.json']],
      [['c'], ['app/lock.json']],
      [['a'], ['app/lock.json']],
    ]);
    const relationships = ['a', 'b', 'a'].map((id, i) => ({
      spdxElementId: `SPDXRef-${id}`,
      relationshipType: i === 2 ? 'CONTAINS' : 'DEPENDS_ON',
      relatedSpdxElement: `SPDXRef-${i === 1 ? 'a' : 'b'}`,
    }));
    const read = readText(spdx({ packages: [spdxPackage('a'), spdxPackage('b')], relationships }));
    expect(read.packages.map(({ dependsOn }) => dependsOn)).toEqual([['b'], ['a']]);
  });

  test('one reference twice: both are read, and one purl twice is one package', () => {
    const twice = [
      library('a', { 'bom-ref': 'x' }),
      library('b', { 'bom-ref': 'x' }),
      library('a', { 'bom-ref': 'y' }),
    ];
    expect(readText(cdx({ components: twice })).packages.map(({ name }) => name)).toEqual(['a', 'b']);
    const packages = [spdxPackage('a', { SPDXID: 'SPDXRef-x' }), spdxPackage('b', { SPDXID: 'SPDXRef-x' })];
    expect(readText(spdx({ packages })).packages.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('names of prototypes are names', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const text = cdx({ components: names.map((name) => library(name)) }).replace('{', '{"__proto__":{"polluted":1},');
    const parsed = readText(text).packages;
    expect(parsed.map(({ name }) => name)).toEqual(names);
    const xml = names.map(
      (name) => `<component type="library"><${name}/><name>${name}</name><purl>pkg:npm/${name}@1</purl></component>`,
    );
    expect(readText(cdxXml(`<components>${xml.join('')}</components>`)).packages.map(({ name }) => name)).toEqual(
      names,
    );
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('properties of ours that lie are gaps, and lead to no layer that is not there', () => {
    const own = (...properties: [string, string][]) =>
      properties.map(([name, value]) => ({ name: `plimsoll:${name}`, value }));
    const component = library('a', {
      properties: own(['type', 'npm'], ['layer:index', '7'], ['hiddenBy', '99999999999']),
    });
    const metadata = {
      properties: own(['completeness:status', 'complete'], ['packages', '1'], ['completeness:layersRead', '5']),
    };
    const read = readText(cdx({ metadata, components: [component] }));
    expect(read.packages).toMatchObject([{ layer: null, hiddenBy: null }]);
    expect(read).toMatchObject({ layersRead: 0, gaps: [] });
    for (const [name, value] of [
      ['image:layer', '{"index":5}'],
      ['image:layer', '[[[['],
      ['image:os', '{"id":7}'],
      ['completeness:gap', '{"code":"none"}'],
      ['target:digest', 'sha256:short'],
      ['packages', '-1'],
    ] as const) {
      const lying = {
        properties: [...metadata.properties.filter((each) => !each.name.endsWith(`:${name}`)), ...own([name, value])],
      };
      expect(codesOf(readText(cdx({ metadata: lying, components: [component] }))), name).toContain(
        'package-database-broken',
      );
    }
    const orphan = readText(cdx({ components: [component] }));
    expect(codesOf(orphan)).toContain('package-database-broken');
  });
});

describe('limits, at their value and past it', () => {
  const refused = (limit: string) => expect.objectContaining({ code: 'LIMIT_EXCEEDED', details: { limit } });

  test('sbomBytes, from a file, standard input and in the reader', async () => {
    const text = cdx({ components: [library('a')] });
    const path = join(place, 'sized.json');
    writeFileSync(path, text);
    expect((await scan(`sbom:${path}`, { limits: { sbomBytes: text.length } })).packages).toHaveLength(1);
    await expect(scan(`sbom:${path}`, { limits: { sbomBytes: text.length - 1 } })).rejects.toEqual(
      refused('sbomBytes'),
    );
    expect(readText(text, { sbomBytes: text.length }).packages).toHaveLength(1);
    expect(() => readText(text, { sbomBytes: text.length - 1 })).toThrow(refused('sbomBytes'));
  });

  test('sbomNesting', () => {
    const nested = (depth: number) =>
      cdx({ components: [library('a')], deep: 0 }).replace('0}', `${'['.repeat(depth)}${']'.repeat(depth)}}`);
    expect(readText(nested(LIMITS.sbomNesting - 1)).packages).toHaveLength(1);
    expect(() => readText(nested(LIMITS.sbomNesting))).toThrow(refused('sbomNesting'));
    expect(() => readText(nested(20_000_000))).toThrow(refused('sbomNesting'));
    const xml = (depth: number) => cdxXml('<a>'.repeat(depth) + '</a>'.repeat(depth));
    expect(codesOf(readText(xml(LIMITS.sbomNesting - 1)))).toEqual(['no-packages']);
    expect(() => readText(xml(LIMITS.sbomNesting))).toThrow(refused('sbomNesting'));
    expect(() => readText(xml(1_000_000))).toThrow(refused('sbomNesting'));
    // Brackets in texts nest nothing.
    expect(
      readText(cdx({ components: [library('a', { description: '[{"\\'.repeat(10_000) })] })).packages,
    ).toHaveLength(1);
  });

  test('components inside components', () => {
    let tree: object = library('x');
    for (let depth = 0; depth < 300; depth++) tree = library(`a${depth}`, { components: [tree] });
    expect(readText(cdx({ components: [tree] })).packages).toHaveLength(301);
  });

  test('sbomValues', () => {
    const text = cdx({ components: [library('a'), library('b')] });
    // Each bracket opens a value, each comma another, and there is the whole.
    const values = 1 + [...text].filter((char) => '{[,'.includes(char)).length;
    expect(readText(text, { sbomValues: values }).packages).toHaveLength(2);
    expect(() => readText(text, { sbomValues: values - 1 })).toThrow(refused('sbomValues'));
    const xml = cdxXml('<components><component><name>a</name><purl>pkg:npm/a@1</purl></component></components>');
    expect(readText(xml, { sbomValues: 5 }).packages).toHaveLength(1);
    expect(() => readText(xml, { sbomValues: 4 })).toThrow(refused('sbomValues'));
    expect(() => readText(cdx({ a: Array(11_000_000).fill(0) }))).toThrow(refused('sbomValues'));
  });

  test('packages', () => {
    const components = ['a', 'b', 'c'].map((name) => library(name));
    expect(readText(cdx({ components }), { packages: 3 })).toMatchObject({ gaps: [] });
    const cut = readText(cdx({ components }), { packages: 2 });
    expect(cut).toMatchObject({ packages: [{ name: 'a' }, { name: 'b' }], gaps: [{ code: 'limit-reached' }] });
    const packages = ['a', 'b', 'c'].map((name) => spdxPackage(name));
    expect(codesOf(readText(spdx({ packages }), { packages: 3 }))).toEqual([]);
    expect(codesOf(readText(spdx({ packages }), { packages: 2 }))).toEqual(['limit-reached']);
  });

  test('relations', () => {
    const dependencies = [{ ref: 'a', dependsOn: ['b', 'c'] }];
    const components = ['a', 'b', 'c'].map((name) => library(name));
    expect(readText(cdx({ components, dependencies }), { relations: 2 }).gaps).toEqual([]);
    expect(codesOf(readText(cdx({ components, dependencies }), { relations: 1 }))).toEqual(['limit-reached']);
    const relationship = {
      spdxElementId: 'SPDXRef-a',
      relationshipType: 'DEPENDS_ON',
      relatedSpdxElement: 'SPDXRef-a',
    };
    const document = spdx({ packages: [spdxPackage('a')], relationships: [relationship, relationship] });
    expect(readText(document, { relations: 2 }).gaps).toEqual([]);
    expect(codesOf(readText(document, { relations: 1 }))).toEqual(['limit-reached']);
    const tags =
      'SPDXVersion: SPDX-2.3\nCreator: Tool: a-1\nPackageName: a\nSPDXID: SPDXRef-a\nExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a\n';
    expect(codesOf(readText(tags, { relations: 2 }))).toEqual([]);
    expect(codesOf(readText(tags, { relations: 1 }))).toEqual(['limit-reached']);
  });

  test('sbomFieldBytes', () => {
    const tags = (comment: string) =>
      `SPDXVersion: SPDX-2.3\nCreator: Tool: a-1\nPackageName: a\nSPDXID: SPDXRef-a\nPackageSourceInfo: ${comment}\nExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a\n`;
    const of = (comment: string) => codesOf(readText(tags(comment), { sbomFieldBytes: 120 }));
    expect(of('x'.repeat(99))).toEqual([]);
    expect(of('x'.repeat(102))).toEqual(['limit-reached']);
    expect(of(`<text>${'x\n'.repeat(59)}</text>`)).toEqual([]);
    expect(of(`<text>${'x\n'.repeat(60)}</text>`)).toEqual(['limit-reached']);
  });

  test('a hundred megabytes are read or refused in bounded time', { timeout: 120_000 }, () => {
    const filler = 'x'.repeat(1_000);
    const properties = [{ name: 'a', value: filler }];
    const components = Array.from({ length: 90_000 }, (_, i) => library(`n${i}`, { properties }));
    const text = cdx({ components });
    expect(text.length).toBeGreaterThan(95e6);
    expect(readText(text).packages).toHaveLength(90_000);
  });
});

describe('time', () => {
  const long = cdx({ components: Array.from({ length: 400_000 }, (_, i) => library(`n${i}`)) });

  test('a scan ends when its time is up, whatever the SBOM still takes', { timeout: 60_000 }, async () => {
    const path = join(place, 'long.json');
    writeFileSync(path, long);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('time is up')), 500);
    const started = performance.now();
    await expect(scan(`sbom:${path}`, { signal: stop.signal })).rejects.toThrow('time is up');
    expect(performance.now() - started).toBeLessThan(4_000);
    const { code, stderr } = await runCommand(['scan', `sbom:${path}`, '--timeout', '1s', '--db', 'none']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('[TIMEOUT]')]);
  });

  test('a long SBOM is read as a short one is, and refused as one', { timeout: 60_000 }, async () => {
    const path = join(place, 'longer.json');
    const description = 'x'.repeat(2 << 20);
    writeFileSync(path, cdx({ components: [library('a', { description }), library('b')] }));
    expect((await scan(`sbom:${path}`)).packages.map(({ name }) => name)).toEqual(['a', 'b']);
    writeFileSync(path, JSON.stringify({ description }));
    await expect(scan(`sbom:${path}`)).rejects.toMatchObject({
      code: 'NOT_AN_SBOM',
      message: expect.stringContaining(path),
    });
    writeFileSync(path, `{"bomFormat":"CycloneDX","x":${'['.repeat(2 << 20)}`);
    await expect(scan(`sbom:${path}`)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'sbomNesting' },
    });
  });
});
