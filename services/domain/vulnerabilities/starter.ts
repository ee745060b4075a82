import type { Advisory, EndOfLife, Enrichment, StatedSeverity } from './advisory.ts';
import { NO_ENRICHMENT } from './enrichment.ts';

/*
 * The starter set: a few well-known vulnerabilities, written down for this project as facts (ids, package names, versions, dates)
 * that the vendors have published. It stands in for the feeds where `--db starter` asks for it: in the demonstration, in tests and in a first
 * try without a network. It is no database: what is not in it was not looked for.
 */

type Fixes = readonly (readonly [ecosystem: string, name: string, ...events: string[]])[];

interface Fact {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly published: string;
  /** CVSS 3.1 as NVD or the CNA has it. */
  readonly vector: string;
  readonly level: StatedSeverity['level'];
  /** Packages with their events in order: `>=A` introduced, `<B` fixed, `<=C` last affected; from the beginning where none is introduced. */
  readonly affected: Fixes;
}

const alpine = (releases: readonly string[], name: string, fixed: string): Fixes => {
  return releases.map((release) => [`Alpine:v${release}`, name, `<${fixed}`] as const);
};

const FACTS: readonly Fact[] = [
  {
    id: 'CVE-2021-44228',
    aliases: ['GHSA-jfh8-c2jp-5v3q'],
    summary: 'Log4Shell: Log4j 2 loads and runs code that a logged text names (JNDI)',
    published: '2021-12-10',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H',
    level: 'critical',
    affected: [
      ['Maven', 'org.apache.logging.log4j:log4j-core', '>=2.13.0', '<2.15.0'],
      ['Maven', 'org.apache.logging.log4j:log4j-core', '>=2.4', '<2.12.2'],
      ['Maven', 'org.apache.logging.log4j:log4j-core', '>=2.0-beta9', '<2.3.1'],
    ],
  },
  {
    id: 'CVE-2021-45046',
    aliases: ['GHSA-7rjr-3q55-vv33'],
    summary: 'Log4j 2.15.0 does not close Log4Shell in all configurations',
    published: '2021-12-14',
    vector: 'CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H',
    level: 'critical',
    affected: [
      ['Maven', 'org.apache.logging.log4j:log4j-core', '>=2.13.0', '<2.16.0'],
      ['Maven', 'org.apache.logging.log4j:log4j-core', '>=2.0-beta9', '<2.12.2'],
    ],
  },
  {
    id: 'CVE-2022-22965',
    aliases: ['GHSA-36p3-wjmg-h94x'],
    summary: 'Spring4Shell: data binding of Spring Framework reaches the class loader',
    published: '2022-03-31',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    level: 'critical',
    affected: [
      ['Maven', 'org.springframework:spring-beans', '<5.2.20.RELEASE'],
      ['Maven', 'org.springframework:spring-beans', '>=5.3.0', '<5.3.18'],
    ],
  },
  {
    id: 'CVE-2019-10744',
    aliases: ['GHSA-jf85-cpcp-j695'],
    summary: 'lodash: defaultsDeep changes the prototype of all objects',
    published: '2019-07-10',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H',
    level: 'critical',
    affected: [['npm', 'lodash', '<4.17.12']],
  },
  {
    id: 'CVE-2021-23337',
    aliases: ['GHSA-35jh-r3h4-6jhm'],
    summary: 'lodash: template runs commands that an option names',
    published: '2021-02-15',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H',
    level: 'high',
    affected: [['npm', 'lodash', '<4.17.21']],
  },
  {
    id: 'CVE-2021-44906',
    aliases: ['GHSA-xvch-5gv4-984h'],
    summary: 'minimist: an argument changes the prototype of all objects',
    published: '2022-03-17',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    level: 'critical',
    affected: [
      ['npm', 'minimist', '>=1.0.0', '<1.2.6'],
      ['npm', 'minimist', '<0.2.4'],
    ],
  },
  {
    id: 'CVE-2020-14343',
    aliases: ['GHSA-8q59-q68h-6hv4', 'PYSEC-2021-142'],
    summary: 'PyYAML: full_load runs code that the document names',
    published: '2021-02-09',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    level: 'critical',
    affected: [['PyPI', 'pyyaml', '<5.4']],
  },
  {
    id: 'CVE-2022-29217',
    aliases: ['GHSA-ffqj-6fqr-9h24'],
    summary: 'PyJWT: a public key passes as the secret of an HMAC',
    published: '2022-05-24',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N',
    level: 'high',
    affected: [['PyPI', 'pyjwt', '>=1.5.0', '<2.4.0']],
  },
  {
    id: 'CVE-2023-39325',
    aliases: ['GHSA-4374-p667-p6c8', 'GO-2023-2102'],
    summary: 'HTTP/2 rapid reset: streams that are reset at once exhaust a Go server',
    published: '2023-10-11',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H',
    level: 'high',
    affected: [
      ['Go', 'golang.org/x/net', '<0.17.0'],
      ['Go', 'stdlib', '<1.20.10'],
      ['Go', 'stdlib', '>=1.21.0-0', '<1.21.3'],
    ],
  },
  {
    id: 'CVE-2022-0778',
    summary: 'OpenSSL: a certificate with crafted curve parameters loops for ever (BN_mod_sqrt)',
    published: '2022-03-15',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H',
    level: 'high',
    affected: [
      ...alpine(['3.12', '3.13', '3.14', '3.15'], 'openssl', '1.1.1n-r0'),
      ['Debian:10', 'openssl', '<1.1.1d-0+deb10u8'],
      ['Debian:11', 'openssl', '<1.1.1k-1+deb11u2'],
    ],
  },
  {
    id: 'CVE-2022-3602',
    summary: 'OpenSSL 3: a four-byte overflow in the check of mail addresses of certificates',
    published: '2022-11-01',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H',
    level: 'high',
    affected: [
      ['Alpine:v3.17', 'openssl', '<3.0.7-r0'],
      ['Debian:12', 'openssl', '<3.0.7-1'],
    ],
  },
  {
    id: 'CVE-2022-28391',
    summary: 'BusyBox: a host name that it resolves writes control sequences to the terminal',
    published: '2022-04-03',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H',
    level: 'high',
    affected: [
      ...alpine(['3.12'], 'busybox', '1.31.1-r22'),
      ...alpine(['3.13'], 'busybox', '1.32.1-r8'),
      ...alpine(['3.14'], 'busybox', '1.33.1-r7'),
      ...alpine(['3.15'], 'busybox', '1.34.1-r5'),
    ],
  },
  {
    id: 'CVE-2022-37434',
    summary: 'zlib: a large extra field of a gzip header overflows the heap (inflateGetHeader)',
    published: '2022-08-05',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    level: 'critical',
    affected: [
      ...alpine(['3.13', '3.14', '3.15', '3.16'], 'zlib', '1.2.12-r2'),
      ['Debian:11', 'zlib', '<1:1.2.11.dfsg-2+deb11u2'],
    ],
  },
  {
    id: 'CVE-2024-6119',
    summary: 'OpenSSL: a check of certificate names reads where it must not (X.509, otherName)',
    published: '2024-09-03',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H',
    level: 'high',
    affected: [['Debian:12', 'openssl', '<3.0.14-1~deb12u2']],
  },
  {
    id: 'CVE-2023-38545',
    summary: 'curl: a long host name overflows the heap on its way to a SOCKS5 proxy',
    published: '2023-10-11',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    level: 'critical',
    affected: [['Debian:12', 'curl', '<7.88.1-10+deb12u4'], ...alpine(['3.19'], 'curl', '8.4.0-r0')],
  },
  {
    id: 'CVE-2023-4911',
    summary: 'Looney Tunables: the loader of glibc overflows on GLIBC_TUNABLES',
    published: '2023-10-03',
    vector: 'CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H',
    level: 'high',
    affected: [['Debian:12', 'glibc', '<2.36-9+deb12u3']],
  },
  {
    id: 'CVE-2014-0160',
    summary: 'Heartbleed: OpenSSL sends parts of its memory to whoever asks',
    published: '2014-04-07',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N',
    level: 'high',
    affected: [['Debian:7', 'openssl', '<1.0.1e-2+deb7u5']],
  },
  {
    id: 'CVE-2024-3094',
    summary: 'xz: the released archives hold a back door that reaches sshd',
    published: '2024-03-29',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H',
    level: 'critical',
    affected: [
      ['Alpine:edge', 'xz', '>=5.6.0-r0', '<5.6.1-r2'],
      ['Debian:unstable', 'xz-utils', '>=5.5.1alpha-0.1', '<5.6.1+really5.4.5-1'],
    ],
  },
];

