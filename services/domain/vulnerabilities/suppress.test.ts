import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { samplePackage, sampleReport, sampleVulnerability } from '../../../test/support/sample-report.ts';
import type { Report } from '../report/report.ts';
import { readExceptions } from './exceptions.ts';
import { suppress } from './suppress.ts';
import { readVex } from './vex/read-vex.ts';

const TODAY = '2026-03-01';
const DIGEST = `sha256:${'e'.repeat(64)}`;
const curl = samplePackage({ name: 'curl', version: '7.88.1-10', paths: ['var/lib/dpkg/status'] });
const wget = samplePackage({ name: 'wget', version: '1.21' });
const on = (item: typeof curl, id: string, aliases: string[] = []) =>
  sampleVulnerability({ id, aliases, packageId: item.id, purl: item.purl, installedVersion: item.version });
const report: Report = {
  ...sampleReport(),
  packages: [curl, wget],
  vulnerabilities: [on(curl, 'CVE-2024-0001', ['GHSA-1']), on(wget, 'CVE-2024-0001'), on(curl, 'CVE-2024-0002')],
};

/** `package vulnerability` of all rows that are suppressed. */
function suppressedIn({ vulnerabilities, packages }: Report): string[] {
  const names = new Map(packages.map(({ id, name }) => [id, name]));
  return vulnerabilities!.flatMap(({ suppressed, packageId, id }) =>
    suppressed === undefined ? [] : [`${names.get(packageId)} ${id}`],
  );
}

