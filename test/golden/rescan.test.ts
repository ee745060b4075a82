import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { openPolicies } from '../../services/adapters/opa/open-policies.ts';
import type { OutputFormat } from '../../services/cli/output-formats.ts';
import { renderDocument } from '../../services/cli/render-document.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { OPEN_GATE } from '../../services/domain/verdict/gate.ts';
import { readSettings } from '../../services/domain/verdict/settings.ts';
import type { DatabaseInfo } from '../../services/domain/vulnerabilities/advisory.ts';
import type { VulnerabilityException } from '../../services/domain/vulnerabilities/exceptions.ts';
import { type GivenVex, suppress } from '../../services/domain/vulnerabilities/suppress.ts';
import { readVex } from '../../services/domain/vulnerabilities/vex/read-vex.ts';
import type { AdvisoryDatabase } from '../../services/pipeline/advisory-ports.ts';
import { decideVerdict } from '../../services/pipeline/decide-verdict.ts';
import { matchVulnerabilities } from '../../services/pipeline/match-vulnerabilities.ts';
import { advisoriesOn, enrichmentOf, feedsOn } from '../support/advisories-on.ts';
import { feedAdvisories, lookupIn } from '../support/feed-advisories.ts';
import { BUILTIN_BUNDLE, POLICIES } from '../support/policy-bundles.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';
import { oddReport, samplePackage, sampleReport } from '../support/sample-report.ts';
import { scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';
import { IMAGE_FIXTURES, scanFixture } from '../support/scan-fixture.ts';

/*
 * Image → SBOM → rescan gives the same vulnerabilities and the same verdict, byte for byte: with real advisories, and with
 * advisories made to turn a row for whatever a format could lose.
 */

const FORMATS = ['cyclonedx', 'spdx', 'spdx-tag-value', 'json'] as const satisfies readonly OutputFormat[];
const place = scratch('rescan');
const without = HAS_SHARED_DATA ? '' : ' (skipped: ../shared/data is not beside this checkout)';
const FIXTURES = join(SHARED_DATA, 'fixtures');

const policies = await openPolicies({ builtin: BUILTIN_BUNDLE, paths: [], opa: 'opa', shared: POLICIES });
afterAll(() => policies.close());

/** Every rule judges, and finds what it can: so much of the report goes into the verdict. */
const SETTINGS = readSettings(
  {
    policy: {
      rules: {
        allowed_base: { mode: 'deny', params: { bases: [{ name: 'b', layers: [`sha256:${'0'.repeat(64)}`] }] } },
        denied_licence: { params: { licences: ['*GPL*', 'MIT'] } },
        denied_package: { params: { packages: [{ type: 'deb', name: 'libc6', range: '>=0', reason: 'r' }] } },
        end_of_life: { mode: 'deny' },
        exploit_probability: { mode: 'deny' },
        feed_freshness: { mode: 'deny', params: { days: 0 } },
        image_age: { mode: 'deny', params: { days: 1 } },
        severity_threshold: { mode: 'deny', params: { severity: 'low' } },
      },
    },
  },
  'settings',
).policy;
const JUDGING = {
  stage: 'build',
  settings: SETTINGS,
  settingsDigest: null,
  gate: OPEN_GATE,
  failOn: null,
  against: null,
} as const;

/** How a report is judged: by one database, exceptions and VEX that cover a part of what it first found. */
type Judging = (report: Report) => Promise<Report>;

function judging(
  database: AdvisoryDatabase,
  exceptions: readonly VulnerabilityException[],
  vex: readonly GivenVex[],
): Judging {
  return (report) =>
    decideVerdict(suppress(matchVulnerabilities(report, database), exceptions, vex), policies, JUDGING, () =>
      '0'.repeat(64),
    );
}

/** What must not change, as its text. */
function judged(report: Report): string {
  const { packages, vulnerabilities, image, engines, completeness, verdict } = JSON.parse(
    serializeReport(report),
  ) as Report;
  return JSON.stringify(
    { vulnerabilities, os: image.os, completeness, verdict, engines, packages: packages.length },
    null,
    1,
  );
}

/** What covers every fourth row: by package URL as it stands, by path, by the image's digest, by a component in it. */
function coverOf({ packages, vulnerabilities = [], target }: Report): {
  exceptions: VulnerabilityException[];
  vex: GivenVex[];
} {
  const byId = new Map(packages.map((item) => [item.id, item]));
  const rows = vulnerabilities.map((row) => ({ row, item: byId.get(row.packageId)! }));
  const stated = { reason: 'r', owner: 'o', expires: '2999-01-01' };
  const glob = (path: string) => path.replace(/[^a-z0-9/]/gi, '?');
  const exceptions = rows.flatMap(({ row, item }, i): VulnerabilityException[] => {
    const named = { ...stated, name: `f #${i}`, vulnerability: row.id };
    if (i % 16 === 0) return [{ ...named, packages: [item.purl] }];
    if (i % 16 === 4 && !item.paths.includes('')) return [{ ...named, paths: item.paths.map(glob) }];
    return i % 16 === 8 && target.digest !== null ? [{ ...named, images: [target.digest], packages: [item.purl] }] : [];
  });
  const statements = rows.flatMap(({ row, item }, i) => {
    if (i % 16 !== 12) return [];
    const image = `pkg:oci/image@${target.digest}`;
    const product = target.digest === null ? item.purl : { '@id': image, subcomponents: [item.purl] };
    return [{ vulnerability: { name: row.id }, products: [product], status: 'fixed' }];
  });
  const document = { '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'v', author: 'a', statements };
  return {
    exceptions,
    vex: statements.length === 0 ? [] : [{ file: 'v.json', document: readVex(document, 'v.json') }],
  };
}

async function expectSameVerdict(report: Report, database: AdvisoryDatabase): Promise<Report> {
  const { exceptions, vex } = coverOf(matchVulnerabilities(report, database));
  const judge = judging(database, exceptions, vex);
  const first = await judge(report);
  const path = join(place, 'sbom');
  for (const format of FORMATS) {
    // As the command writes it: with vulnerabilities and verdict, which a rescan must not take over but find again.
    writeFileSync(path, await renderDocument(first, format, { width: 80, colour: false }));
    const again = await scan(`sbom:${path}`);
    expect(again.vulnerabilities).toBeUndefined();
    expect(judged(await judge(again)), format).toBe(judged(first));
  }
  return first;
}

function databaseOf(advisories: Parameters<typeof lookupIn>[0], info: Partial<DatabaseInfo>): AdvisoryDatabase {
  const whole: DatabaseInfo = {
    digest: `sha256:${'0'.repeat(64)}`,
    builtAt: '2024-01-01T00:00:00Z',
    schemaVersion: 1,
    feeds: [],
    endOfLife: [],
    starter: false,
    ...info,
  };
  return { lookup: lookupIn(advisories), enrichment: enrichmentOf, describe: () => whole };
}

const madeFor = (report: Report) => databaseOf(advisoriesOn(report), feedsOn(report));

/** What no fixture has together: content sets, a module, epochs, another vendor, a package inside a package, one that is hidden. */
function redHatReport(): Report {
  const report = sampleReport();
  const rpm = (name: string, facts: Partial<Parameters<typeof samplePackage>[0]> = {}) =>
    samplePackage({
      name,
      version: '1:2.3-4.el9',
      type: 'rpm',
      arch: 'x86_64',
      vendor: 'Red Hat, Inc.',
      epoch: 1,
      ...facts,
    });
  const sets = ['rhel-9-for-x86_64-baseos-rpms', 'rhel-9-for-x86_64-appstream-rpms'];
  return {
    ...report,
    image: {
      ...report.image,
      os: { id: 'rhel', versionId: '9.4', prettyName: null, eol: null },
      layers: report.image.layers.map((layer, i) => ({ ...layer, contentSets: i === 0 ? sets : [] })),
    },
    packages: [
      rpm('openssl-libs', { source: { name: 'openssl', version: '2.3-4.el9' } }),
      rpm('perl-Errno', { epoch: 0, version: '0:1.28-4.el9', source: { name: 'perl', version: '5.26.3-4.el9' } }),
      rpm('npm', { modularity: 'nodejs:12:8030020201124152102:229f0a1c', version: '1:6.14-1.module+el8' }),
      rpm('docker-ce', { vendor: 'Docker' }),
      rpm('python3-requests', { layer: 1 }),
      rpm('removed', { hiddenBy: 2 }),
      samplePackage({
        name: 'requests',
        version: '2.20.0',
        type: 'pypi',
        purl: 'pkg:pypi/requests@2.20.0',
        arch: null,
        ownedBy: 'rpm:python3-requests:x86_64@1:2.3-4.el9',
      }),
      samplePackage({ name: 'urllib3', version: '1.0', type: 'pypi', purl: 'pkg:pypi/urllib3@1.0', arch: null }),
    ],
  };
}

const SAMPLES: readonly (readonly [string, () => Report])[] = [
  ['a partial scan', sampleReport],
  ['texts that formats trip over', oddReport],
  ['Red Hat, with modules and content sets', redHatReport],
];

/** As this scanner would have found it, now. */
function scanned(report: Report): Report {
  const engines: Report['engines'] = [{ name: 'plimsoll', version: '0.0.0', status: 'partial' }];
  return { ...report, createdAt: '2024-01-01T00:00:00.000Z', engines };
}

test.each(SAMPLES)('%s: judged as its SBOMs are', async (_, report) => {
  const first = await expectSameVerdict(scanned(report()), madeFor(report()));
  expect(first.vulnerabilities!.filter(({ suppressed }) => suppressed).length).toBeGreaterThan(1);
  expect(first.image.os!.eol).toBe('2023-06-30');
  expect(first.verdict!.decision).toBe('fail');
});

test('without a database: unknown before, unknown behind; with one again it is judged', async () => {
  const path = join(place, 'unjudged');
  const report = scanned(sampleReport());
  const unjudged = matchVulnerabilities(report, null);
  for (const format of FORMATS) {
    writeFileSync(path, await renderDocument(unjudged, format, { width: 80, colour: false }));
    const again = await scan(`sbom:${path}`);
    expect(judged(matchVulnerabilities(again, null))).toBe(judged(unjudged));
    const database = madeFor(report);
    expect(judged(matchVulnerabilities(again, database))).toBe(judged(matchVulnerabilities(report, database)));
  }
});

/** Real feeds for what the fixtures have. */
const FEEDS = [
  'converted/Alpine/all.zip',
  'converted/Debian/all.zip',
  'converted/Maven/all.zip',
  'converted/RubyGems/all.zip',
  'converted/npm/all.zip',
  'osv/AlmaLinux/all.zip',
  'osv/Go/all.zip',
  'osv/Maven/all.zip',
  'osv/PyPI/all.zip',
  'osv/crates.io/all.zip',
];
let real: AdvisoryDatabase | null = null;
function realDatabase(): AdvisoryDatabase {
  if (real !== null) return real;
  const advisories = FEEDS.flatMap((feed) => feedAdvisories(feed));
  const ecosystems = new Set(advisories.flatMap(({ affected }) => affected.map(({ ecosystem }) => ecosystem)));
  real = databaseOf(advisories, {
    feeds: [...ecosystems].map((ecosystem) => ({ ecosystem, source: 'osv', records: 1, newest: null, fetched: null })),
  });
  return real;
}

const read = (target: string) => scanFixture(target, { reader: WITHOUT_THREADS, readLockfiles: true });

describe.skipIf(!HAS_SHARED_DATA)(`fixtures: judged as their SBOMs are${without}`, () => {
  test.each(IMAGE_FIXTURES.map(({ name, target }) => [name, target] as const))('%s', async (_, target) => {
    for (const report of await read(target)) {
      await expectSameVerdict(report, madeFor(report));
      await expectSameVerdict(report, realDatabase());
    }
  });

  /** The file in a fixture's folder, where it lies in an installed system, and the os-release beside it. */
  const SYSTEMS: readonly (readonly [fixture: string, file: string, path: string, os: string])[] = [
    ['rpm/bdb/centos6-plain', 'Packages.gz', 'var/lib/rpm/Packages', 'centos 6'],
    ['rpm/bdb/centos8-modularitylabel', 'Packages.gz', 'var/lib/rpm/Packages', 'centos 8'],
    ['rpm/bdb/scalibr-epoch', 'Packages', 'var/lib/rpm/Packages', 'rhel 7'],
    ['rpm/ndb/sle15-bci', 'Packages.db.gz', 'var/lib/rpm/Packages.db', 'sles 15.3'],
    ['rpm/sqlite/cbl-mariner-2.0', 'rpmdb.sqlite.gz', 'var/lib/rpm/rpmdb.sqlite', 'mariner 2.0'],
    ['apk/apko-wolfi-base', 'installed', 'lib/apk/db/installed', 'wolfi 20230201'],
  ];
  test.each(SYSTEMS)('%s, as an installed system', async (fixture, file, path, os) => {
    const root = join(place, fixture.replaceAll('/', '-'));
    const [id, version] = os.split(' ');
    const stored = readFileSync(join(FIXTURES, fixture, file));
    mkdirSync(join(root, dirname(path)), { recursive: true });
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, path), file.endsWith('.gz') ? gunzipSync(stored) : stored);
    writeFileSync(join(root, 'etc/os-release'), `ID=${id}\nVERSION_ID=${version}\n`);
    const [report] = await read(`rootfs:${root}`);
    const first = await expectSameVerdict(report!, madeFor(report!));
    expect(first.vulnerabilities!.length).toBeGreaterThan(first.packages.length);
    await expectSameVerdict(report!, realDatabase());
  });

  test.each(['cargo', 'composer', 'gomod', 'npm', 'nuget', 'pip', 'pom'])(
    'the lockfiles of %s, as a project',
    async (project) => {
      const [report] = await read(`dir:${join(FIXTURES, 'trivy-e2e', project)}`);
      const first = await expectSameVerdict(report!, madeFor(report!));
      expect(first.vulnerabilities!.length).toBeGreaterThan(0);
      await expectSameVerdict(report!, realDatabase());
    },
  );
});
