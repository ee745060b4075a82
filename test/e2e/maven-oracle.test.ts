// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Maven writes its properties so.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mavenPom } from '../../services/domain/packages/java/lockfiles/maven-pom.ts';
import { readLockfiles } from '../support/read-lockfiles.ts';
import { REPOSITORY } from '../support/repository.ts';
import { scratch } from '../support/scan.ts';
import { GO_TOOLS } from '../tools/go-tools.ts';

const MAVEN = '/usr/share/maven/lib';
const HAS_MAVEN = existsSync(MAVEN) && spawnSync('javac', ['-version']).status === 0;
const place = scratch('maven');

/** `group:artifact version scope` that Maven's own model builder gives each pom; null where it refuses the pom. */
function effective(folder: string, trees: readonly (readonly string[])[]): Map<string, string[] | null> {
  const program = join(REPOSITORY, 'test/support/effective-poms.java');
  const output = execFileSync('java', ['-cp', `${MAVEN}/*`, program, ...trees.flatMap((paths) => ['--', ...paths])], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const found = new Map<string, string[] | null>();
  let path = '';
  for (const line of output.split('\n').filter((text) => text !== '')) {
    if (line.startsWith('pom ')) {
      path = line.slice('pom '.length);
      found.set(path, []);
    } else if (line.startsWith('refused ')) found.set(path, null);
    else found.get(path)!.push(line.replace(/:([^:]*) (\S+)$/, ' $1 $2'));
  }
  return found;
}

/** The same of ours, and how many poms both read. Maven lists modules of the tree and ranges, which we do not. */
function compare(folder: string, trees: readonly (readonly string[])[]): number {
  const theirs = effective(folder, trees);
  return trees.reduce((sum, paths) => sum + compareTree(folder, paths, theirs), 0);
}

function compareTree(folder: string, paths: readonly string[], theirs: ReadonlyMap<string, string[] | null>): number {
  const units = readLockfiles(
    mavenPom,
    Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path))])),
  );
  let compared = 0;
  for (const { path, packages, gaps } of units) {
    const rows = theirs.get(path);
    if (rows === null) continue;
    const ranges = gaps.filter(({ message }) => message.includes('asks for')).length;
    const expected = rows!.filter((row) => !row.startsWith('own:') && !/ [[(]/.test(row));
    expect(ranges, path).toBe(rows!.filter((row) => / [[(][^,]*,/.test(row)).length);
    const ours = packages.map(
      ({ name, version, development }) => `${name} ${version} ${development ? 'test' : 'other'}`,
    );
    expect(ours.sort(), path).toEqual(expected.map((row) => row.replace(/ (?!test$)\S+$/, ' other')).sort());
    compared += 1;
  }
  return compared;
}

const dependency = (group: string, artifact: string, more = '') => {
  return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>${more}</dependency>`;
};
const version = (text: string) => `<version>${text}</version>`;
const parent = (artifact: string, number: string, path = '') => {
  return `<parent><groupId>own</groupId><artifactId>${artifact}</artifactId>${version(number)}${path}</parent>`;
};
const project = (...parts: string[]) => {
  return `<project><modelVersion>4.0.0</modelVersion>${parts.join('')}</project>`;
};

/** Everything that a pom may inherit, import, override and put in. */
const TREE: Readonly<Record<string, string>> = {
  'pom.xml': project(
    '<groupId>own</groupId><artifactId>root</artifactId><version>${revision}</version><packaging>pom</packaging>',
    '<properties><revision>1.0.0</revision><lib>1.1</lib><scopes>${lib}.2</scopes><g>x.${project.groupId}</g></properties>',
    '<dependencyManagement><dependencies>',
    dependency('${g}', 'managed', version('${scopes}')),
    dependency('a', 'managed-test', `${version('2')}<scope>test</scope>`),
    dependency('a', 'by-type', `${version('3')}<type>test-jar</type>`),
    dependency('a', 'by-type', version('4')),
    dependency('a', 'by-project', version('${project.version}')),
    dependency('own', 'bom', `${version('7')}<type>pom</type><scope>import</scope>`),
    dependency('own', 'second', `${version('7')}<type>pom</type><scope>import</scope>`),
    '</dependencies></dependencyManagement>',
    `<dependencies>${dependency('a', 'inherited', version('${lib}'))}</dependencies>`,
  ),
  'bom/pom.xml': project(
    '<groupId>own</groupId><artifactId>bom</artifactId><version>7</version><packaging>pom</packaging>',
    '<properties><lib>9</lib></properties><dependencyManagement><dependencies>',
    dependency('a', 'of-bom', version('${lib}.${project.version}')),
    dependency('a', 'managed-test', version('99')),
    dependency('own', 'second', `${version('7')}<type>pom</type><scope>import</scope>`),
    '</dependencies></dependencyManagement>',
  ),
  'bom/second/pom.xml': project(
    '<groupId>own</groupId><artifactId>second</artifactId><version>7</version><packaging>pom</packaging>',
    '<dependencyManagement><dependencies>',
    dependency('a', 'of-bom', version('0')),
    dependency('a', 'of-second', `${version('5')}<scope>test</scope>`),
    '</dependencies></dependencyManagement>',
  ),
  'module/pom.xml': project(
    parent('root', '${revision}'),
    '<artifactId>module</artifactId><packaging>pom</packaging><properties><lib>2.2</lib></properties><dependencies>',
    dependency('x.own', 'managed'),
    dependency('a', 'managed-test'),
    dependency('a', 'by-type', '<type>test-jar</type>'),
    dependency('a', 'by-project'),
    dependency('a', 'of-bom', '<scope>provided</scope>'),
    dependency('a', 'of-second'),
    dependency('a', 'range', version('[1,2)')),
    dependency('own', 'sibling', version('${project.version}')),
    '</dependencies>',
  ),
  'module/deep/pom.xml': project(
    parent('module', '1.0.0', '<relativePath>../../module</relativePath>').replace('1.0.0', '${revision}'),
    '<artifactId>deep</artifactId><version>3</version><dependencyManagement><dependencies>',
    dependency('a', 'of-second', version('6')),
    '</dependencies></dependencyManagement><dependencies>',
    dependency('a', 'of-second'),
    dependency('a', 'inherited', `${version('8')}<scope>test</scope>`),
    '</dependencies><profiles><profile><id>on</id><activation><activeByDefault>true</activeByDefault></activation>',
    `<properties><lib>4</lib></properties><dependencies>${dependency('a', 'of-profile', version('${lib}'))}</dependencies></profile>`,
    `<profile><id>off</id><dependencies>${dependency('a', 'off', version('1'))}</dependencies></profile></profiles>`,
  ),
  'sibling/pom.xml': project(parent('root', '${revision}'), '<artifactId>sibling</artifactId>'),
};

describe.skipIf(!HAS_MAVEN)('poms as Maven has them (skipped where there is no Maven, or no javac)', () => {
  test('a tree with all that Maven knows', { timeout: 60_000 }, () => {
    for (const [path, content] of Object.entries(TREE)) {
      mkdirSync(dirname(join(place, path)), { recursive: true });
      writeFileSync(join(place, path), content);
    }
    expect(compare(place, [Object.keys(TREE)])).toBe(Object.keys(TREE).length);
  });

  const { module, version: trivy } = GO_TOOLS.find(({ name }) => name === 'trivy')!;
  const samples = join(homedir(), 'go/pkg/mod', `${module}@${trivy}/pkg/dependency/parser/java/pom/testdata`);
  test.skipIf(!existsSync(samples))(
    'the poms of Trivy’s tests (skipped where they are not cached)',
    { timeout: 300_000 },
    () => {
      const trees = Map.groupBy(globSync('**/pom.xml', { cwd: samples }), (path) => path.split('/', 1)[0]);
      // Its modules have the groups of its dependencies; those of the tree are left to the other test.
      trees.delete('modules-infinity-loop');
      const compared = compare(samples, [...trees.values()]);
      expect(compared).toBeGreaterThan(50);
    },
  );
});