/** Debian, Alpine: their published end-of-life days for the releases that the set speaks for. */
export const STARTER_END_OF_LIFE: readonly EndOfLife[] = [
  ['Alpine:v3.12', '2022-05-01', null],
  ['Alpine:v3.13', '2022-11-01', null],
  ['Alpine:v3.14', '2023-05-01', null],
  ['Alpine:v3.15', '2023-11-01', null],
  ['Alpine:v3.16', '2024-05-23', null],
  ['Alpine:v3.17', '2024-11-22', null],
  ['Debian:10', '2022-09-10', '2024-06-30'],
  ['Debian:11', '2024-08-14', '2026-08-31'],
  ['Debian:12', '2026-07-11', '2028-06-30'],
].map(([ecosystem, eol, extendedEol]) => ({
  ecosystem: ecosystem!,
  eol: eol!,
  extendedEol: extendedEol ?? null,
  source: 'starter',
}));

/** The day on which the set was last looked through, as its date. */
export const STARTER_DATE = '2026-11-01T00:00:00Z';

export const STARTER_ADVISORIES: readonly Advisory[] = FACTS.map((fact) => ({
  id: fact.id,
  aliases: [...(fact.aliases ?? [])].sort(),
  source: 'starter',
  url: `https://www.cve.org/CVERecord?id=${fact.id}`,
  summary: fact.summary,
  published: `${fact.published}T00:00:00Z`,
  modified: STARTER_DATE,
  withdrawn: null,
  severities: [{ source: 'starter', level: fact.level, text: null, vector: fact.vector }],
  affected: fact.affected.map(([ecosystem, name, ...events]) => ({
    ecosystem,
    channel: null,
    name,
    nameOf: /^(?:Alpine|Debian):/.test(ecosystem) ? 'source' : 'package',
    ranges: [{ type: ecosystem === 'npm' || ecosystem === 'Go' ? 'SEMVER' : 'ECOSYSTEM', events: rangeEvents(events) }],
    versions: [],
    status: 'fixed',
    vendorStatus: null,
    severities: [],
    module: null,
    architectures: [],
    contentSets: [],
    imports: [],
  })),
}));

function rangeEvents(events: readonly string[]): Advisory['affected'][number]['ranges'][number]['events'] {
  const stated = events.map((event) => {
    if (event.startsWith('>=')) return { introduced: event.slice(2) };
    return event.startsWith('<=') ? { lastAffected: event.slice(2) } : { fixed: event.slice(1) };
  });
  return stated.some((event) => 'introduced' in event) ? stated : [{ introduced: '0' }, ...stated];
}

const exploited = (added: string, due: string, ransomware: boolean): Enrichment => ({
  ...NO_ENRICHMENT,
  kev: { added, due, ransomware },
});

/** Those of the set that CISA knows to be exploited. */
export const STARTER_ENRICHMENT: readonly (readonly [cveId: string, enrichment: Enrichment])[] = [
  ['CVE-2014-0160', exploited('2022-05-04', '2022-05-25', false)],
  ['CVE-2021-44228', exploited('2021-12-10', '2021-12-24', true)],
  ['CVE-2021-45046', exploited('2023-05-01', '2023-05-22', true)],
  ['CVE-2022-22965', exploited('2022-04-04', '2022-04-25', false)],
  ['CVE-2023-4911', exploited('2023-11-21', '2023-12-12', false)],
];
