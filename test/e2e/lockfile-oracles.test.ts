import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Analyzer, PackageRecord } from '../../services/domain/packages/ecosystem.ts';
import { LOCKFILES } from '../../services/domain/packages/lockfiles.ts';
import { readLockfiles } from '../support/read-lockfiles.ts';
import { scratch } from '../support/scan.ts';
import { zip } from '../support/zip-builder.ts';
import { findGoTool } from '../tools/go-tools.ts';

/*
 * Lockfiles that the real tools wrote, read as the real tools read them. Everything that they resolve lies in folders
 * made here: none of them asks the network.
 */

const place = scratch('lockfiles');
const runs = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(place, folder, file)), { recursive: true });
    writeFileSync(join(place, folder, file), content);
  }
  return join(place, folder);
}

function run(
  folder: string,
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): string {
  const env = { PATH: process.env.PATH, HOME: place, LANG: 'C.UTF-8', ...environment };
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env });
}

/** All packages of one format in a folder. */
function packagesIn(folder: string, id: string): readonly PackageRecord[] {
  const analyzer = LOCKFILES.find((format) => format.id === id) as Analyzer;
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => {
    return statSync(join(folder, path)).isFile();
  });
  const units = readLockfiles(
    analyzer,
    Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path))])),
  );
  expect(units.flatMap(({ gaps }) => gaps).filter(({ code }) => code !== 'dependencies-unknown')).toEqual([]);
  return units.flatMap(({ packages }) => packages);
}

/**
 * What Trivy lists of a folder, where it is cached, must be what we list, but for the rows that only one of the two has.
 * It lists the project itself too.
 */
function expectAsTrivy(
  folder: string,
  ours: readonly PackageRecord[],
  only: { ours?: string[]; trivy?: string[] } = {},
): void {
  const program = findGoTool('trivy');
  if (program === null) return;
  const args = [
    'fs',
    '--offline-scan',
    '--skip-version-check',
    '--scanners',
    'license',
    '--list-all-pkgs',
    '--include-dev-deps',
  ];
  const cache = ['--cache-dir', join(place, 'trivy'), '--format', 'json', '--quiet', '.'];
  const { Results } = JSON.parse(run(folder, program, [...args, ...cache])) as {
    Results: { Packages?: { Name: string; Version: string; Relationship?: string }[] }[];
  };
  const listed = Results.flatMap(({ Packages = [] }) => Packages);
  const foreign = listed.filter(({ Relationship }) => Relationship !== 'root' && Relationship !== 'workspace');
  const theirs = foreign.map(({ Name, Version }) => `${Name} ${Version}`);
  const own = ours.map(versioned);
  const missing = theirs.filter((row) => !own.includes(row)).sort();
  expect({ ours: own.filter((row) => !theirs.includes(row)).sort(), trivy: missing }).toEqual({
    ours: only.ours ?? [],
    trivy: only.trivy ?? [],
  });
}

const versioned = ({ name, version }: PackageRecord) => `${name} ${version}`;

describe.skipIf(!runs('go', 'version'))('modules as go list has them (skipped where there is no go)', () => {
  /** A module proxy on disk: `needs` are other modules of it at v1.0.0. */
  function proxy(folder: string, modules: Readonly<Record<string, readonly string[]>>): string {
    for (const [at, needs] of Object.entries(modules)) {
      const [module, version] = at.split('@') as [string, string];
      const mod = `module ${module}\n\ngo 1.16\n${needs.map((need) => `\nrequire ${need.replace('@', ' ')}\n`).join('')}`;
      const source = `package ${module.split('/').at(-1)}\n${needs.map((need) => `\nimport _ "${need.split('@')[0]}"\n`).join('')}`;
      write(join(folder, module, '@v'), {
        [`${version}.info`]: JSON.stringify({ Version: version, Time: '2024-01-01T00:00:00Z' }),
        [`${version}.mod`]: mod,
        [`${version}.zip`]: zip([
          { name: `${module}@${version}/go.mod`, content: mod },
          { name: `${module}@${version}/x.go`, content: source },
        ]),
      });
      const list = Object.keys(modules).filter((other) => other.startsWith(`${module}@`));
      write(join(folder, module, '@v'), { list: list.map((other) => `${other.split('@')[1]}\n`).join('') });
    }
    return `file://${join(place, folder)}`;
  }

  test.each(['1.16', '1.17', '1.21.0'])('of a module of Go %s', { timeout: 120_000 }, (language) => {
    const GOPROXY = proxy('proxy', {
      'ex.org/a@v1.0.0': ['ex.org/b@v1.1.0', 'ex.org/c@v1.0.0'],
      'ex.org/b@v1.0.0': [],
      'ex.org/b@v1.1.0': ['ex.org/d@v1.10.0'],
      'ex.org/c@v1.0.0': ['ex.org/d@v1.9.0'],
      'ex.org/d@v1.9.0': [],
      'ex.org/d@v1.10.0': [],
      'ex.org/fork@v2.0.0+incompatible': [],
    });
    const folder = write(`go-${language}`, {
      'go.mod': `module ex.org/app\n\ngo ${language}\n\nrequire ex.org/a v1.0.0\n\nreplace ex.org/c => ./c\n`,
      'main.go': 'package main\n\nimport (\n\t_ "ex.org/a"\n\t_ "ex.org/b"\n)\n\nfunc main() {}\n',
      'c/go.mod': 'module ex.org/c\n\ngo 1.16\n',
      'c/c.go': 'package c\n',
    });
    const environment = {
      GOPROXY,
      GOMODCACHE: join(place, 'modules'),
      GOCACHE: join(place, 'build'),
      GOFLAGS: '-mod=mod -modcacherw',
      GONOSUMDB: '*',
      GOTOOLCHAIN: 'local',
      GOWORK: 'off',
    };
    run(folder, 'go', ['mod', 'tidy'], environment);
    const format =
      '{{if not .Main}}{{if not (and .Replace (not .Replace.Version))}}{{.Path}} {{.Version}}{{end}}{{end}}';
    const listed = run(folder, 'go', ['list', '-m', '-f', format, 'all'], environment);
    const packages = packagesIn(folder, 'go-mod');
    // Trivy takes stdlib out of go.mod only where it is told to.
    expectAsTrivy(folder, packages, { ours: language === '1.21.0' ? ['stdlib 1.21.0'] : [] });
    const ours = packages.map(versioned);
    const theirs = listed.split('\n').filter((line) => line !== '');
    expect(theirs).toHaveLength(3);
    expect(ours.filter((row) => !row.startsWith('stdlib ')).sort()).toEqual(theirs.sort());
    expect(ours.filter((row) => row.startsWith('stdlib '))).toEqual(language === '1.21.0' ? ['stdlib 1.21.0'] : []);
  });
});

