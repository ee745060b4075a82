import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../services/domain/report/report.ts';
import { matchVulnerabilities } from '../../services/pipeline/match-vulnerabilities.ts';
import { matchPackages } from '../support/match-packages.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';
import { WITHOUT_THREADS } from '../support/scan.ts';
import { scanFixture } from '../support/scan-fixture.ts';
import { trivyAdvisories } from '../support/trivy-advisories.ts';
import { trivyPackages } from '../support/trivy-packages.ts';
import { TRIVY_DIFFERENCES } from './trivy-vulnerability-differences.ts';

/*
 * Trivy's own golden results against ours, both by the same few advisories: every vulnerability with its package, its
 * versions, the vendor's stand, severity, who decided it, and CVSS scores. The real scan reads projects and images.
 */

const FOLDER = join(SHARED_DATA, 'fixtures/trivy-e2e');

interface Golden {
  readonly Results: readonly {
    readonly Target: string;
    readonly Class: string;
    readonly Vulnerabilities?: readonly {
      readonly VulnerabilityID: string;
      readonly VendorIDs?: readonly string[];
      readonly PkgName: string;
      readonly InstalledVersion: string;
      readonly FixedVersion?: string;
      readonly Status: string;
      readonly Severity: string;
      readonly SeveritySource?: string;
      readonly CVSS?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
    }[];
  }[];
}

const project = (name: string) => async (): Promise<Report> => {
  const [report] = await scanFixture(`dir:${join(FOLDER, name)}`, { readLockfiles: true, reader: WITHOUT_THREADS });
  return matchVulnerabilities(report!, database());
};
const listed = (name: string, type: 'deb' | 'rpm', id: string, versionId: string) => (): Promise<Report> =>
  Promise.resolve(matchPackages(trivyPackages(name, type), { id, versionId }, database()));

/**
 * Golden result to the report of the same thing; null where the image that it was made of is not here. (That of Alpine 3.10
 * is 3.10.2; `images/trivy_alpine-310` is 3.10.4, in which all of the four are fixed.)
 */
const GOLDENS: Readonly<Record<string, (() => Promise<Report>) | null>> = {
  'cargo/cargo.lock.json.golden': project('cargo'),
  'composer/composer.lock.json.golden': project('composer'),
  'gomod/gomod.json.golden': project('gomod'),
  'npm/npm-with-dev.json.golden': project('npm'),
  'npm/npm.json.golden': project('npm'),
  'nuget/nuget.json.golden': project('nuget'),
  'pip/pip.json.golden': project('pip'),
  'pom/pom.json.golden': project('pom'),
  'image-vuln-goldens/alpine-310.json.golden': null,
  'image-vuln-goldens/alpine-39.json.golden': null,
  'image-vuln-goldens/amazon-2.json.golden': listed('amazon-2', 'rpm', 'amzn', '2'),
  'image-vuln-goldens/centos-6.json.golden': listed('centos-6', 'rpm', 'centos', '6.10'),
  'image-vuln-goldens/debian-buster.json.golden': listed('debian-buster', 'deb', 'debian', '10'),
  'image-vuln-goldens/rockylinux-8.json.golden': null,
};

let opened: ReturnType<typeof trivyAdvisories> | undefined;
function database(): ReturnType<typeof trivyAdvisories> {
  opened ??= trivyAdvisories(join(FOLDER, 'db'));
  return opened;
}

/** `PATH PACKAGE INSTALLED ID, …`: one row for each file of a project that names the package, one for an image. */
function theirRows(golden: string): string[] {
  const { Results } = JSON.parse(readFileSync(join(FOLDER, golden), 'utf8')) as Golden;
  return Results.flatMap(({ Target, Class, Vulnerabilities = [] }) =>
    Vulnerabilities.map((row) => {
      const scores = Object.entries(row.CVSS ?? {}).flatMap(([source, cvss]) =>
        ['V2', 'V3'].flatMap((version) => (cvss[`${version}Score`] ? `${source} ${cvss[`${version}Score`]}` : [])),
      );
      return rowText({
        path: Class === 'os-pkgs' ? 'image' : Target,
        name: row.PkgName,
        installed: row.InstalledVersion,
        id: row.VulnerabilityID,
        errata: row.VendorIDs ?? [],
        fixed: row.FixedVersion,
        status: row.Status,
        severity: row.Severity.toLowerCase(),
        decidedBy: row.SeveritySource,
        scores,
      });
    }),
  ).sort();
}

