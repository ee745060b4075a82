import { gap } from '../../services/domain/completeness.ts';
import type { Report, ReportLayer, ReportPackage, Vulnerability } from '../../services/domain/report/report.ts';

const sha = (digit: string) => `sha256:${digit.repeat(64)}`;

export function samplePackage(facts: Partial<ReportPackage> & Pick<ReportPackage, 'name' | 'version'>): ReportPackage {
  const type = facts.type ?? 'deb';
  const arch = facts.arch === undefined ? 'amd64' : facts.arch;
  return {
    id: `${type}:${facts.name}:${arch}@${facts.version}`,
    purl: `pkg:${type}/debian/${facts.name}@${facts.version}?arch=${arch}`,
    type,
    arch,
    source: null,
    epoch: null,
    modularity: null,
    origin: null,
    vendor: null,
    repository: null,
    licenses: [],
    layer: 0,
    paths: ['var/lib/dpkg/status'],
    ownedBy: null,
    dependsOn: [],
    development: false,
    hiddenBy: null,
    foundBy: ['plimsoll'],
    ...facts,
  };
}

export function sampleVulnerability(facts: Partial<Vulnerability> & Pick<Vulnerability, 'id'>): Vulnerability {
  const item = samplePackage({ name: 'curl', version: '7.88.1-10+deb12u12' });
  const advisory = { id: `DEBIAN-${facts.id}`, url: null, source: 'osv' };
  return {
    aliases: [],
    packageId: item.id,
    purl: item.purl,
    installedVersion: item.version,
    fixedVersion: '7.88.1-10+deb12u13',
    status: 'fixed',
    vendorStatus: null,
    severity: 'high',
    severitySource: 'nvd',
    severities: [{ source: 'nvd', level: 'high', text: null }],
    cvss: [{ source: 'nvd', version: '3.1', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N', score: 7.5 }],
    epss: { probability: 0.2, percentile: 0.95, date: '2026-02-28' },
    kev: null,
    published: '2026-01-02T00:00:00Z',
    modified: '2026-01-03T00:00:00Z',
    advisory,
    sources: [advisory],
    confidence: 'high',
    reason: null,
    layer: 0,
    ...facts,
  };
}

function sampleLayer(index: number, size: number, instruction: string | null): ReportLayer {
  const digit = index.toString(16);
  return { index, digest: sha(digit), diffId: sha(digit), size, instruction, base: null, contentSets: [] };
}

/** A made-up Debian image: four layers, one of which could not be read, and a package that a later layer hid. */
export function sampleReport(): Report {
  return {
    schemaVersion: '1',
    tool: { name: 'plimsoll', version: '0.1.0' },
    createdAt: '2026-03-01T12:00:00.000Z',
    target: { kind: 'docker-archive', reference: './shop.tar', digest: sha('e'), platform: 'linux/amd64' },
    inputs: { db: null, policy: null, exceptions: null, vex: null, config: null },
    engines: [{ name: 'plimsoll', version: '0.1.0', status: 'ok' }],
    image: {
      id: sha('f'),
      os: { id: 'debian', versionId: '12', prettyName: 'Debian GNU/Linux 12 (bookworm)', eol: null },
      architecture: 'amd64',
      created: '2026-02-27T08:15:00Z',
      repositories: ['https://deb.example.org/debian', 'http://deb.example.org/security'],
      layers: [
        { ...sampleLayer(0, 48_494_272, 'ADD rootfs.tar.xz / # buildkit'), base: true },
        sampleLayer(
          1,
          31_204_118,
          'RUN apt-get update &&     apt-get install -y --no-install-recommends libssl3 curl ca-certificates && rm -rf /var/lib/apt/lists/*',
        ),
        sampleLayer(2, 1_204_771, 'COPY --chown=1000:1000 ./dist /srv/shop'),
        sampleLayer(3, 912, null),
      ],
      config: {
        user: '1000',
        entrypoint: ['/usr/bin/tini', '--'],
        cmd: ['node', 'server.js'],
        exposedPorts: ['8080/tcp', '443/tcp'],
        labels: { 'org.opencontainers.image.version': '7', maintainer: 'shop@example.org' },
      },
    },
    packages: [
      samplePackage({
        name: 'libssl3',
        version: '3.0.15-1~deb12u1',
        layer: 1,
        source: { name: 'openssl', version: null },
        dependsOn: ['libc6 (>= 2.34)', 'debconf'],
        licenses: ['OpenSSL', 'Apache-2.0'],
      }),
      samplePackage({ name: 'libc6', version: '2.36-9+deb12u9' }),
      samplePackage({ name: 'base-files', version: '12.4+deb12u10' }),
      samplePackage({ name: 'curl', version: '7.88.1-10+deb12u12', layer: 1 }),
      samplePackage({ name: 'ca-certificates', version: '20230311', arch: 'all', layer: null }),
      samplePackage({ name: 'wget', version: '1.21.3-1+b2', hiddenBy: 2 }),
    ],
    findings: [],
    completeness: {
      status: 'partial',
      layersRead: 3,
      layersTotal: 4,
      gaps: [
        gap('history-misaligned', 'The history names 5 layers, the manifest 4: instructions are unknown.'),
        gap('layer-unreadable', 'Layer 3 ends in the middle of a gzip member (offset 861). Pull the image again.', {
          layer: 3,
        }),
      ],
      feeds: [],
      withoutFeed: ['deb'],
    },
    timings: { total: 812.4, layers: 640.1 },
  };
}

/** Packages whose texts need care in one format or another; most can only be the work of an attacker. */
export function oddReport(): Report {
  const report = sampleReport();
  const odd = (name: string, facts: Partial<ReportPackage> = {}) => {
    const version = facts.version ?? '1';
    const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
    return samplePackage({ name, version, purl, id: `odd:${JSON.stringify(name)}`, ...facts });
  };
  return {
    ...report,
    target: { ...report.target, reference: './a <text>b\n: c.tar', platform: null },
    image: { ...report.image, config: { ...report.image.config!, labels: { __proto__x: '1', '</text>': '<!-- \n' } } },
    packages: [
      odd('two\nlines'),
      odd('</text> Relationship: a DESCRIBES b'),
      odd('<text>'),
      odd(' blank '),
      odd('é\u202e\u0085'),
      odd('__proto__', { purl: 'pkg:npm/__proto__@1', type: 'npm' }),
      odd('@scope/name', { type: 'npm', purl: 'pkg:npm/%40scope/name@1', development: true }),
      odd('@scope/', { type: 'npm' }),
      odd('group:artifact', { type: 'maven', purl: 'pkg:maven/group/artifact@1' }),
      odd('a:b:c', { type: 'maven', purl: 'pkg:maven/a/b:c@1' }),
      odd('licences', {
        licenses: ['MIT', 'MIT OR Apache-2.0', 'Custom: see\nLICENSE', 'GPL-2.0+', 'LicenseRef-x', 'null', ''],
        vendor: 'Vendor (a@example.org)\nSPDXID: x',
        source: { name: 'from: here', version: '' },
        origin: '<a>&"\'',
        modularity: 'nodejs:12:8030:x86_64',
        epoch: 0,
        repository: 'main',
        dependsOn: ['a | b', '', 'x (>= 1)'],
        paths: ['bytes \udcff\udc80', 'opt/a b', ''],
        ownedBy: 'odd:"<text>"',
      }),
      odd('one expression', { licenses: ['(MIT OR Apache-2.0) AND Zlib'] }),
      odd('a version', { version: ' 1\t<text>' }),
    ],
  };
}
