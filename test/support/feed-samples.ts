/** One small sound file of each kind of advisory feed, by the feed's id; the facts in them are made up. */
export const FEED_SAMPLES: Readonly<Record<string, string>> = {
  osv: JSON.stringify({
    schema_version: '1.7.0',
    id: 'GHSA-aaaa-bbbb-cccc',
    modified: '2024-01-01T00:00:00Z',
    aliases: ['CVE-2024-1'],
    affected: [
      {
        package: { ecosystem: 'npm', name: 'left' },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.2.3' }] }],
      },
    ],
  }),
  'alpine-secdb': JSON.stringify({
    distroversion: 'v3.18',
    reponame: 'main',
    packages: [
      { pkg: { name: 'openssl', secfixes: { '3.1.4-r0': ['CVE-2023-1', 'CVE-2023-2 XSA-1'], 0: ['CVE-2023-3'] } } },
    ],
  }),
  'debian-advisories':
    '[27 Mar 2023] DSA-5380-1 xorg-server - security update\n\t{CVE-2023-1393}\n\t[bullseye] - xorg-server 2:1.20.11-1\n',
  'debian-tracker': JSON.stringify({
    openssl: {
      'CVE-2023-1': {
        description: 'A flaw.',
        releases: {
          bookworm: { status: 'resolved', fixed_version: '3.0.11-1', urgency: 'low' },
          sid: { status: 'open', urgency: 'not yet assigned', nodsa: 'Minor', nodsa_reason: 'postponed' },
        },
      },
    },
  }),
  'redhat-csaf': JSON.stringify({
    document: { csaf_version: '2.0', publisher: { namespace: 'https://www.redhat.com' } },
    product_tree: {
      branches: [
        {
          branches: [
            {
              product: {
                product_id: 'base',
                product_identification_helper: { cpe: 'cpe:/o:redhat:enterprise_linux:9::baseos' },
              },
            },
            {
              product: {
                product_id: 'curl-0:7-2.el9.x86_64',
                product_identification_helper: { purl: 'pkg:rpm/redhat/curl@7-2.el9?arch=x86_64' },
              },
            },
          ],
        },
      ],
      relationships: [
        {
          full_product_name: { product_id: 'base:curl-0:7-2.el9.x86_64' },
          product_reference: 'curl-0:7-2.el9.x86_64',
          relates_to_product_reference: 'base',
        },
      ],
    },
    vulnerabilities: [{ cve: 'CVE-2024-1', title: 'curl', product_status: { fixed: ['base:curl-0:7-2.el9.x86_64'] } }],
  }),
  'distro-info':
    'version,codename,series,created,release,eol,eol-lts,eol-elts\n12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-06-10,2028-06-30\n',
  epss: '#model_version:v1,score_date:2024-10-25T00:00:00+0000\ncve,epss,percentile\nCVE-1999-0005,0.91963,0.99030\n',
  kev: JSON.stringify({
    catalogVersion: '2025.08.25',
    vulnerabilities: [{ cveID: 'CVE-2025-1111', dateAdded: '2025-08-25', dueDate: '2025-09-15' }],
  }),
  nvd: JSON.stringify({
    format: 'NVD_CVE',
    version: '2.0',
    vulnerabilities: [{ cve: { id: 'CVE-2016-0002', vulnStatus: 'Rejected' } }],
  }),
  'ubuntu-vex': JSON.stringify({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    author: 'Canonical Ltd.',
    statements: [
      {
        vulnerability: { name: 'CVE-2023-0001' },
        products: [{ '@id': 'pkg:deb/ubuntu/curl@7.81.0-1ubuntu1.24?arch=source&distro=jammy' }],
        status: 'affected',
        action_statement: 'This package (for the given release) is no longer supported.',
      },
    ],
  }),
  updateinfo:
    '<updates><update type="security"><id>RLSA-2021:2575</id><references><reference id="CVE-2021-3520" type="cve"/></references><pkglist><collection><name>Rocky Linux 8</name><package name="lz4" version="1.8.3" release="3.el8" epoch="0" arch="x86_64"/></collection></pkglist></update></updates>',
  cvrf: '<cvrfdoc><ProductTree><Relationship ProductReference="curl-7-1" RelatesToProductReference="openSUSE 13.2"><FullProductName ProductID="openSUSE 13.2:curl-7-1"/></Relationship></ProductTree><Vulnerability><CVE>CVE-2019-1559</CVE><ProductStatuses><Status Type="Fixed"><ProductID>openSUSE 13.2:curl-7-1</ProductID></Status></ProductStatuses></Vulnerability></cvrfdoc>',
};