describe.skipIf(!runs('cargo', '--version'))('crates as cargo has them (skipped where there is no cargo)', () => {
  // cargo writes what the least Rust of the project can read.
  test.each([
    [3, '1.70'],
    [4, '1.90'],
  ])('in a lockfile of version %i', { timeout: 60_000 }, (version, rust) => {
    const crate = (name: string, number: string, more = '') => ({
      [`vendor/${name}-${number}/Cargo.toml`]: `[package]\nname = "${name}"\nversion = "${number}"\nedition = "2021"\n${more}`,
      [`vendor/${name}-${number}/src/lib.rs`]: '',
      [`vendor/${name}-${number}/.cargo-checksum.json`]: JSON.stringify({
        files: {},
        package: createHash('sha256').update(name).digest('hex'),
      }),
    });
    const folder = write(`cargo-${version}`, {
      'Cargo.toml': `[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\nrust-version = "${rust}"\n[workspace]\nmembers = ["member"]\n[dependencies]\na = "1"\nb = "1"\nmember = { path = "member" }\n[dev-dependencies]\nc = "0.1"\n`,
      'src/main.rs': 'fn main() {}',
      'member/Cargo.toml': '[package]\nname = "member"\nversion = "0.2.0"\nedition = "2021"\n',
      'member/src/lib.rs': '',
      '.cargo/config.toml': '[source.crates-io]\nreplace-with = "v"\n[source.v]\ndirectory = "vendor"\n',
      ...crate('a', '1.2.3', '[dependencies]\nb = "2.0.0-rc.1"\n'),
      ...crate('b', '1.9.0+build'),
      ...crate('b', '2.0.0-rc.1'),
      ...crate('c', '0.1.0'),
    });
    // rustup keeps the toolchain below the user's own home.
    const RUSTUP_HOME = process.env.RUSTUP_HOME ?? join(homedir(), '.rustup');
    const cargo = (...args: string[]) =>
      run(folder, 'cargo', args, { CARGO_HOME: join(place, 'cargo-home'), RUSTUP_HOME });
    cargo('update', '--offline', '--workspace');
    const output = cargo('metadata', '--offline', '--format-version', '1');
    const metadata = JSON.parse(output) as {
      packages: { id: string; name: string; version: string; source: string | null }[];
      resolve: { nodes: { id: string; dependencies: string[] }[] };
    };
    const byId = new Map(metadata.packages.map((each) => [each.id, each]));
    const theirs = metadata.packages.flatMap(({ id, name, version: number, source }) => {
      if (source === null) return [];
      const { dependencies } = metadata.resolve.nodes.find((node) => node.id === id)!;
      const needs = dependencies.map((need) => `${byId.get(need)!.name}@${byId.get(need)!.version}`);
      return [[name, number, needs.sort()]];
    });
    expect(readFileSync(join(folder, 'Cargo.lock'), 'utf8')).toContain(`\nversion = ${version}\n`);
    const packages = packagesIn(folder, 'cargo-lock');
    // Trivy leaves out what Cargo.toml wants for development; we mark it.
    expect(packages.filter(({ development }) => development).map(({ name }) => name)).toEqual(['c']);
    expectAsTrivy(folder, packages, { ours: ['c 0.1.0'] });
    const ours = packages.map(({ name, version: number, dependsOn }) => [name, number, [...dependsOn].sort()]);
    expect(ours.sort()).toEqual(theirs.sort());
    expect(ours).toHaveLength(4);
  });
});

