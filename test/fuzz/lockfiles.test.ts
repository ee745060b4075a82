import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOCKFILES } from '../../services/domain/packages/lockfiles.ts';
import { mutated } from '../support/mutation.ts';
import { type ProjectFiles, readLockfiles } from '../support/read-lockfiles.ts';

/** A sound project for each format; the first file is damaged, the others stay. */
const PROJECTS: Readonly<Record<string, readonly ProjectFiles[]>> = {
  'bun-lock': [
    {
      'bun.lock':
        '{\n  // bun\n  "lockfileVersion": 1,\n  "workspaces": { "": { "name": "app", "dependencies": { "a": "^1" }, "devDependencies": { "b": "^2" } } },\n  "packages": {\n    "a": ["a@1.0.0", "", { "dependencies": { "b": "^2" } }, "sha512-00"],\n    "a/b": ["b@2.0.0", "", {}, "sha512-00"],\n    "b": ["@s/b@3.0.0", "", {}, "sha512-00"],\n  },\n}\n',
    },
  ],
  'cargo-lock': [
    {
      'Cargo.lock': `version = 4\n\n[[package]]\nname = "app"\nversion = "0.1.0"\ndependencies = [\n "a",\n "b 2.0.0",\n]\n
[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+https://example.org/index"\nchecksum = "00"\ndependencies = [\n "b 1.0.0",\n]\n
[[package]]\nname = "b"\nversion = "1.0.0"\nsource = "git+https://example.org/b?rev=1#0123"\n
[[package]]\nname = "b"\nversion = "2.0.0"\nsource = "sparse+https://example.org/"\n`,
    },
  ],
  'composer-lock': [
    {
      'composer.lock': JSON.stringify({
        packages: [
          { name: 'e/b', version: 'v1' },
          { name: 'a/b', version: '1', license: ['MIT'], require: { php: '*', 'c/d': '^1' } },
        ],
        'packages-dev': [{ name: 'c/d', version: '1.2' }],
      }),
    },
  ],
  'gemfile-lock': [
    {
      'Gemfile.lock':
        'GIT\n  remote: https://example.org\n  specs:\n    a (1.0)\n\nPATH\n  remote: .\n  specs:\n    own (0.1)\n      b\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    b (2.0-x86_64-linux)\n      c (>= 1, < 2)\n    c (1.5)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  a!\n\nBUNDLED WITH\n   2.4\n',
    },
  ],
  'go-mod': [
    {
      'go.mod':
        'module example.org/app\n\ngo 1.16\n\nrequire (\n\ta.b/c v1.0.0 // indirect\n\t"d.e/f" v0.0.0-20211111083644-e5c967477495\n)\n\nreplace a.b/c v1.0.0 => `g.h/i` v2.0.0+incompatible\nexclude d.e/f v1.0.0\nretract [v1, v2]\n',
      'go.sum': 'j.k/l v1.0.0 h1:AA=\nj.k/l v1.0.0/go.mod h1:AA=\n',
    },
    { 'go.mod': 'module app\ngo 1.22.1\ntoolchain go1.22.3\nrequire a.b/c v1.0.0\n' },
  ],
  'gradle-lockfile': [
    {
      'gradle.lockfile': '# Gradle\na.b:c:1.0=compileClasspath,runtimeClasspath\nd:e:2=testRuntimeClasspath\nempty=x\n',
    },
    { 'gradle/dependency-locks/compileClasspath.lockfile': 'a:b:1\nc:d:2\n' },
  ],
  'maven-pom': [
    {
      'c/pom.xml': `<?xml version="1.0" encoding="UTF-8"?>\n<project xmlns="http://maven.apache.org/POM/4.0.0"><!-- c -->\n<parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent>\n<artifactId>c</artifactId>\n<properties><v>\${w}.1</v><x>\${v}</x></properties>\n<dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>bom</artifactId><version>1</version><type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement>\n<dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId><version>\${x}</version></dependency><dependency><groupId>a</groupId><artifactId>m</artifactId></dependency></dependencies>\n</project>`,
      'pom.xml':
        '<project><groupId>g</groupId><artifactId>p</artifactId><version>1</version><properties><w>7</w></properties></project>',
      'bom/pom.xml':
        '<project><groupId>g</groupId><artifactId>bom</artifactId><version>1</version><dependencyManagement><dependencies><dependency><groupId>a</groupId><artifactId>m</artifactId><version>3</version><scope>test</scope></dependency></dependencies></dependencyManagement></project>',
    },
  ],
  'nuget-lock': [
    {
      'packages.lock.json': JSON.stringify({
        version: 1,
        dependencies: {
          net8: { A: { type: 'Direct', resolved: '1.0', dependencies: { B: '1' } }, P: { type: 'Project' } },
          'net8/linux': { B: { type: 'Transitive', resolved: '2.0' } },
        },
      }),
    },
  ],
  'package-lock': [
    {
      'package-lock.json': JSON.stringify({
        lockfileVersion: 3,
        packages: {
          '': { name: 'app', version: '1.0.0' },
          'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { '@s/b': '^2' } },
          'node_modules/a/node_modules/@s/b': { version: '2.0.0-rc.1', dev: true },
          'packages/c': { version: '1.0.0' },
        },
      }),
    },
    {
      'npm-shrinkwrap.json': JSON.stringify({
        lockfileVersion: 1,
        dependencies: {
          a: { version: '1.0.0', requires: { b: '^1' }, dependencies: { b: { version: '1.5.0', dev: true } } },
          alias: { version: 'npm:@s/real@2.0.0' },
        },
      }),
    },
  ],
  'pdm-lock': [
    {
      'pdm.lock':
        '[metadata]\ngroups = ["default", "dev"]\n\n[[package]]\nname = "a"\nversion = "1.0"\ngroups = ["default"]\ndependencies = ["b>=1"]\n\n[[package]]\nname = "b"\nversion = "2.0"\ngroups = ["dev"]\n',
      'pyproject.toml': '[dependency-groups]\ndev = ["b"]\n',
    },
  ],
  'pipfile-lock': [
    {
      'Pipfile.lock': JSON.stringify({
        _meta: { 'pipfile-spec': 6 },
        default: { a: { version: '==1.0' }, own: { path: '.' } },
        develop: { b: { version: '==2.0' } },
      }),
    },
  ],
  'pnpm-lock': [
    {
      'pnpm-lock.yaml':
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1\n        version: 1.0.0(b@2.0.0)\npackages:\n  a@1.0.0:\n    resolution: {integrity: sha512-00}\n  '@s/b@2.0.0':\n    resolution: {integrity: sha512-00}\nsnapshots:\n  a@1.0.0(b@2.0.0):\n    dependencies:\n      '@s/b': 2.0.0\n  '@s/b@2.0.0': {}\n",
    },
    {
      'pnpm-lock.yaml':
        'lockfileVersion: 5.4\npackages:\n  /a/1.0.0_b@2.0.0:\n    dependencies:\n      b: 2.0.0\n    dev: false\n  /b/2.0.0:\n    dev: true\n',
    },
  ],
  'poetry-lock': [
    {
      'poetry.lock':
        '[[package]]\nname = "a"\nversion = "1.0"\n\n[package.dependencies]\nb = {version = ">=1", markers = "x"}\n\n[[package]]\nname = "b"\nversion = "2.0"\n\n[package.source]\ntype = "git"\n\n[metadata]\nlock-version = "2.0"\n',
      'pyproject.toml': '[tool.poetry.dependencies]\na = "*"\n',
    },
  ],
  requirements: [
    {
      'requirements.txt':
        '-i https://example.org\n-c constraints.txt\na==1.0 \\\n    --hash=sha256:00\nb[x]>=2 ; python_version < "3" # b\n-r requirements-c.txt\n',
      'constraints.txt': 'b==2.0\n',
      'requirements-c.txt': '-r requirements.txt\nc==3\n',
    },
  ],
  'uv-lock': [
    {
      'uv.lock':
        'version = 1\n\n[[package]]\nname = "app"\nversion = "0.1"\nsource = { editable = "." }\ndependencies = [{ name = "a" }]\n\n[package.dev-dependencies]\ndev = [{ name = "b" }]\n\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "x" }\n\n[[package]]\nname = "b"\nversion = "2.0"\nsource = { registry = "x" }\n',
    },
  ],
  'yarn-lock': [
    {
      'yarn.lock':
        '# yarn lockfile v1\n\n"@s/b@^2.0.0", "@s/b@2":\n  version "2.0.0"\n\na@^1:\n  version "1.0.0"\n  dependencies:\n    "@s/b" "^2.0.0"\n',
      'package.json': '{"devDependencies":{"a":"^1"}}',
    },
    {
      'yarn.lock':
        '__metadata:\n  version: 8\n\n"a@npm:^1, a@npm:1":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n  dependencies:\n    b: "npm:2"\n\n? "b@npm:2"\n:\n  version: 2.0.0\n  resolution: "b@npm:2.0.0"\n',
    },
  ],
};