describe('exceptions', () => {
  const exception = { vulnerability: 'CVE-2024-0001', reason: 'why', owner: 'shop', expires: '2026-03-01' };
  const read = (...changes: readonly object[]) =>
    readExceptions({ exceptions: changes.map((each) => ({ ...exception, ...each })) }, 'x.yaml', TODAY);
  const covered = (...changes: readonly object[]) => suppressedIn(suppress(report, read(...changes), []));

  it.each<[string, object, string[]]>([
    ['an id: every package', {}, ['curl CVE-2024-0001', 'wget CVE-2024-0001']],
    ['an alias', { vulnerability: 'GHSA-1' }, ['curl CVE-2024-0001']],
    ['a package', { packages: ['pkg:deb/debian/curl'] }, ['curl CVE-2024-0001']],
    ['a package in this version', { packages: ['pkg:deb/debian/curl@7.88.1-10'] }, ['curl CVE-2024-0001']],
    ['a package in another version', { packages: ['pkg:deb/debian/curl@1'] }, []],
    ['a package of another architecture', { packages: ['pkg:deb/debian/curl?arch=arm64'] }, []],
    ['a package of another distribution', { packages: ['pkg:deb/ubuntu/curl'] }, []],
    ['a path', { paths: ['var/**'] }, ['curl CVE-2024-0001', 'wget CVE-2024-0001']],
    ['another path', { paths: ['opt/**'] }, []],
    ['the image', { images: ['./shop.*'] }, ['curl CVE-2024-0001', 'wget CVE-2024-0001']],
    ['the digest', { images: [DIGEST] }, ['curl CVE-2024-0001', 'wget CVE-2024-0001']],
    ['another image', { images: ['./other.tar'] }, []],
    ['another vulnerability', { vulnerability: 'CVE-2024-9999' }, []],
  ])('%s', (_, change, expected) => {
    expect(covered(change)).toEqual(expected);
  });

  it('stands on the row with who and until when', () => {
    expect(suppress(report, read({}), []).vulnerabilities![0]!.suppressed).toEqual({
      by: 'exception',
      status: null,
      justification: null,
      reason: 'why',
      owner: 'shop',
      source: 'x.yaml #1',
      expires: '2026-03-01',
    });
  });

  it('an expired one fails by name, whatever it covers', () => {
    const expired = { expires: '2026-02-28', vulnerability: 'CVE-1999-1' };
    expect(() => read({}, expired)).toThrow(expect.objectContaining({ code: 'EXCEPTION_EXPIRED' }));
    expect(() => read({}, expired)).toThrow(/x\.yaml #2 \(CVE-1999-1, shop\) on 2026-02-28/);
  });

  it.each<[object, string]>([
    [{ expires: undefined }, 'exceptions.0.expires'],
    [{ expires: 'never' }, 'exceptions.0.expires'],
    [{ owner: '' }, 'exceptions.0.owner'],
    [{ reason: undefined }, 'exceptions.0.reason'],
    [{ packages: ['curl'] }, 'no package URL'],
    [{ packages: [] }, 'exceptions.0.packages'],
    [{ unknown: 1 }, 'unknown'],
  ])('refuses %j', (change, message) => {
    expect(() => read(change)).toThrow(expect.objectContaining({ code: 'EXCEPTIONS_INVALID' }));
    expect(() => read(change)).toThrow(message);
  });

  it.each([null, [], 'text', {}, { exceptions: {} }])('refuses %j', (document) => {
    expect(() => readExceptions(document, 'x.yaml', TODAY)).toThrow(
      expect.objectContaining({ code: 'EXCEPTIONS_INVALID' }),
    );
  });

  it('suppression never takes a row away, and nothing but `suppressed` changes', () => {
    const vulnerability = fc.constantFrom('CVE-2024-0001', 'CVE-2024-0002', 'GHSA-1', 'CVE-2024-9999');
    fc.assert(
      fc.property(fc.array(vulnerability, { maxLength: 5 }), (names) => {
        const { vulnerabilities } = suppress(report, read(...names.map((name) => ({ vulnerability: name }))), []);
        expect(vulnerabilities!.map(({ suppressed: _, ...row }) => row)).toEqual(report.vulnerabilities);
      }),
    );
  });

  it('an earlier suppression is forgotten', () => {
    expect(suppress(suppress(report, read({}), []), [], [])).toEqual(report);
  });
});

describe('OpenVEX', () => {
  const product = { '@id': curl.purl };
  const statement = (changes: object = {}) => ({
    vulnerability: { name: 'CVE-2024-0001' },
    products: [product],
    status: 'not_affected',
    justification: 'vulnerable_code_not_present',
    ...changes,
  });
  const document = (...statements: readonly object[]) => ({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://example.org/vex/1',
    author: 'Shop',
    timestamp: '2026-01-01T00:00:00Z',
    statements,
  });
  const judged = (...statements: readonly object[]) =>
    suppress(report, [], [{ file: 'v.json', document: readVex(document(...statements), 'v.json') }]);

  it('not_affected and fixed suppress, with who says so', () => {
    const result = judged(statement());
    expect(suppressedIn(result)).toEqual(['curl CVE-2024-0001']);
    expect(result.vulnerabilities![0]!.suppressed).toEqual({
      by: 'vex',
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
      reason: null,
      owner: 'Shop',
      source: 'v.json https://example.org/vex/1',
      expires: null,
    });
    expect(suppressedIn(judged(statement({ status: 'fixed' })))).toEqual(['curl CVE-2024-0001']);
    for (const status of ['affected', 'under_investigation'])
      expect(suppressedIn(judged(statement({ status })))).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['a package without version', { '@id': 'pkg:deb/debian/curl' }, ['curl CVE-2024-0001']],
    ['the old form, a text', 'pkg:deb/debian/curl' as never, ['curl CVE-2024-0001']],
    [
      'an identifier',
      { '@id': 'https://example.org/x', identifiers: { purl: 'pkg:deb/debian/curl' } },
      ['curl CVE-2024-0001'],
    ],
    ['the image by digest', { '@id': `pkg:oci/shop@${DIGEST}` }, ['curl CVE-2024-0001', 'wget CVE-2024-0001']],
    [
      'the image, one package of it',
      { '@id': `pkg:oci/shop@${encodeURIComponent(DIGEST)}`, subcomponents: [{ '@id': 'pkg:deb/debian/wget' }] },
      ['wget CVE-2024-0001'],
    ],
    [
      'the image by hash',
      { '@id': 'x', hashes: { 'sha-256': 'e'.repeat(64) } },
      ['curl CVE-2024-0001', 'wget CVE-2024-0001'],
    ],
    ['another image', { '@id': `pkg:oci/shop@sha256:${'a'.repeat(64)}` }, []],
    ['an image by its name only', { '@id': 'pkg:oci/shop?repository_url=example.org/shop' }, []],
    [
      'another image with this package',
      { '@id': 'pkg:oci/other', subcomponents: [{ '@id': 'pkg:deb/debian/curl' }] },
      [],
    ],
    ['another version', { '@id': 'pkg:deb/debian/curl@1' }, []],
    ['a product that is no package', { '@id': 'https://example.org/product' }, []],
  ])('%s', (_, given, expected) => {
    expect(suppressedIn(judged(statement({ products: [given] })))).toEqual(expected);
  });

  it('an image by its name where the registry answers for it', () => {
    const target = { ...report.target, kind: 'registry', reference: 'example.org/shop:1.0' } as const;
    const named = document(statement({ products: [{ '@id': 'pkg:oci/shop?repository_url=example.org/shop' }] }));
    const vex = [{ file: 'v.json', document: readVex(named, 'v.json') }];
    expect(suppressedIn(suppress({ ...report, target }, [], vex))).toHaveLength(2);
    const other = { ...target, reference: 'example.org/shop2:1.0' };
    expect(suppressedIn(suppress({ ...report, target: other }, [], vex))).toEqual([]);
  });

  it('the latest statement counts, whatever their order', () => {
    const old = statement({ timestamp: '2026-01-01T00:00:00Z' });
    const later = statement({ timestamp: '2026-02-01T00:00:00Z', status: 'affected' });
    expect(suppressedIn(judged(old, later))).toEqual([]);
    expect(suppressedIn(judged(later, old))).toEqual([]);
    expect(
      suppressedIn(judged({ ...later, status: 'under_investigation' }, { ...old, timestamp: '2026-03-01T00:00:00Z' })),
    ).toHaveLength(1);
  });

  it('of equally old ones that contradict each other, the one that suppresses nothing counts, in any order and document', () => {
    const [clear, contrary] = [statement(), statement({ status: 'affected' })];
    expect(suppressedIn(judged(clear, contrary))).toEqual([]);
    expect(suppressedIn(judged(contrary, clear))).toEqual([]);
    const given = [contrary, clear].map((each) => ({ file: 'v', document: readVex(document(each), 'v') }));
    expect(suppressedIn(suppress(report, [], given))).toEqual([]);
    expect(suppressedIn(suppress(report, [], given.toReversed()))).toEqual([]);
  });

  it('moments are compared as moments, whatever their zone and fractions', () => {
    const affected = statement({ status: 'affected', timestamp: '2026-01-01T00:00:00.5Z' });
    expect(suppressedIn(judged(affected, statement({ timestamp: '2026-01-01T00:00:00Z' })))).toEqual([]);
    expect(suppressedIn(judged(affected, statement({ timestamp: '2026-01-01T01:00:00+02:00' })))).toEqual([]);
    expect(suppressedIn(judged(affected, statement({ timestamp: '2026-01-01T01:00:00Z' })))).toHaveLength(1);
  });

  it.each<[string, object | string]>([
    ['a wildcard for a name', 'pkg:deb/debian/*'],
    ['a wildcard for everything', 'pkg:*/*'],
    ['a wildcard for a version', 'pkg:deb/debian/curl@*'],
    ['a range for a version', 'pkg:deb/debian/curl@%3E%3D1'],
    ['vers, which is no purl', 'vers:deb/>=1|<9'],
    ['a type', 'pkg:deb/debian'],
    ['a name alone', 'curl'],
    ['an empty name', ''],
    ['no name', {}],
    ['another namespace', 'pkg:deb/curl'],
    ['a name in another case', 'pkg:npm/CURL'],
    ['an image without digest', 'pkg:oci/shop'],
    ['an image with a wildcard for its digest', 'pkg:oci/shop@*'],
    ['the image with a list of parts that is empty', { '@id': `pkg:oci/shop@${DIGEST}`, subcomponents: [] }],
    ['the image with parts that are no list', { '@id': `pkg:oci/shop@${DIGEST}`, subcomponents: { '@id': 'x' } }],
    ['the image with a part that has no purl', { '@id': `pkg:oci/shop@${DIGEST}`, subcomponents: [{ '@id': 'curl' }] }],
    ['the package, of which a part is meant', { '@id': 'pkg:deb/debian/curl', subcomponents: ['pkg:npm/x'] }],
    ['an empty hash', { '@id': 'x', hashes: { 'sha-256': '' } }],
  ])('%s is no product of this image', (_, product) => {
    for (const status of ['not_affected', 'fixed'])
      expect(suppressedIn(judged(statement({ products: [product], status })))).toEqual([]);
    const local = { ...report, target: { ...report.target, digest: null } };
    const vex = [{ file: 'v', document: readVex(document(statement({ products: [product] })), 'v') }];
    expect(suppressedIn(suppress(local, [], vex))).toEqual([]);
  });

  it.each(['NOT_AFFECTED', 'Fixed', 'not affected', 'unknown', '', null, ['fixed'], 'known_not_affected'])(
    'the status %j is none, and that is said',
    (status) => {
      const { vulnerabilities, findings } = judged(statement({ status }), statement({ status: 'affected' }));
      expect(vulnerabilities!.every(({ suppressed }) => suppressed === undefined)).toBe(true);
      expect(findings[0]!.flaws).toEqual(['statement 1: its status is none of OpenVEX']);
    },
  );

  it('"fixed" is for the version that it names, and for none where it names none', () => {
    const fixed = (...products: readonly object[]) => suppressedIn(judged(statement({ status: 'fixed', products })));
    expect(fixed({ '@id': 'pkg:deb/debian/curl@7.88.1-10' })).toHaveLength(1);
    expect(fixed({ '@id': 'pkg:deb/debian/curl@7.88.1-11' })).toEqual([]);
    expect(fixed({ '@id': 'pkg:deb/debian/curl' })).toEqual([]);
    expect(fixed({ '@id': 'pkg:deb/debian/curl?arch=amd64' })).toEqual([]);
    expect(fixed({ '@id': `pkg:oci/shop@${DIGEST}` })).toHaveLength(2);
  });

  it.each(['*', 'CVE-*', 'cve-2024-0001', 'CVE-2024-000', ''])('the vulnerability "%s" is none of these', (name) => {
    const given = document(statement({ vulnerability: { name } }), statement({ status: 'affected' }));
    expect(suppressedIn(suppress(report, [], [{ file: 'v', document: readVex(given, 'v') }]))).toEqual([]);
  });

  it('vexComparisons: at it and past it', () => {
    const document_ = readVex(document(statement({ products: ['pkg:npm/a', product, 'pkg:npm/b'] })), 'v');
    const run = (vexComparisons: number) =>
      suppress(report, [], [{ file: 'v', document: document_ }], [], { vexComparisons });
    // Two rows have the id; each product counts with its names.
    const needed = 2 * document_.statements[0]!.products.reduce((sum, { purls }) => sum + 1 + purls.length, 0);
    expect(suppressedIn(run(needed))).toHaveLength(1);
    expect(() => run(needed - 1)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', details: { limit: 'vexComparisons' } }),
    );
  });

  it('for another product changes nothing, and that is said', () => {
    const result = judged(statement({ products: [{ '@id': 'pkg:npm/left-pad' }] }));
    expect(result.vulnerabilities).toEqual(report.vulnerabilities);
    expect(result.findings).toMatchObject([
      {
        kind: 'vex',
        id: 'https://example.org/vex/1',
        applied: 0,
        elsewhere: 1,
        message: expect.stringContaining('nothing was changed'),
      },
    ]);
  });

  it('what it may not say is not applied, and said', () => {
    const bare = statement({ justification: undefined });
    const { findings } = judged(statement(), bare, statement({ status: 'what' }), statement({ products: [] }), {
      status: 'fixed',
    });
    expect(findings[0]).toMatchObject({
      applied: 1,
      flaws: [expect.stringContaining('statement 2'), expect.any(String), expect.any(String), expect.any(String)],
    });
    expect(() => readVex(document(bare), 'v.json')).toThrow(/states nothing.*justification/);
  });

  it('an exception goes before it', () => {
    const exceptions = readExceptions(
      { exceptions: [{ vulnerability: 'GHSA-1', reason: 'a', owner: 'b', expires: '2027-01-01' }] },
      'x',
      TODAY,
    );
    const vex = [{ file: 'v.json', document: readVex(document(statement()), 'v.json') }];
    expect(suppress(report, exceptions, vex).vulnerabilities![0]!.suppressed!.by).toBe('exception');
  });
});

describe('CSAF', () => {
  const csaf = (status: string, productId: string) => ({
    document: {
      csaf_version: '2.0',
      category: 'csaf_vex',
      publisher: { name: 'Vendor' },
      tracking: { id: 'V-1', current_release_date: '2026-01-01T00:00:00Z' },
    },
    product_tree: {
      branches: [
        {
          branches: [
            { product: { product_id: 'curl', product_identification_helper: { purl: 'pkg:deb/debian/curl' } } },
          ],
        },
        { product: { product_id: 'image', product_identification_helper: { purl: `pkg:oci/shop@${DIGEST}` } } },
        { product: { product_id: 'os', product_identification_helper: { cpe: 'cpe:/o:x:y:9' } } },
      ],
      relationships: [
        {
          product_reference: 'curl',
          relates_to_product_reference: 'image',
          full_product_name: { product_id: 'image:curl' },
        },
        { product_reference: 'curl', relates_to_product_reference: 'os', full_product_name: { product_id: 'os:curl' } },
      ],
    },
    vulnerabilities: [
      {
        cve: 'CVE-2024-0001',
        product_status: { [status]: [productId] },
        flags: [{ label: 'component_not_present', product_ids: [productId] }],
        threats: [{ category: 'impact', details: 'It is not\nthere.' }],
      },
    ],
  });
  const judged = (status: string, productId: string) =>
    suppress(report, [], [{ file: 'c.json', document: readVex(csaf(status, productId), 'c.json') }]);

  it.each<[string, string, string[]]>([
    ['known_not_affected', 'curl', ['curl CVE-2024-0001']],
    ['known_not_affected', 'image', ['curl CVE-2024-0001', 'wget CVE-2024-0001']],
    ['fixed', 'image:curl', ['curl CVE-2024-0001']],
    ['known_not_affected', 'os:curl', []],
    ['known_affected', 'curl', []],
    ['known_not_affected', 'nobody', []],
  ])('%s of %s', (status, productId, expected) => {
    expect(suppressedIn(judged(status, productId))).toEqual(expected);
  });

  it.each(['first_fixed', 'fixed'])('%s of a package in any version is no statement on the installed one', (status) => {
    expect(suppressedIn(judged(status, 'curl'))).toEqual([]);
    expect(suppressedIn(judged(status, 'image:curl'))).toEqual(['curl CVE-2024-0001']);
  });

  it('a product that is affected and not affected is affected', () => {
    const both = csaf('known_not_affected', 'curl');
    const status = { known_affected: ['curl'], known_not_affected: ['curl'] };
    const vulnerabilities = [{ ...both.vulnerabilities[0], product_status: status }];
    const vex = [{ file: 'c', document: readVex({ ...both, vulnerabilities }, 'c') }];
    expect(suppressedIn(suppress(report, [], vex))).toEqual([]);
  });

  it('says why and who', () => {
    expect(judged('known_not_affected', 'curl').vulnerabilities![0]!.suppressed).toMatchObject({
      justification: 'component_not_present',
      reason: 'It is not there.',
      owner: 'Vendor',
      source: 'c.json V-1',
    });
  });
});

describe('CycloneDX', () => {
  const judged = (
    ref: string,
    analysis: object = { state: 'not_affected', justification: 'code_not_reachable' },
    more: object = {},
  ) => {
    const document = {
      bomFormat: 'CycloneDX',
      components: [{ 'bom-ref': 'c-1', purl: 'pkg:deb/debian/curl@7.88.1-10' }],
      vulnerabilities: [{ id: 'CVE-2024-0001', analysis, affects: [{ ref, ...more }] }],
    };
    return suppressedIn(suppress(report, [], [{ file: 'b.json', document: readVex(document, 'b.json') }]));
  };

  it.each([
    'pkg:deb/debian/curl@7.88.1-10',
    'c-1',
    'urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:deb/debian/curl@7.88.1-10?arch=amd64',
  ])('by %s', (ref) => {
    expect(judged(ref)).toEqual(['curl CVE-2024-0001']);
  });

  it('states', () => {
    expect(judged('c-1', { state: 'false_positive' })).toHaveLength(1);
    expect(judged('c-1', { state: 'resolved' })).toHaveLength(1);
    expect(judged('c-1', { state: 'exploitable' })).toEqual([]);
    expect(() => judged('c-1', { state: 'odd' })).toThrow(/state/);
    expect(() => judged('c-1', undefined as never)).not.toThrow();
  });

  it('only the versions that it lists', () => {
    expect(judged('pkg:deb/debian/curl', undefined, { versions: [{ version: '1' }] })).toEqual([]);
    expect(judged('pkg:deb/debian/curl', undefined, { versions: [{ version: '7.88.1-10' }] })).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['a range only', [{ range: 'vers:deb/>=1|<9' }]],
    ['a version that is stated to be affected', [{ version: '7.88.1-10', status: 'affected' }]],
    ['a version of which nobody knows', [{ version: '7.88.1-10', status: 'unknown' }]],
    ['what is no version', [null, 'x', {}]],
    ['what is no list', { version: '7.88.1-10' }],
  ])('%s names no version that is cleared', (_, versions) => {
    for (const state of ['not_affected', 'resolved']) {
      expect(judged('pkg:deb/debian/curl', { state }, { versions })).toEqual([]);
      expect(judged('pkg:deb/debian/curl', { state }, { versions: [] })).toHaveLength(state === 'resolved' ? 0 : 1);
    }
  });
});

it.each([
  null,
  [],
  'x',
  {},
  { '@context': 'https://schema.org' },
  { bomFormat: 'CycloneDX' },
  { '@context': 'https://openvex.dev/ns' },
])('%j is no VEX', (value) => {
  expect(() => readVex(value, 'v.json')).toThrow(expect.objectContaining({ code: 'VEX_INVALID' }));
});
