import { describe, expect, test } from 'vitest';
import { LIMITS, type Limits } from '../../limits.ts';
import { cvrf } from './cvrf.ts';
import type { Feed } from './feed.ts';
import { updateinfo } from './updateinfo.ts';

const reader =
  (feed: Feed) =>
  (text: string, limits: Limits = LIMITS) =>
    feed.read(new TextEncoder().encode(text), { name: 'x.xml', limits });
const rows = ({ advisories }: ReturnType<Feed['read']>) =>
  advisories.map(({ id, affected }) => [
    id,
    ...affected.map(({ ecosystem, channel, name, module, architectures, ranges }) => {
      const end = ranges[0]!.events.at(-1)!;
      const fixed = 'fixed' in end ? end.fixed : '-';
      return [ecosystem, channel, name, module, fixed, architectures.join()].join(' ');
    }),
  ]);

describe('updateinfo', () => {
  const read = reader(updateinfo);
  const erratum = (id: string, type: string, cves: string[], pkglist: string) =>
    `<update type="${type}"><id>${id}</id><title>A title</title><issued date="2021-07-22 03:13"/><updated date="2021-08-01 00:00:00"/>
      <severity>Moderate</severity><references>${cves.map((cve) => `<reference id="${cve}" type="cve" href=""/>`).join('')}
      <reference id="RHSA-1" type="erratum"/></references><pkglist>${pkglist}</pkglist></update>`;
  const collection = (name: string, packages: string) => `<collection><name>${name}</name>${packages}</collection>`;
  const lz4 = (arch: string, epoch = '0') =>
    `<package name="lz4" version="1.8.3" release="3.el8_4" epoch="${epoch}" arch="${arch}"/>`;

  test('errata by CVE, in full', () => {
    const text = `<updates>${erratum('RLSA-2021:2575', 'security', ['CVE-2021-3520'], collection('Rocky Linux 8', lz4('x86_64') + lz4('aarch64') + lz4('src')))}</updates>`;
    expect(read(text)).toEqual({
      advisories: [
        {
          id: 'CVE-2021-3520',
          aliases: [],
          source: 'updateinfo',
          url: 'https://errata.rockylinux.org/RLSA-2021:2575',
          summary: 'A title',
          published: '2021-07-22T03:13:00Z',
          modified: '2021-08-01T00:00:00Z',
          withdrawn: null,
          severities: [],
          affected: [
            {
              ecosystem: 'Rocky Linux:8',
              channel: null,
              name: 'lz4',
              nameOf: 'binary',
              ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.8.3-3.el8_4' }] }],
              versions: [],
              status: 'fixed',
              vendorStatus: null,
              severities: [{ source: 'rocky', level: 'medium', text: 'Moderate', vector: null }],
              module: null,
              architectures: ['x86_64', 'aarch64'],
              contentSets: [],
              imports: [],
            },
          ],
        },
      ],
      covers: ['Rocky Linux:8'],
      refusals: [],
    });
  });

  test.each([
    ['ALAS-2011-1', 'Amazon Linux AMI', 'Amazon Linux:1'],
    ['ALAS2-2018-939', 'Amazon Linux 2', 'Amazon Linux:2'],
    ['ALAS2023-2023-001', 'whatever', 'Amazon Linux:2023'],
    ['ELSA-2024-0001', 'Oracle Linux 9 (x86_64)', 'Oracle Linux:9'],
    ['RLSA-2019:1972', 'none-appstream-rpms__ruby', 'Rocky Linux:8'],
    ['RXSA-2019:1972', 'Rocky Linux 8', 'Rocky Linux:8'],
  ])('%s of "%s" is for %s', (id, name, ecosystem) => {
    const text = `<updates>${erratum(id, 'security', ['CVE-2021-1'], collection(name, lz4('noarch', '2')))}</updates>`;
    expect(rows(read(text))).toEqual([['CVE-2021-1', `${ecosystem}  lz4  2:1.8.3-3.el8_4 `]]);
  });

  test('a module stream, and an erratum without a CVE', () => {
    const stream = '<module name="ruby" stream="2.6"/>';
    const text = `<updates>${erratum('RLSA-1', 'security', [], collection('Rocky Linux 8', stream + lz4('noarch')))}</updates>`;
    expect(rows(read(text))).toEqual([['RLSA-1', 'Rocky Linux:8  lz4 ruby:2.6 1.8.3-3.el8_4 ']]);
  });

  test('what says nothing of use is counted', () => {
    const text = `<updates><update/>${erratum('RLBA-1', 'bugfix', [], collection('Rocky Linux 8', lz4('noarch')))}
      ${erratum('XSA-1', 'security', ['CVE-2021-1'], collection('Some Linux 8', lz4('noarch')))}
      ${erratum('RLSA-2', 'security', ['CVE-2021-2'], collection('Rocky Linux 8', '<package name="a"/>'))}</updates>`;
    expect(read(text).advisories).toEqual([]);
    expect(read(text).refusals.map(({ reason, count }) => [reason, count])).toEqual([
      ['a package of an erratum without name or version', 1],
      ['a security erratum that names no package', 2],
      ['an erratum of a distribution that nobody knows', 1],
      ['an erratum without an id', 1],
      ['an erratum that fixes no vulnerability', 1],
    ]);
  });

  test('a file that is cut short keeps what was whole, and says so', () => {
    const whole = erratum('RLSA-1', 'security', ['CVE-2021-1'], collection('Rocky Linux 8', lz4('noarch')));
    const cut = read(`<updates>${whole}<update`);
    expect(cut.advisories).toHaveLength(1);
    expect(cut.refusals).toMatchObject([{ kind: 'malformed', count: 1 }]);
  });
});