const encoder = new TextEncoder();

/** A list of lines without a head or an end: one that is empty, or only comments, options and
 * the project itself (`.`), wants nothing. */
const MAY_BE_EMPTY = new Set(['requirements']);

test('every format has a project', () => {
  expect(Object.keys(PROJECTS)).toEqual(LOCKFILES.map(({ id }) => id));
});

describe.each(LOCKFILES)('$id', (analyzer) => {
  const projects = PROJECTS[analyzer.id]!;

  test('reads its projects without a flaw', () => {
    for (const files of projects) {
      const units = readLockfiles(analyzer, files);
      expect(units.flatMap(({ gaps }) => gaps).filter(({ code }) => code !== 'dependencies-unknown')).toEqual([]);
      expect(units[0]!.packages.length).toBeGreaterThan(1);
    }
  });

  test('a damaged one never throws, hangs or deceives, and is never silently empty', { timeout: 120_000 }, () => {
    for (const files of projects) {
      const [[path, content], ...others] = Object.entries(files) as [[string, string], ...[string, string][]];
      fc.assert(
        fc.property(mutated([encoder.encode(content)]), (bytes) => {
          const units = readLockfiles(analyzer, { [path]: bytes, ...Object.fromEntries(others) });
          const unit = units.find((each) => each.path === path)!;
          for (const { name, version, licenses, dependsOn } of unit.packages) {
            expect(`${name} ${version}`).toMatch(/^[!-~]+ [!-~]+$/);
            for (const text of [...licenses, ...dependsOn]) expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
          }
          if (unit.packages.length === 0 && !MAY_BE_EMPTY.has(analyzer.id)) expect(unit.gaps).not.toEqual([]);
          expect(unit.gaps.length).toBeLessThan(100);
        }),
        { numRuns: 1_500 },
      );
    }
  });

  test('any bytes at all are told', () => {
    const [path] = Object.keys(projects[0]!) as [string];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        const [unit] = readLockfiles(analyzer, { [path]: bytes });
        if (!MAY_BE_EMPTY.has(analyzer.id)) expect(unit!.packages.length + unit!.gaps.length).toBeGreaterThan(0);
      }),
    );
  });
});
