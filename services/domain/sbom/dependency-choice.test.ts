import { expect, it } from 'vitest';
import { samplePackage } from '../../../test/support/sample-report.ts';
import { resolvedDependencies } from './dependencies.ts';

const named = (type: string, name: string, facts: object = {}) =>
  samplePackage({ type, name, version: '1', id: `${type}:${name}`, arch: null, ...facts });

function targets(dependsOn: readonly string[], type: string, ...others: ReturnType<typeof named>[]) {
  return resolvedDependencies([named(type, 'from', { dependsOn }), ...others]).get(`${type}:from`);
}

it.each([
  ['deb', ['libc6 (>= 2.34)', 'a:any | b', 'b|c'], ['libc6', 'b', 'c'], ['deb:b', 'deb:libc6']],
  ['rpm', ['perl(Carp)', 'bash', '/bin/sh', 'libc.so.6()(64bit)'], ['perl', 'bash'], ['rpm:bash']],
  ['apk', ['so:libc.musl.so.1', 'busybox>=1.36', 'musl'], ['busybox', 'musl'], ['apk:busybox', 'apk:musl']],
  ['npm', ['@s/x@^1.0.0', 'y@>1'], ['@s/x', 'y'], ['npm:@s/x', 'npm:y']],
  [
    'pypi',
    ['Zope.Interface (>1)', 'idna; python_version > "3"', 'x ; extra == "socks"'],
    ['zope-interface', 'idna', 'x'],
    ['pypi:idna', 'pypi:zope-interface'],
  ],
  ['golang', ['example.org/m@v1.0.0'], ['example.org/m'], ['golang:example.org/m']],
])('%s: %j of %j', (type, dependsOn, names, expected) => {
  expect(targets(dependsOn, type, ...names.map((name) => named(type, name)))).toEqual(expected);
});

it('leads nowhere where it may mean several, to itself or to what is hidden', () => {
  const two = [named('npm', 'x', { id: 'x1' }), named('npm', 'x', { id: 'x2', version: '2' })];
  expect(targets(['x@^1'], 'npm', ...two)).toEqual([]);
  expect(targets(['x@2'], 'npm', ...two)).toEqual(['x2']);
  expect(targets(['from'], 'npm')).toEqual([]);
  expect(targets(['x'], 'npm', named('npm', 'x', { hiddenBy: 1 }))).toEqual([]);
  const archs = ['amd64', 'i386'].map((arch) => named('deb', 'x', { id: arch, arch }));
  const from = named('deb', 'from', { arch: 'i386', dependsOn: ['x'] });
  expect(resolvedDependencies([from, ...archs]).get('deb:from')).toEqual(['i386']);
});
