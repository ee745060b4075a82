import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../limits.ts';
import { alpineSecdb } from './alpine-secdb.ts';

const read = (document: unknown) =>
  alpineSecdb.read(new TextEncoder().encode(JSON.stringify(document)), { name: 'main.json', limits: LIMITS });
const secdb = (secfixes: object, more: object = { distroversion: 'v3.18' }) => ({
  ...more,
  reponame: 'main',
  packages: [{ pkg: { name: 'openssl', secfixes } }],
});
const rows = (secfixes: object) =>
  read(secdb(secfixes)).advisories.map(({ id, aliases, affected }) => [
    id,
    aliases,
    ...affected.map(({ status, ranges }) => [status, ranges.flatMap(({ events }) => events)]),
  ]);
const below = (fixed: string) => ['fixed', [{ introduced: '0' }, { fixed }]];

describe('secdb', () => {
  test('a fix, in full', () => {
    expect(read(secdb({ '3.1.4-r0': ['CVE-2023-5363'] }))).toEqual({
      advisories: [
        {
          id: 'CVE-2023-5363',
          aliases: [],
          source: 'alpine-secdb',
          url: 'https://security.alpinelinux.org/vuln/CVE-2023-5363',
          summary: null,
          published: null,
          modified: null,
          withdrawn: null,
          severities: [],
          affected: [
            {
              ecosystem: 'Alpine:v3.18',
              channel: null,
              name: 'openssl',
              nameOf: 'source',
              ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.1.4-r0' }] }],
              versions: [],
              status: 'fixed',
              vendorStatus: null,
              severities: [],
              module: null,
              architectures: [],
              contentSets: [],
              imports: [],
            },
          ],
        },
      ],
      covers: ['Alpine:v3.18'],
      refusals: [],
    });
  });

  test('version 0 says that none is affected', () => {
    expect(rows({ '0': ['CVE-2020-1'] })).toEqual([['CVE-2020-1', [], ['not_affected', []]]]);
  });

  test('ids as people wrote them', () => {
    const secfixes = {
      '1-r0': ['CVE-2017-2616 (+ regression fix)', 'CVE-2022-1 # (BGP)', 'CVE_2023-39128', 'CVE-2017-17434-2'],
      '2-r0': ['XSA-1 CVE-2021-1', 'GHSA-xr9q-jx9m-x99m', 'ALPINE-13661'],
    };
    expect(rows(secfixes)).toEqual([
      ['CVE-2017-2616', [], below('1-r0')],
      ['CVE-2022-1', [], below('1-r0')],
      ['CVE-2023-39128', [], below('1-r0')],
      ['CVE-2017-17434', [], below('1-r0')],
      ['CVE-2021-1', ['XSA-1'], below('2-r0')],
      ['GHSA-xr9q-jx9m-x99m', [], below('2-r0')],
      ['ALPINE-13661', [], below('2-r0')],
    ]);
  });

  test('a vulnerability that was fixed twice needs the later fix too', () => {
    expect(rows({ '1-r0': ['CVE-2020-1'], '1-r2': ['CVE-2020-1'] })).toEqual([
      ['CVE-2020-1', [], below('1-r0'), below('1-r2')],
    ]);
  });

  test.each([
    [{ distroversion: 'edge' }, 'Alpine:edge'],
    [{ urlprefix: 'https://packages.wolfi.dev' }, 'Wolfi'],
    [{ urlprefix: 'https://packages.cgr.dev/chainguard' }, 'Chainguard'],
    [{ urlprefix: 'https://libraries.cgr.dev' }, 'Chainguard'],
  ])('%o is %s', (more, ecosystem) => expect(read(secdb({}, more)).covers).toEqual([ecosystem]));

  test.each([
    [{}, 'a secdb that names no distribution'],
    [{ distroversion: '../v3.1' }, 'a secdb that names no distribution'],
    [{ urlprefix: 'https://packages.wolfi.dev.example.org' }, 'a secdb that names no distribution'],
  ])('%o is refused', (more, reason) => {
    const { advisories, refusals } = read(secdb({ '1': ['CVE-2020-1'] }, more));
    expect(advisories).toEqual([]);
    expect(refusals).toMatchObject([{ kind: 'malformed', reason, count: 1 }]);
  });

  test('what names no vulnerability, or no package, is counted', () => {
    const document = { distroversion: 'v3.18', packages: [{}, 1, { pkg: { name: 'a', secfixes: { '1': ['?', 7] } } }] };
    expect(read(document).refusals).toMatchObject([
      { reason: 'a fix of a secdb that names no vulnerability', count: 2, examples: ['a 1', 'a 1'] },
      { reason: 'a package of a secdb without a name', count: 2 },
    ]);
  });

  test('one id in more packages than a record may name', () => {
    const packages = Array.from({ length: 3 }, (_, i) => ({
      pkg: { name: `p${i}`, secfixes: { '1': ['CVE-2020-1'] } },
    }));
    const bytes = new TextEncoder().encode(JSON.stringify({ distroversion: 'v3.18', packages }));
    const reading = (advisoryEntries: number) =>
      alpineSecdb.read(bytes, { name: 'x', limits: { ...LIMITS, advisoryEntries } });
    expect(reading(3).refusals).toEqual([]);
    expect(reading(2)).toMatchObject({ advisories: [{ affected: [{}, {}] }], refusals: [{ count: 1 }] });
  });
});
