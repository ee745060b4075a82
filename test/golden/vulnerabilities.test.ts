import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { apk } from '../../services/domain/packages/apk/index.ts';
import type { PackageRecord } from '../../services/domain/packages/ecosystem.ts';
import { rpm } from '../../services/domain/packages/rpm/index.ts';
import type { Report, ReportPackage } from '../../services/domain/report/report.ts';
import type { Advisory } from '../../services/domain/vulnerabilities/advisory.ts';
import { standingOf } from '../../services/domain/vulnerabilities/range.ts';
import type { Lookup } from '../../services/domain/vulnerabilities/statement.ts';
import { feedAdvisories, lookupIn, NO_VULNERABILITY } from '../support/feed-advisories.ts';
import { matchPackages } from '../support/match-packages.ts';
import { MemoryAdvisories } from '../support/memory-advisories.ts';
import { readContext } from '../support/read-context.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';
import { samplePackage } from '../support/sample-report.ts';
import { scanFixture } from '../support/scan-fixture.ts';
import { trivyPackages } from '../support/trivy-packages.ts';
import { DIFFERENCES } from './vulnerability-differences.ts';

/*
 * The lists of vulnerabilities beside the fixtures, twice: by the plain rule that their first line states (names and
 * versions, every record, nothing else), and by the product's own rules, where every difference has a reason.
 */

const without = HAS_SHARED_DATA ? '' : ' (skipped: ../shared/data is not beside this checkout)';
const FIXTURES = join(SHARED_DATA, 'fixtures');

interface Golden {
  readonly name: string;
  readonly list: string;
  readonly namespace: string;
  readonly os: { readonly id: string; readonly versionId: string };
  readonly feeds: readonly string[];
  readonly packages: () => Promise<readonly ReportPackage[]>;
  /** What the rule compares: name and version of each name that it goes by. */
  readonly rule: (item: ReportPackage) => readonly (readonly [name: string, version: string])[];
}

const sourceRule: Golden['rule'] = ({ name, version, source }) => [[source?.name ?? name, source?.version ?? version]];
const originRule: Golden['rule'] = ({ name, version, source, origin }) => [[source?.name ?? origin ?? name, version]];
const originOrNameRule: Golden['rule'] = (item) => {
  const names = new Set([originRule(item)[0]![0], item.name]);
  return [...names].map((name) => [name, item.version] as const);
};
const binaryRule: Golden['rule'] = ({ name, version }) => [[name, version]];

const image = (fixture: string, file: string) => async (): Promise<readonly ReportPackage[]> =>
  (await scanFixture(join(FIXTURES, 'images', fixture, file)))[0]!.packages;
const packagesIn = (records: readonly PackageRecord[]): ReportPackage[] =>
  records.map((record) => {
    const { name, version, type, arch, source, epoch, modularity, origin, vendor } = record;
    return samplePackage({ name, version, type, arch, source, epoch, modularity, origin, vendor, layer: null });
  });

const ALPINE = {
  namespace: 'Alpine:v3.18',
  os: { id: 'alpine', versionId: '3.18.0' },
  feeds: ['converted/Alpine/all.zip'],
};

