import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../limits.ts';
import type { Advisory } from '../advisory.ts';
import { osv } from './osv.ts';
import type { Refusal } from './refusals.ts';

const encoder = new TextEncoder();
const read = (record: unknown) => osv.read(encoder.encode(JSON.stringify(record)), { name: 'x.json', limits: LIMITS });
const only = (record: unknown): Advisory => {
  const { advisories, refusals } = read(record);
  expect(refusals).toEqual([]);
  expect(advisories).toHaveLength(1);
  return advisories[0]!;
};
const reasons = (refusals: readonly Refusal[]) => refusals.map(({ kind, reason, count }) => [kind, reason, count]);
const entry = (ecosystem: string, more: object = {}) => ({
  package: { ecosystem, name: 'n' },
  ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] }],
  ...more,
});
const first = (record: unknown) => only(record).affected[0]!;

describe('a record', () => {
  test('of GitHub, in full', () => {
    const record = {
      schema_version: '1.4.0',
      id: 'GHSA-jfh8-c2jp-5v3q',
      modified: '2024-06-27T21:28:29.123456Z',
      published: '2021-12-10T00:40:56Z',
      aliases: ['CVE-2021-44228', 'GHSA-jfh8-c2jp-5v3q'],
      related: ['CVE-2021-45046'],
      summary: 'Remote code injection in Log4j',
      details: 'Long.',
      severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H' }],
      affected: [
        {
          package: { ecosystem: 'Maven', name: 'org.apache.logging.log4j:log4j-core' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '2.13.0' }, { fixed: '2.15.0' }] }],
          versions: ['2.13.0'],
        },
      ],
      references: [
        { type: 'WEB', url: 'https://example.org/x' },
        { type: 'ADVISORY', url: 'https://nvd.nist.gov/vuln/detail/CVE-2021-44228' },
      ],
      database_specific: { severity: 'CRITICAL' },
    };
    expect(only(record)).toEqual({
      id: 'GHSA-jfh8-c2jp-5v3q',
      aliases: ['CVE-2021-44228'],
      source: 'osv',
      url: 'https://nvd.nist.gov/vuln/detail/CVE-2021-44228',
      summary: 'Remote code injection in Log4j',
      published: '2021-12-10T00:40:56Z',
      modified: '2024-06-27T21:28:29.123Z',
      withdrawn: null,
      severities: [
        { source: 'ghsa', level: 'unknown', text: null, vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H' },
        { source: 'ghsa', level: 'critical', text: 'CRITICAL', vector: null },
      ],
      affected: [
        {
          ecosystem: 'Maven',
          channel: null,
          name: 'org.apache.logging.log4j:log4j-core',
          nameOf: 'package',
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '2.13.0' }, { fixed: '2.15.0' }] }],
          versions: ['2.13.0'],
          status: 'fixed',
          vendorStatus: null,
          severities: [],
          module: null,
          architectures: [],
          contentSets: [],
          imports: [],
        },
      ],
    });
  });

  test('that was withdrawn says when', () => {
    const record = { id: 'A-1', withdrawn: '2024-01-02T00:00:00Z', affected: [entry('npm')] };
    expect(only(record).withdrawn).toBe('2024-01-02T00:00:00Z');
  });

  test('of Go names import paths; its year 1 is no date', () => {
    const imports = [{ path: 'x/b', symbols: ['F'] }, { path: 'x/a' }, { path: 'x/b' }];
    const record = {
      id: 'GO-1',
      modified: '0001-01-01T00:00:00Z',
      affected: [entry('Go', { ecosystem_specific: { imports } })],
    };
    expect(only(record)).toMatchObject({ modified: null, affected: [{ imports: ['x/a', 'x/b'] }] });
  });

  test('of a distribution has its CVEs in upstream; of an rpm erratum without it in related', () => {
    const ids = { upstream: ['CVE-2'], related: ['CVE-9'] };
    expect(only({ id: 'DEBIAN-CVE-2', ...ids, affected: [entry('Debian:12')] }).aliases).toEqual(['CVE-2']);
    const erratum = { id: 'ALSA-2024:1', related: ['CVE-2', 'ALBA-1', 'CVE-1'], affected: [entry('AlmaLinux:8')] };
    expect(only(erratum).aliases).toEqual(['CVE-1', 'CVE-2']);
  });

  test('that only fixes bugs is out of scope', () => {
    const { advisories, refusals } = read({ id: 'ALBA-2019:0973', related: [], affected: [entry('AlmaLinux:8')] });
    expect(advisories).toEqual([]);
    expect(reasons(refusals)).toEqual([['out-of-scope', 'an erratum that fixes no vulnerability', 1]]);
  });

  test('of a malicious package is critical', () => {
    const record = { id: 'MAL-2024-1', affected: [{ package: { ecosystem: 'npm', name: 'x' }, versions: ['1.0.0'] }] };
    expect(only(record).severities).toEqual([expect.objectContaining({ level: 'critical', text: 'malicious' })]);
  });
});

