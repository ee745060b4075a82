import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LOCKFILES } from '../../services/domain/packages/lockfiles.ts';
import { packageUrl } from '../../services/domain/packages/purl.ts';
import { readLockfiles } from '../support/read-lockfiles.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';
import { scan, WITHOUT_THREADS } from '../support/scan.ts';
import { DEVELOPMENT_BY_MANIFEST, LOCKFILE_DIFFERENCES } from './lockfile-differences.ts';

const PROJECTS = join(SHARED_DATA, 'fixtures/trivy-e2e');

interface Golden {
  readonly Results: readonly {
    readonly Target: string;
    readonly Packages?: readonly {
      readonly Name: string;
      readonly Version: string;
      readonly Licenses?: readonly string[];
      readonly Dev?: boolean;
      readonly Identifier: { readonly PURL: string };
    }[];
    readonly Vulnerabilities?: readonly { readonly PkgName: string; readonly InstalledVersion: string }[];
  }[];
}

/** A project of Trivy's tests: its folder, the format, Trivy's result, the files that it read. */
const CASES: readonly (readonly [project: string, format: string, golden: string, files: readonly string[]])[] = [
  ['cargo', 'cargo-lock', 'cargo.lock.json.golden', ['Cargo.lock', 'Cargo.toml']],
  ['composer', 'composer-lock', 'composer.lock.json.golden', ['composer.lock']],
  [
    'gomod',
    'go-mod',
    'gomod.json.golden',
    ['go.mod', 'go.sum', 'submod/go.mod', 'submod/go.sum', 'submod2/go.mod', 'submod2/go.sum'],
  ],
  ['npm', 'package-lock', 'npm-with-dev.json.golden', ['package-lock.json']],
  ['nuget', 'nuget-lock', 'nuget.json.golden', ['packages.lock.json']],
  ['pip', 'requirements', 'pip.json.golden', ['requirements.txt']],
  ['pom', 'maven-pom', 'pom.json.golden', ['pom.xml']],
];

describe.skipIf(!HAS_SHARED_DATA)('lockfiles of ../shared/data against Trivy (skipped where it is absent)', () => {
  const used = new Set<object>();

  test.each(CASES)('%s', (project, format, golden, files) => {
    const analyzer = LOCKFILES.find(({ id }) => id === format)!;
    const contents = files.map((file) => [file, readFileSync(join(PROJECTS, project, file))] as const);
    const units = readLockfiles(analyzer, Object.fromEntries(contents));
    const results = (JSON.parse(readFileSync(join(PROJECTS, project, golden), 'utf8')) as Golden).Results;
    expect(units.map(({ path }) => path).sort()).toEqual(results.map(({ Target }) => Target).sort());
    for (const { path, packages } of units) {
      const { Packages, Vulnerabilities = [] } = results.find(({ Target }) => Target === path)!;
      const ours = packages.map(({ name, version }) => `${name}@${version}`);
      const vulnerable = Vulnerabilities.map(({ PkgName, InstalledVersion }) => `${PkgName}@${InstalledVersion}`);
      expect(ours).toEqual(expect.arrayContaining(vulnerable));
      // Some goldens list only what is vulnerable.
      if (Packages === undefined) continue;
      const theirs = Packages.map(({ Name, Version }) => `${Name}@${Version}`);
      const differences = [
        ...theirs.filter((row) => !ours.includes(row)).map((row) => `trivy ${row}`),
        ...ours.filter((row) => !theirs.includes(row)).map((row) => `plimsoll ${row}`),
      ];
      const accepted = LOCKFILE_DIFFERENCES.filter((row) => row.project === project);
      expect(differences.sort()).toEqual(accepted.map((row) => `${row.only} ${row.package}`).sort());
      for (const row of accepted) used.add(row);
      const left = accepted.filter(({ reason }) => reason === DEVELOPMENT_BY_MANIFEST).map((row) => row.package);
      const marked = packages.filter(({ development }) => development).map(({ name, version }) => `${name}@${version}`);
      if (left.length > 0) expect(marked.sort()).toEqual(left.sort());
      for (const record of packages) {
        const same = Packages.find(({ Name, Version }) => Name === record.name && Version === record.version);
        if (same === undefined) continue;
        expect(packageUrl(record, null)).toBe(same.Identifier.PURL);
        // Trivy has licences of npm's packages from node_modules; package-lock version 1 states none.
        if (project !== 'npm') expect(record.licenses).toEqual(same.Licenses ?? []);
        expect(record.development ?? false).toBe(same.Dev ?? false);
      }
    }
  });

  test('every accepted difference is one', () => {
    expect(LOCKFILE_DIFFERENCES.filter((row) => !used.has(row))).toEqual([]);
    for (const { project } of LOCKFILE_DIFFERENCES) expect(existsSync(join(PROJECTS, project))).toBe(true);
  });
});

const IMAGES = join(SHARED_DATA, 'fixtures/images');

describe.skipIf(!HAS_SHARED_DATA)('lockfiles in images of ../shared/data (skipped where it is absent)', () => {
  const read = async (name: string, file: string) => {
    const { packages } = await scan(join(IMAGES, name, file), { readLockfiles: true, reader: WITHOUT_THREADS });
    return packages.filter(({ type }) => type === 'pypi' || type === 'npm');
  };

  test('poetry.lock: all that Snyk has, and beside it what is for development', async () => {
    const snapshot = readFileSync(join(IMAGES, 'snyk-docker-plugin_poetry/project-snapshot.snap'), 'utf8');
    const theirs = new Set(Array.from(snapshot.matchAll(/"id": "([a-z0-9.-]+@\d[^"]*)"/g), ([, id]) => id));
    const found = await read('snyk-docker-plugin_poetry', 'poetry.tar');
    const names = (development: boolean) =>
      found.filter((each) => each.development === development).map(({ name, version }) => `${name}@${version}`);
    expect(new Set(names(false))).toEqual(theirs);
    expect(names(true)).toEqual(['isodd@0.1.2']);
  });

  test.each(['pnpmlockv6', 'pnpmlockv9'])('%s: the package of its package.json and what that needs', async (name) => {
    const found = await read(`snyk-docker-plugin_${name}`, `${name}.tar`);
    expect(found.map(({ name: each, version }) => `${each}@${version}`)).toEqual(['debug@4.3.4', 'ms@2.1.2']);
  });
});