const GOLDENS: readonly Golden[] = [
  {
    name: 'trivy_alpine-310',
    list: 'images/trivy_alpine-310/expected-vulns-secdb.tsv',
    namespace: 'Alpine:v3.10',
    os: { id: 'alpine', versionId: '3.10.2' },
    feeds: ['native/alpine-secdb/v3.10/main.json.gz', 'native/alpine-secdb/v3.10/community.json.gz'],
    packages: image('trivy_alpine-310', 'alpine-310.tar.gz'),
    rule: originRule,
  },
  ...['pnpmlockv6', 'pnpmlockv9'].map((name) => ({
    ...ALPINE,
    name: `snyk-docker-plugin_${name}`,
    list: `images/snyk-docker-plugin_${name}/expected-vulns.tsv`,
    packages: image(`snyk-docker-plugin_${name}`, `${name}.tar`),
    rule: originRule,
  })),
  {
    ...ALPINE,
    name: 'snyk-docker-plugin_alpine',
    list: 'images/snyk-docker-plugin_alpine/expected-vulns.tsv',
    namespace: 'Alpine:v3.14',
    os: { id: 'alpine', versionId: '3.14.0' },
    packages: image('snyk-docker-plugin_alpine', 'alpine.tar'),
    rule: originRule,
  },
  {
    name: 'debian12-local',
    list: 'images/debian12-local/expected-vulns.tsv',
    namespace: 'Debian:12',
    os: { id: 'debian', versionId: '12' },
    feeds: ['converted/Debian/all.zip'],
    packages: image('debian12-local', 'debian12-three-layers.tar.gz'),
    rule: sourceRule,
  },
  {
    name: 'snyk-docker-plugin_dockergoof',
    list: 'images/snyk-docker-plugin_dockergoof/expected-vulns.tsv',
    namespace: 'Debian:8',
    os: { id: 'debian', versionId: '8' },
    feeds: ['converted/Debian/all.zip'],
    packages: image('snyk-docker-plugin_dockergoof', 'dockergoof.tar'),
    rule: sourceRule,
  },
  {
    name: 'debian-buster',
    list: 'trivy-e2e/package-lists/debian-buster.expected-vulns.tsv',
    namespace: 'Debian:10',
    os: { id: 'debian', versionId: '10' },
    feeds: ['converted/Debian/all.zip'],
    packages: () => Promise.resolve(trivyPackages('debian-buster', 'deb')),
    rule: sourceRule,
  },
  {
    name: 'apko-wolfi-base',
    list: 'apk/apko-wolfi-base/expected-vulns.tsv',
    namespace: 'Wolfi',
    os: { id: 'wolfi', versionId: '20230201' },
    feeds: ['converted/Wolfi/all.zip'],
    packages: async () => {
      const bytes = readFileSync(join(FIXTURES, 'apk/apko-wolfi-base/installed'));
      const { units } = apk.readDatabase([{ path: 'lib/apk/db/installed', bytes }], readContext());
      return packagesIn(units[0]!.packages);
    },
    rule: originOrNameRule,
  },
  {
    name: 'centos8-modularitylabel',
    list: 'rpm/bdb/centos8-modularitylabel/expected-vulns-as-almalinux8.tsv',
    namespace: 'AlmaLinux:8',
    os: { id: 'almalinux', versionId: '8' },
    feeds: ['osv/AlmaLinux/all.zip'],
    packages: async () => {
      const bytes = gunzipSync(readFileSync(join(FIXTURES, 'rpm/bdb/centos8-modularitylabel/Packages.gz')));
      const { units } = rpm.readDatabase([{ path: 'var/lib/rpm/Packages', bytes }], readContext());
      // Taken as if AlmaLinux had built them.
      return packagesIn(units[0]!.packages).map((item) => ({ ...item, vendor: 'AlmaLinux' }));
    },
    rule: binaryRule,
  },
];

const lists = new Map<string, Advisory[]>();
function advisoriesOf({ feeds }: Golden): Advisory[] {
  const key = feeds.join();
  let advisories = lists.get(key);
  if (advisories === undefined) {
    advisories = feeds.flatMap((feed) => feedAdvisories(feed, { bugFixesToo: feed.includes('AlmaLinux') }));
    lists.set(key, advisories);
  }
  return advisories;
}

/** package, installed, advisory (of secdb the CVE), fixed, cves where the list has them. */
function expectedRows({ list }: Golden): string[] {
  const [, , ...rows] = readFileSync(join(FIXTURES, list), 'utf8').split('\n');
  return rows.filter((row) => row !== '').sort();
}