describe('namespaces', () => {
  const purl = (pocket: string) => ({
    package: {
      ecosystem: 'Ubuntu:Pro:16.04:LTS',
      name: 'n',
      purl: `pkg:deb/ubuntu/n@1?arch=source&distro=${pocket}/xenial`,
    },
  });
  const availability = {
    ecosystem_specific: { availability: 'Available with Ubuntu Pro (Infra-only): https://ubuntu.com/pro' },
  };
  test.each([
    ['Ubuntu:22.04:LTS', {}, 'Ubuntu:22.04', null, 'source'],
    ['Ubuntu:25.10', {}, 'Ubuntu:25.10', null, 'source'],
    ['Ubuntu:Pro:14.04:LTS', {}, 'Ubuntu:14.04', 'pro', 'source'],
    ['Ubuntu:Pro:14.04:LTS', availability, 'Ubuntu:14.04', 'esm-infra', 'source'],
    ['', purl('esm-apps'), 'Ubuntu:16.04', 'esm-apps', 'source'],
    ['Ubuntu:Pro:FIPS-updates:20.04:LTS', {}, 'Ubuntu:20.04', 'fips-updates', 'source'],
    ['Ubuntu:22.04:LTS:for:NVIDIA:BlueField', {}, 'Ubuntu:22.04', 'for-nvidia-bluefield', 'source'],
    ['AlmaLinux:9', {}, 'AlmaLinux:9', null, 'binary'],
    ['Rocky Linux:9', {}, 'Rocky Linux:9', null, 'source'],
    ['Alpine:v3.20', {}, 'Alpine:v3.20', null, 'source'],
    ['openEuler:22.03-LTS-SP3', {}, 'openEuler:22.03-LTS-SP3', null, 'source'],
    ['kubernetes', {}, 'Kubernetes', null, 'package'],
    ['Packagist:https://packages.drupal.org/8', {}, 'Packagist', null, 'package'],
    ['Brand New:7', {}, 'Brand New:7', null, 'package'],
  ])('%s %j is %s, channel %s', (ecosystem, more, namespace, channel, nameOf) => {
    const affected = first({ id: 'A-1', affected: [entry(ecosystem, more)] });
    expect([affected.ecosystem, affected.channel, affected.nameOf]).toEqual([namespace, channel, nameOf]);
  });

  test.each([
    ['rhel_eus:9.2::baseos', 'Red Hat:9', 'eus'],
    ['rhel_aus:8.6::appstream', 'Red Hat:8', 'aus'],
    ['enterprise_linux:9::appstream', 'Red Hat:9', null],
    ['openshift:4.12::el8', 'Red Hat:8', null],
  ])('Red Hat:%s is %s, channel %s, and keeps what was stated', (cpe, namespace, channel) => {
    const affected = first({ id: 'RHSA-1', upstream: ['CVE-1'], affected: [entry(`Red Hat:${cpe}`)] });
    expect([affected.ecosystem, affected.channel, affected.contentSets]).toEqual([namespace, channel, [cpe]]);
  });

  test('a product of Red Hat without a release stays what it is', () => {
    const affected = first({ id: 'RHSA-1', upstream: ['CVE-1'], affected: [entry('Red Hat:rhosemc:1.0')] });
    expect([affected.ecosystem, affected.contentSets]).toEqual(['Red Hat:rhosemc:1.0', []]);
  });

  test('a build of a module is for the stream that the title names', () => {
    const modular = {
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1:1-1.module_el8.9.0+1+a' }] }],
    };
    const record = (summary: string) => ({
      id: 'ALSA-1',
      summary,
      related: ['CVE-1'],
      affected: [entry('AlmaLinux:8', modular)],
    });
    expect(first(record('Important: container-tools:4.0 security update')).module).toBe('container-tools:4.0');
    expect(first(record('container-tools bug fix')).module).toBeNull();
    expect(only(record('Important: container-tools:4.0 security update')).severities).toEqual([
      { source: 'almalinux', level: 'high', text: 'Important', vector: null },
    ]);
  });
});