function ourRows({ packages, vulnerabilities }: Report): string[] {
  return vulnerabilities!
    .flatMap((row) => {
      const item = packages.find(({ id }) => id === row.packageId)!;
      const paths = ['deb', 'apk', 'rpm'].includes(item.type) ? ['image'] : item.paths;
      return paths.map((path) =>
        rowText({
          path,
          name: item.name,
          installed: row.installedVersion,
          id: row.id,
          errata: row.aliases,
          fixed: row.fixedVersion ?? undefined,
          status: row.status,
          severity: row.severity,
          decidedBy: row.severitySource ?? undefined,
          scores: row.cvss.map(({ source, score }) => `${source} ${score}`),
        }),
      );
    })
    .sort();
}

interface Row {
  readonly path: string;
  readonly name: string;
  readonly installed: string;
  readonly id: string;
  readonly errata: readonly string[];
  readonly fixed: string | undefined;
  readonly status: string;
  readonly severity: string;
  readonly decidedBy: string | undefined;
  readonly scores: readonly string[];
}

function rowText(row: Row): string {
  const { path, name, installed, id, errata, fixed = '-', status, severity, decidedBy = 'nobody', scores } = row;
  const others = errata.length === 0 ? '' : ` (${errata.join()})`;
  const cvss = [...scores].sort().join(', ');
  return `${path}: ${name} ${installed} ${id}${others}: ${status} ${fixed}, ${severity} by ${decidedBy} [${cvss}]`;
}

describe.skipIf(!HAS_SHARED_DATA)(
  'Trivy’s golden results by Trivy’s advisories (skipped where they are absent)',
  () => {
    const used = new Set<object>();

    it.each(Object.entries(GOLDENS).filter(([, report]) => report !== null))('%s', async (golden, report) => {
      const [theirs, ours] = [theirRows(golden), ourRows(await report!())];
      const differences = [
        ...theirs.filter((row) => !ours.includes(row)).map((row) => `trivy ${row}`),
        ...ours.filter((row) => !theirs.includes(row)).map((row) => `plimsoll ${row}`),
      ];
      const accepted = TRIVY_DIFFERENCES.filter((row) => row.golden === golden);
      expect(differences).toEqual(
        accepted.flatMap(({ trivy, plimsoll }) => [`trivy ${trivy}`, `plimsoll ${plimsoll}`]),
      );
      for (const row of accepted) used.add(row);
    });

    it('Alpine 3.10.4, where all four of 3.10.2 are fixed, has none', async () => {
      const [report] = await scanFixture(join(SHARED_DATA, 'fixtures/images/trivy_alpine-310/alpine-310.tar.gz'));
      const { vulnerabilities, completeness } = matchVulnerabilities(report!, database());
      expect(vulnerabilities).toEqual([]);
      expect(completeness.feeds.map(({ ecosystem }) => ecosystem)).toEqual(['Alpine:v3.10']);
    });

    it.skip.each(Object.entries(GOLDENS).filter(([, report]) => report === null))(
      '%s (skipped: its image is not in ../shared/data)',
      () => {},
    );

    it('every golden result is compared or skipped by name', () => {
      const found = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) =>
        file.endsWith('.golden'),
      );
      expect(found.sort()).toEqual(Object.keys(GOLDENS).sort());
    });

    it('every accepted difference is one', () => {
      expect(TRIVY_DIFFERENCES.filter((row) => !used.has(row))).toEqual([]);
    });
  },
);