describe.skipIf(!runs('composer', '--version'))('composer.lock (skipped where there is no Composer)', () => {
  test('as Composer shows it', { timeout: 60_000 }, () => {
    const packages = [
      {
        name: 'acme/lib',
        version: 'v1.2.0',
        license: ['MIT', 'BSD-3-Clause'],
        require: { php: '>=7', 'acme/util': '^2.0' },
      },
      { name: 'acme/util', version: '2.1.0', license: 'ISC' },
      { name: 'acme/tests', version: '3.0.0-beta1', require: { 'acme/util': '*', 'acme/more': '*' } },
      { name: 'acme/more', version: '0.9.0' },
    ];
    const folder = write('composer', {
      'composer.json': JSON.stringify({
        name: 'own/app',
        repositories: [{ 'packagist.org': false }, { type: 'package', package: packages }],
        require: { 'acme/lib': '^1.0' },
        'require-dev': { 'acme/tests': '^3.0@beta' },
      }),
    });
    const composer = (...args: string[]) => {
      return run(folder, 'composer', [...args, '--no-interaction', '--no-plugins'], {
        COMPOSER_HOME: join(place, 'composer-home'),
        COMPOSER_DISABLE_NETWORK: '1',
        COMPOSER_ALLOW_SUPERUSER: '1',
      });
    };
    composer('update', '--no-install');
    const shown = (...args: string[]) => {
      const { locked } = JSON.parse(composer('show', '--locked', '--format=json', ...args)) as {
        locked: { name: string; version: string }[];
      };
      return locked.map(({ name, version }) => `${name} ${version}`).sort();
    };
    const ours = packagesIn(folder, 'composer-lock');
    expectAsTrivy(folder, ours);
    expect(ours.map(versioned).sort()).toEqual(shown());
    expect(
      ours
        .filter(({ development }) => !development)
        .map(versioned)
        .sort(),
    ).toEqual(shown('--no-dev'));
    expect(ours.find(({ name }) => name === 'acme/lib')).toMatchObject({
      licenses: ['MIT', 'BSD-3-Clause'],
      dependsOn: ['acme/util:^2.0'],
    });
    expect(ours).toHaveLength(4);
  });
});

const BUNDLER = `
require 'bundler'
require 'json'
lock = Bundler::LockfileParser.new(File.read('Gemfile.lock'))
specs = lock.specs.reject { |spec| spec.source.instance_of?(Bundler::Source::Path) }
rows = specs.group_by { |spec| [spec.name, spec.version.to_s] }.map do |key, group|
  needs = group.flat_map(&:dependencies).map { |need| need.requirement.none? ? need.name : need.to_s }
  key + [needs.uniq.sort]
end
puts JSON.generate(rows)`;

describe.skipIf(!runs('ruby', '-rbundler', '-e', '1'))('Gemfile.lock (skipped where there is no Bundler)', () => {
  test('as Bundler parses it', () => {
    const folder = write('bundler', {
      Gemfile: '',
      'Gemfile.lock':
        'GIT\n  remote: https://github.com/rails/rails.git\n  revision: 0123456789abcdef0123456789abcdef01234567\n  specs:\n    activesupport (7.2.0.alpha)\n      i18n (< 2, >= 1.6)\n      rake\n\nPATH\n  remote: own\n  specs:\n    own (0.1.0)\n      rake\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    i18n (1.14.1)\n    nokogiri (1.15.4)\n      mini_portile2 (~> 2.8.2)\n      racc (~> 1.4)\n    nokogiri (1.15.4-java)\n      racc (~> 1.4)\n    nokogiri (1.15.4-x86_64-linux)\n      racc (~> 1.4)\n    mini_portile2 (2.8.5)\n    racc (1.7.3)\n    rake (13.1.0)\n\nPLATFORMS\n  java\n  ruby\n  x86_64-linux\n\nDEPENDENCIES\n  activesupport!\n  nokogiri (~> 1.15)\n  own!\n\nRUBY VERSION\n   ruby 3.1.2p20\n\nBUNDLED WITH\n   2.3.7\n',
    });
    const theirs = JSON.parse(run(folder, 'ruby', ['-e', BUNDLER])) as unknown[][];
    const packages = packagesIn(folder, 'gemfile-lock');
    // A gem in a folder of the project.
    expectAsTrivy(folder, packages, { trivy: ['own 0.1.0'] });
    const ours = packages.map(({ name, version, dependsOn }) => [name, version, [...dependsOn].sort()]);
    expect(ours.sort()).toEqual(theirs.sort());
    expect(ours).toHaveLength(6);
  });
});