describe('ranges', () => {
  const range = (...events: object[]) => ({ ranges: [{ type: 'SEMVER', events }] });
  test('all four kinds of events; several keys in one object are several events', () => {
    const record = {
      id: 'A-1',
      affected: [
        entry(
          'npm',
          range(
            { introduced: '0', fixed: '1' },
            { introduced: '2' },
            { last_affected: '3' },
            { limit: '4' },
            { limit: '*' },
          ),
        ),
      ],
    };
    expect(first(record).ranges[0]!.events).toEqual([
      { introduced: '0' },
      { fixed: '1' },
      { introduced: '2' },
      { lastAffected: '3' },
      { limit: '4' },
    ]);
  });

  test('fixed in 0 is "not affected"', () => {
    const record = { id: 'A-1', affected: [entry('Alpine:v3.20', range({ introduced: '0' }, { fixed: '0' }))] };
    expect(first(record)).toMatchObject({ status: 'not_affected', ranges: [] });
  });

  test.each([
    ['<= 1.2.3', [{ introduced: '0' }, { lastAffected: '1.2.3' }]],
    ['< 2.0', [{ introduced: '0' }, { limit: '2.0' }]],
    ['nonsense', [{ introduced: '0' }]],
  ])('an open range that GitHub bounds by %s', (bound, events) => {
    const more = { ...range({ introduced: '0' }), database_specific: { last_known_affected_version_range: bound } };
    expect(first({ id: 'A-1', affected: [entry('npm', more)] })).toMatchObject({
      ranges: [{ events }],
      status: 'affected',
    });
  });

  test('a bound says nothing beside a fix', () => {
    const more = { database_specific: { last_known_affected_version_range: '<= 1' } };
    expect(first({ id: 'A-1', affected: [entry('npm', more)] }).ranges[0]!.events).toEqual([
      { introduced: '0' },
      { fixed: '2' },
    ]);
  });

  test('of commits are counted; the rest of the entry stands', () => {
    const git = { type: 'GIT', repo: 'https://x', events: [{ introduced: '0' }] };
    const both = read({ id: 'A-1', affected: [entry('PyPI', { ranges: [git], versions: ['1.0'] })] });
    expect(both.advisories[0]!.affected[0]).toMatchObject({ ranges: [], versions: ['1.0'] });
    expect(reasons(both.refusals)).toEqual([['out-of-scope', 'an entry with ranges of commits (GIT)', 1]]);
    expect(read({ id: 'A-1', affected: [{ ranges: [git] }] }).advisories).toEqual([]);
  });
});

describe('where vendors stand', () => {
  test.each([
    [{ urgency: 'end-of-life' }, 'end_of_life', 'end-of-life'],
    [{ urgency: 'unimportant' }, 'fixed', 'unimportant'],
    [{ uct_status: 'needs-triage' }, 'under_investigation', 'needs-triage'],
    [{ uct_status: 'deferred' }, 'fix_deferred', 'deferred'],
    [{ last_event: 'fix-not-planned' }, 'will_not_fix', 'fix-not-planned'],
    [{}, 'fixed', null],
  ])('%j', (specific, status, word) => {
    const affected = first({ id: 'A-1', affected: [entry('Debian:12', { ecosystem_specific: specific })] });
    expect([affected.status, affected.vendorStatus]).toEqual([status, word]);
  });

  test('Debian urgency and Ubuntu priority are severities', () => {
    const debian = first({
      id: 'DEBIAN-CVE-1',
      affected: [entry('Debian:12', { ecosystem_specific: { urgency: 'unimportant' } })],
    });
    expect(debian.severities).toEqual([{ source: 'debian', level: 'negligible', text: 'unimportant', vector: null }]);
    const ubuntu = only({
      id: 'UBUNTU-CVE-1',
      severity: [{ type: 'Ubuntu', score: 'low' }],
      affected: [entry('Ubuntu:22.04:LTS')],
    });
    expect(ubuntu.severities).toEqual([{ source: 'ubuntu', level: 'low', text: 'low', vector: null }]);
  });

  test('RustSec says what is no vulnerability', () => {
    const more = { database_specific: { informational: 'unmaintained' } };
    expect(first({ id: 'RUSTSEC-1', affected: [entry('crates.io', more)] }).vendorStatus).toBe('unmaintained');
  });
});

