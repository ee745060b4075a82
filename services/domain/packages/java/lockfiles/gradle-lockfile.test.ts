import { describe, expect, test } from 'vitest';
import { lockfileRows, readLockfiles } from '../../../../../test/support/read-lockfiles.ts';
import { gradleLockfile } from './gradle-lockfile.ts';

const HEAD = '# This is a Gradle generated file for dependency locking.\n';
const rows = (content: string, path = 'gradle.lockfile') => lockfileRows(gradleLockfile, { [path]: content })[path];

test('coordinates, and development for what only tests need', () => {
  const content = `${HEAD}com.h2database:h2:2.2.224=testRuntimeClasspath
org.junit:junit-bom:5.10.0=integrationTestCompileClasspath,testCompileClasspath,testRuntimeClasspath
org.mockito:mockito-core:5.7.0=debugUnitTestRuntimeClasspath, releaseUnitTestRuntimeClasspath
org.slf4j:slf4j-api:2.0.9=compileClasspath,runtimeClasspath,testCompileClasspath
org.slf4j:slf4j-api:2.0.9-SNAPSHOT=testament
empty=annotationProcessor,testAnnotationProcessor
`;
  expect(rows(content)).toEqual([
    'com.h2database:h2@2.2.224 development',
    'org.junit:junit-bom@5.10.0 development',
    'org.mockito:mockito-core@5.7.0 development',
    'org.slf4j:slf4j-api@2.0.9',
    'org.slf4j:slf4j-api@2.0.9-SNAPSHOT',
  ]);
});

test('records are those of jars', () => {
  const [unit] = readLockfiles(gradleLockfile, { 'gradle.lockfile': 'a.b:c:1=x\nempty=\n' });
  expect(unit!.packages).toMatchObject([{ type: 'maven', name: 'a.b:c', version: '1', licenses: [], dependsOn: [] }]);
  expect(unit!.packages[0]).not.toHaveProperty('development');
});

describe('which files', () => {
  test.each([
    ['gradle.lockfile', 'a:b@1'],
    ['app/gradle.lockfile', 'a:b@1'],
    ['buildscript-gradle.lockfile', 'a:b@1 development'],
    ['settings-gradle.lockfile', 'a:b@1 development'],
    ['gradle/dependency-locks/compileClasspath.lockfile', 'a:b@1'],
    ['gradle/dependency-locks/testCompileClasspath.lockfile', 'a:b@1 development'],
    ['x/gradle/dependency-locks/buildscript-classpath.lockfile', 'a:b@1 development'],
  ])('%s', (path, row) =>
    expect(rows(`a:b:1${path.includes('-locks/') ? '' : '=classpath'}\nempty=\n`, path)).toEqual([row]),
  );
  test.each(['my-gradle.lockfile', 'gradle.lockfile.bak', 'locks/compileClasspath.lockfile'])('not %s', (path) => {
    expect(readLockfiles(gradleLockfile, { [path]: 'a:b:1=x' })).toEqual([]);
  });
});

describe('flaws are told', () => {
  const MISSING = 'package-file-unparsable: the line `empty=` is missing, with which Gradle ends the file';
  test.each<[string, string, string[]]>([
    ['an empty file', '', [MISSING]],
    [
      'a file that was cut',
      `${HEAD}a:b:1=x\na:c`,
      ['a:b@1', 'package-file-unparsable: line 3 is no GROUP:ARTIFACT:VERSION: "a:c"', MISSING],
    ],
    ['no coordinate', 'a:b=x\nempty=\n', ['package-file-unparsable: line 1 is no GROUP:ARTIFACT:VERSION: "a:b=x"']],
    [
      'too many parts',
      'a:b:1:jar=x\nempty=\n',
      ['package-file-unparsable: line 1 is no GROUP:ARTIFACT:VERSION: "a:b:1:jar=x"'],
    ],
    [
      'letters that no name has',
      'a:b\u202e:1=x\nempty=\n',
      ['package-record-invalid: no package and version: "a:b\u202e" "1"'],
    ],
  ])('%s', (_, content, expected) => expect(rows(content)).toEqual(expected));

  test('UTF-16', () => {
    const bytes = Uint8Array.from(Buffer.from('\ufeffa:b:1=x\nempty=\n', 'utf16le'));
    const { 'gradle.lockfile': told } = lockfileRows(gradleLockfile, { 'gradle.lockfile': bytes });
    expect(told).toContain(MISSING);
  });
});

test('a configuration that both tests and the project use is told once, in whatever order', () => {
  expect(rows('a:b:1=test\na:b:1=main\nempty=\n')).toEqual(['a:b@1']);
  expect(rows('a:b:1=main\na:b:1=test\nempty=\n')).toEqual(['a:b@1']);
});
