import { describe, expect, test } from 'vitest';
import { LIMITS, type Limits } from '../../limits.ts';
import { redhatCsaf } from './redhat-csaf.ts';

const product = (product_id: string, cpe: string) => ({
  category: 'product_name',
  product: { product_id, product_identification_helper: { cpe } },
});
const version = (product_id: string, purl: string) => ({
  category: 'product_version',
  product: { product_id, product_identification_helper: { purl } },
});
const component = (of: string, id: string) => ({
  category: 'default_component_of',
  full_product_name: { product_id: `${of}:${id}` },
  product_reference: id,
  relates_to_product_reference: of,
});

const STREAM = 'nodejs:18:8080020:63b34585';
const document = {
  document: {
    csaf_version: '2.0',
    publisher: { namespace: 'https://www.redhat.com' },
    aggregate_severity: { text: 'Moderate' },
    tracking: { id: 'CVE-2024-1', current_release_date: '2024-02-01T00:00:00+00:00' },
  },
  product_tree: {
    branches: [
      {
        category: 'vendor',
        branches: [
          product('app', 'cpe:/a:redhat:enterprise_linux:8::appstream'),
          product('base', 'cpe:/o:redhat:rhel_eus:9.2::baseos'),
          product('red_hat_enterprise_linux_7', 'cpe:/o:redhat:enterprise_linux:7'),
          product('middleware', 'cpe:/a:redhat:jboss_core_services:1'),
          version('curl', 'pkg:rpm/redhat/curl'),
          version('curl.src', 'pkg:rpm/redhat/curl?arch=src'),
          version('curl-1:7-2.el9.x86_64', 'pkg:rpm/redhat/curl@7-2.el9?arch=x86_64&epoch=1'),
          version('curl-1:7-2.el9.s390x', 'pkg:rpm/redhat/curl@7-2.el9?arch=s390x'),
          version('curl-1:7-2.el9.src', 'pkg:rpm/redhat/curl@7-2.el9?arch=src&epoch=1'),
          version('curl-debuginfo-1:7-2.el9.x86_64', 'pkg:rpm/redhat/curl-debuginfo@7-2.el9?arch=x86_64'),
          version(STREAM, 'pkg:rpmmod/redhat/nodejs@18:8080020:63b34585'),
          version('npm-1:9-1.x86_64', 'pkg:rpm/redhat/npm@9-1?arch=x86_64&epoch=1'),
        ],
      },
    ],
    relationships: [
      component('base', 'curl-1:7-2.el9.x86_64'),
      component('base', 'curl-1:7-2.el9.s390x'),
      component('base', 'curl-1:7-2.el9.src'),
      component('base', 'curl-debuginfo-1:7-2.el9.x86_64'),
      component('red_hat_enterprise_linux_7', 'curl'),
      component('red_hat_enterprise_linux_7', 'curl.src'),
      component('middleware', 'curl'),
      component('app', STREAM),
      component(`app:${STREAM}`, 'npm-1:9-1.x86_64'),
    ],
  },
  vulnerabilities: [
    {
      cve: 'CVE-2024-1',
      title: 'curl: overflow',
      release_date: '2024-01-22T00:00:00+00:00',
      product_status: {
        fixed: [
          'base:curl-1:7-2.el9.x86_64',
          'base:curl-1:7-2.el9.s390x',
          'base:curl-1:7-2.el9.src',
          'base:curl-debuginfo-1:7-2.el9.x86_64',
          `app:${STREAM}:npm-1:9-1.x86_64`,
        ],
        known_affected: ['red_hat_enterprise_linux_7:curl', 'middleware:curl', 'nobody:knows'],
        known_not_affected: ['red_hat_enterprise_linux_7:curl.src'],
      },
      remediations: [
        { category: 'workaround', details: 'none', product_ids: ['red_hat_enterprise_linux_7:curl'] },
        { category: 'no_fix_planned', details: 'Will not fix', product_ids: ['red_hat_enterprise_linux_7:curl'] },
      ],
      threats: [{ category: 'impact', details: 'Important' }],
      scores: [{ cvss_v3: { vectorString: 'CVSS:3.1/AV:N' } }, { cvss_v3: { vectorString: 'CVSS:3.1/AV:N' } }],
    },
  ],
};

const read = (value: unknown, limits: Limits = LIMITS) =>
  redhatCsaf.read(new TextEncoder().encode(JSON.stringify(value)), { name: 'cve.json', limits });

describe('CSAF of Red Hat', () => {
  test('who is affected, and where each product stands', () => {
    const { advisories, refusals } = read(document);
    expect(refusals).toEqual([]);
    const [advisory] = advisories;
    expect(advisory).toMatchObject({
      id: 'CVE-2024-1',
      aliases: [],
      source: 'redhat-csaf',
      url: 'https://access.redhat.com/security/cve/CVE-2024-1',
      summary: 'curl: overflow',
      published: '2024-01-22T00:00:00Z',
      modified: '2024-02-01T00:00:00Z',
      severities: [
        { source: 'redhat', level: 'high', text: 'Important', vector: null },
        { source: 'redhat', level: 'unknown', text: null, vector: 'CVSS:3.1/AV:N' },
      ],
    });
    const rows = advisory!.affected.map((each) => [
      `${each.ecosystem} ${each.channel} ${each.contentSets}`,
      `${each.nameOf} ${each.name} ${each.module}`,
      `${each.status} ${each.vendorStatus}`,
      each.ranges.flatMap(({ events }) => events),
      each.architectures,
    ]);
    const from0 = { introduced: '0' };
    expect(rows).toEqual([
      [
        'Red Hat:9 eus rhel_eus:9.2::baseos',
        'binary curl null',
        'fixed null',
        [from0, { fixed: '1:7-2.el9' }],
        ['x86_64', 's390x'],
      ],
      [
        'Red Hat:8 null enterprise_linux:8::appstream',
        'binary npm nodejs:18',
        'fixed null',
        [from0, { fixed: '1:9-1' }],
        ['x86_64'],
      ],
      ['Red Hat:7 null ', 'binary curl null', 'will_not_fix Will not fix', [from0], []],
      ['Red Hat:7 null ', 'source curl null', 'not_affected null', [], []],
    ]);
  });

  test.each([
    ['nothing', 7],
    ['no product tree', { document: document.document }],
  ])('%s is refused', (_name, value) => {
    expect(read(value)).toMatchObject({ advisories: [], refusals: [{ kind: 'malformed', count: 1 }] });
  });

  test('branches without an end, and more products than a record may name', () => {
    let branches: unknown[] = [];
    for (let depth = 0; depth < 17; depth++) branches = [{ branches }];
    expect(read({ ...document, product_tree: { branches } }).refusals).toMatchObject([{ kind: 'malformed' }]);
    expect(read(document, { ...LIMITS, advisoryEntries: 12 }).refusals).toEqual([]);
    expect(read(document, { ...LIMITS, advisoryEntries: 8 }).refusals).toMatchObject([{ kind: 'malformed' }]);
  });

  test('a vulnerability of other products only is out of scope, and counted', () => {
    const [vulnerability] = document.vulnerabilities;
    const product_status = { known_affected: ['middleware:curl'] };
    expect(read({ ...document, vulnerabilities: [{ ...vulnerability, product_status }, {}] })).toMatchObject({
      advisories: [],
      refusals: [
        { kind: 'out-of-scope', count: 1 },
        { kind: 'out-of-scope', count: 1 },
      ],
    });
  });
});