describe('what is malformed is refused one by one, and counted', () => {
  const good = entry('npm');
  test.each<[unknown, string]>([
    [[], 'a record that is no JSON object'],
    [{ affected: [good] }, 'a record without an id'],
    [{ id: '', affected: [good] }, 'a record without an id'],
    [{ id: 'A\n1', affected: [good] }, 'a record without an id'],
    [{ id: 'A-1', affected: {} }, 'affected is no list'],
    [{ id: 'A-1', affected: [7] }, 'an affected entry that is no object'],
    [
      { id: 'A-1', affected: [{ ...good, package: { ecosystem: 'npm' } }] },
      'an affected entry without ecosystem and name',
    ],
    [{ id: 'A-1', affected: [{ ...good, package: null }] }, 'an affected entry without ecosystem and name'],
    [{ id: 'A-1', affected: [{ ...good, ranges: 'all' }] }, 'ranges are no list'],
    [{ id: 'A-1', affected: [{ ...good, ranges: [{ type: 'ODD', events: [] }] }] }, 'a range of unknown type'],
    [{ id: 'A-1', affected: [{ ...good, ranges: [{ type: 'SEMVER', events: [] }] }] }, 'a range that begins nowhere'],
    [
      { id: 'A-1', affected: [{ ...good, ranges: [{ type: 'SEMVER', events: [{ introduced: 1 }] }] }] },
      'a range begins at no version',
    ],
    [
      { id: 'A-1', affected: [{ ...good, ranges: [{ type: 'SEMVER', events: [{ odd: '1' }] }] }] },
      'an event of a range of unknown kind',
    ],
    [
      { id: 'A-1', affected: [{ ...good, ranges: [{ type: 'SEMVER', events: [null] }] }] },
      'an event of a range is no object',
    ],
    [{ id: 'A-1', affected: [{ ...good, versions: 'all' }] }, 'versions are no list'],
    [{ id: 'A-1', affected: [{ ...good, versions: [1] }] }, 'a version that is no text'],
    [{ id: 'A-1', affected: [{ package: good.package }] }, 'an affected entry that names no versions'],
  ])('%j: %s', (record, reason) => {
    const { advisories, refusals } = read(record);
    expect(advisories).toEqual([]);
    expect(reasons(refusals)).toEqual([['malformed', reason, 1]]);
  });

  test('bytes that are no JSON', () => {
    const { refusals } = osv.read(Uint8Array.of(0x7b, 0xff), { name: 'dir/x.json', limits: LIMITS });
    expect(refusals).toEqual([
      { kind: 'malformed', reason: 'a record that is no JSON object', count: 1, examples: ['dir/x.json'] },
    ]);
  });

  test('one bad entry does not take the others with it', () => {
    const { advisories, refusals } = read({ id: 'A-1', affected: [{ package: 7 }, good] });
    expect(advisories[0]!.affected).toHaveLength(1);
    expect(refusals).toHaveLength(1);
  });

  test('an end without a version does not end the range', () => {
    const open = { ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '' }] }] };
    const { advisories, refusals } = read({ id: 'A-1', affected: [{ ...good, ...open }] });
    expect(advisories[0]!.affected[0]).toMatchObject({
      status: 'affected',
      ranges: [{ events: [{ introduced: '0' }] }],
    });
    expect(reasons(refusals)).toEqual([
      ['malformed', 'a range that ends at no version; it is taken as without an end', 1],
    ]);
  });

  test('a withdrawal at no date withdraws nothing', () => {
    const { advisories, refusals } = read({ id: 'A-1', withdrawn: 'soon', affected: [good] });
    expect(advisories[0]!.withdrawn).toBeNull();
    expect(reasons(refusals)).toEqual([['malformed', 'withdrawn at no date; the record stands', 1]]);
  });

  test('limits: at them and past them', () => {
    const record = (entries: number, versions: number) => {
      const affected = Array.from({ length: entries }, () => ({
        package: good.package,
        versions: Array(versions).fill('1'),
      }));
      return encoder.encode(JSON.stringify({ id: 'A-1', affected }));
    };
    const limits = { ...LIMITS, advisoryEntries: 3, advisoryBytes: record(3, 3).length };
    const count = (bytes: Uint8Array, more = limits) => osv.read(bytes, { name: 'x', limits: more }).advisories.length;
    expect(count(record(3, 3))).toBe(1);
    expect(count(record(3, 3), { ...limits, advisoryBytes: limits.advisoryBytes - 1 })).toBe(0);
    expect(count(record(4, 1))).toBe(0);
    expect(count(record(1, 4))).toBe(0);
  });
});

test('is told by its content', () => {
  expect(osv.recognises('x', '{"id": "A", "modified": "2020"')).toBe(true);
  expect(osv.recognises('x.json', '{"document": {}}')).toBe(false);
  expect(osv.recognises('x.json', '[{"id": "A", "modified": "2020"}]')).toBe(false);
});