function plainRows(golden: Golden, packages: readonly ReportPackage[], lookup: Lookup): string[] {
  const withCves = !golden.list.includes('secdb');
  const rows = packages.flatMap((item) =>
    golden.rule(item).flatMap(([name, version]) =>
      lookup(golden.namespace, name).flatMap((advisory) =>
        advisory.affected.flatMap((entry) => {
          if (entry.status === 'not_affected' || standingOf(version, entry, item.type).state !== 'inside') return [];
          const fixes = entry.ranges.flatMap(({ events }) =>
            events.flatMap((event) => ('fixed' in event ? event.fixed : [])),
          );
          const cves = advisory.aliases.filter((alias) => alias !== NO_VULNERABILITY);
          return [[item.name, item.version, advisory.id, fixes.join(), ...(withCves ? [cves.join()] : [])].join('\t')];
        }),
      ),
    ),
  );
  return [...new Set(rows)].sort();
}

/** Without what is the list's own way to write: dpkg's `name:arch`, a mark of modules, order and repetition of CVEs. */
function plainForm(rows: readonly string[]): string[] {
  return rows
    .map((row) => {
      const [name = '', installed, advisory, fixed = '', ...cves] = row.split('\t');
      const columns = [name.split(':')[0], installed, advisory, fixed.replace(/ \[.*\]$/, '')];
      return [...columns, ...cves.map((list) => [...new Set(list.split(','))].sort().join())].join('\t');
    })
    .sort();
}

describe.skipIf(!HAS_SHARED_DATA)(`vulnerability lists by the plain rule${without}`, () => {
  it.each(GOLDENS)('$name', { timeout: 120_000 }, async (golden) => {
    const packages = await golden.packages();
    const rows = plainRows(golden, packages, lookupIn(advisoriesOf(golden)));
    const expected = plainForm(expectedRows(golden));
    const found = plainForm(rows);
    expect({
      missing: expected.filter((row) => !found.includes(row)),
      extra: found.filter((row) => !expected.includes(row)),
      count: found.length,
    }).toEqual({ missing: [], extra: [], count: expected.length });
  });
});

/** `package vulnerability`: of an erratum each of its CVEs, else its id. */
function listed(golden: Golden): Set<string> {
  const pairs = plainForm(expectedRows(golden)).flatMap((row) => {
    const [name, , advisory, , cves = ''] = row.split('\t');
    const ids = cves.split(',').filter((id) => id.startsWith('CVE-'));
    return (ids.length > 0 ? ids : [advisory]).map((id) => `${name} ${id}`);
  });
  return new Set(pairs);
}

async function matched(golden: Golden): Promise<Report> {
  const advisories = golden.feeds.flatMap((feed) => feedAdvisories(feed));
  const feed = { ecosystem: golden.namespace, source: 'osv', records: advisories.length, newest: null, fetched: null };
  const info = new MemoryAdvisories([], [], { feeds: [feed] }).describe();
  const database = { lookup: lookupIn(advisories), enrichment: () => null, describe: () => info };
  return matchPackages(await golden.packages(), golden.os, database);
}

describe.skipIf(!HAS_SHARED_DATA)(`the product's own rules, each difference with its reason${without}`, () => {
  const open = new Set(DIFFERENCES);
  it.each(GOLDENS)('$name', { timeout: 120_000 }, async (golden) => {
    const report = await matched(golden);
    const names = new Map(report.packages.map(({ id, name }) => [id, name]));
    const found = new Set(report.vulnerabilities!.map(({ packageId, id }) => `${names.get(packageId)} ${id}`));
    const expected = listed(golden);
    const differences = [
      ...[...expected].filter((pair) => !found.has(pair)).map((pair) => `- ${pair}`),
      ...[...found].filter((pair) => !expected.has(pair)).map((pair) => `+ ${pair}`),
    ];
    const unexplained = differences.filter((difference) => {
      const [sign, name = '', id = ''] = difference.split(' ');
      const reason = DIFFERENCES.find(
        (row) => row.fixture === golden.name && row.sign === sign && row.packages.test(name) && row.ids.test(id),
      );
      if (reason !== undefined) open.delete(reason);
      return reason === undefined;
    });
    expect(unexplained).toEqual([]);
  });

  it('every reason is needed', () => {
    expect([...open]).toEqual([]);
  });

  it('every list that is there is compared', () => {
    const found = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /expected-vulns[^/]*$/.test(file),
    );
    expect(found.sort()).toEqual(GOLDENS.map(({ list }) => list).sort());
  });
});