describe('CVRF', () => {
  const read = reader(cvrf);
  const document = (tree: string, vulnerabilities: string) => `<cvrfdoc><DocumentTitle>Update</DocumentTitle>
    <DocumentTracking><InitialReleaseDate>2018-06-22T11:42:43Z</InitialReleaseDate></DocumentTracking>
    <DocumentReferences><Reference Type="Self"><URL>https://www.suse.com/x</URL></Reference></DocumentReferences>
    <ProductTree>${tree}</ProductTree>${vulnerabilities}</cvrfdoc>`;
  const relation = (product: string, file: string) =>
    `<Relationship ProductReference="${file}" RelatesToProductReference="${product}"><FullProductName ProductID="${product}:${file}"/></Relationship>`;
  const vulnerability = (cve: string, ids: string[], more = '') =>
    `<Vulnerability><CVE>${cve}</CVE><ProductStatuses><Status Type="Fixed">${ids.map((id) => `<ProductID>${id}</ProductID>`).join('')}</Status></ProductStatuses>${more}</Vulnerability>`;
  const file = 'libopenssl0_9_8-0.9.8j-106.12.1';

  test('of SUSE, in full', () => {
    const product = 'SUSE Linux Enterprise Server 12 SP2-LTSS';
    const more = '<Threats><Threat Type="Impact"><Description>moderate</Description></Threat></Threats>';
    const scores =
      '<CVSSScoreSets><ScoreSet><BaseScore>4</BaseScore><Vector>AV:L/AC:L/Au:M/C:P/I:P/A:P</Vector></ScoreSet></CVSSScoreSets>';
    const text = document(
      relation(product, file),
      vulnerability('CVE-2019-1559', [`${product}:${file}`], more + scores),
    );
    expect(read(text).refusals).toEqual([]);
    expect(read(text).advisories).toMatchObject([
      {
        id: 'CVE-2019-1559',
        url: 'https://www.suse.com/x',
        summary: 'Update',
        published: '2018-06-22T11:42:43Z',
        severities: [
          { source: 'suse', level: 'medium', text: 'moderate', vector: null },
          { source: 'suse', level: 'unknown', text: null, vector: 'AV:L/AC:L/Au:M/C:P/I:P/A:P' },
        ],
        affected: [{ nameOf: 'binary', status: 'fixed' }],
      },
    ]);
    expect(rows(read(text))).toEqual([
      ['CVE-2019-1559', 'SUSE:Linux Enterprise Server 12 SP2 ltss libopenssl0_9_8  0.9.8j-106.12.1 '],
    ]);
  });

  test.each([
    ['openSUSE Leap 15.0', 'openSUSE:Leap 15.0'],
    ['openSUSE 13.2', 'openSUSE:13.2'],
    ['SUSE Linux Enterprise Module for Basesystem 15 SP1', 'SUSE:Linux Enterprise Module for Basesystem 15 SP1'],
  ])('%s is %s', (product, ecosystem) => {
    const text = document(relation(product, file), vulnerability('CVE-2019-1', [`${product}:${file}`]));
    expect(rows(read(text))).toEqual([['CVE-2019-1', `${ecosystem}  libopenssl0_9_8  0.9.8j-106.12.1 `]]);
  });

  test('of openEuler: all packages of the product, by architecture', () => {
    const cpe = 'CPE="cpe:/a:openEuler:openEuler:20.03-LTS-SP3"';
    const rpm = (arch: string) =>
      `<Branch Type="Package Arch" Name="${arch}"><FullProductName ${cpe}>curl-7.71-2.oe1.${arch}.rpm</FullProductName></Branch>`;
    const scores =
      '<CVSSScoreSets><ScoreSet><Vector>AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N</Vector></ScoreSet></CVSSScoreSets>';
    const text = document(
      rpm('x86_64') + rpm('aarch64') + rpm('src'),
      vulnerability('CVE-2021-1', ['openEuler-20.03-LTS-SP3'], scores),
    );
    expect(rows(read(text))).toEqual([['CVE-2021-1', 'openEuler:20.03-LTS-SP3  curl  7.71-2.oe1 x86_64,aarch64']]);
    expect(read(text).advisories[0]!.severities).toEqual([
      { source: 'openeuler', level: 'unknown', text: null, vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N' },
    ]);
  });

  test('what is no document, and what names nothing', () => {
    expect(read('<cvrfdoc>').refusals).toMatchObject([{ kind: 'malformed' }]);
    const text = document('', vulnerability('CVE-2021-1', ['nobody']) + vulnerability('nothing', []));
    expect(read(text)).toMatchObject({ advisories: [], refusals: [{ count: 1 }, { count: 1 }] });
  });

  test('bytes that are no UTF-8 spoil prose only', () => {
    const product = 'openSUSE 13.2';
    const text = document(relation(product, file), vulnerability('CVE-2019-1', [`${product}:${file}`]));
    const bytes = Buffer.from(text.replace('Update', 'Upd\u00e4te'), 'latin1');
    expect(cvrf.read(bytes, { name: 'x', limits: LIMITS }).advisories).toHaveLength(1);
  });
});
