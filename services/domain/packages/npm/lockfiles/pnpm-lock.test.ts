import { expect, test } from 'vitest';
import { lockedLines } from '../../../../../test/support/read-lockfiles.ts';
import { pnpmLock } from './pnpm-lock.ts';

const read = (content: string) => lockedLines(pnpmLock, { 'pnpm-lock.yaml': content });

test('versions 5: keys of slashes', () => {
  const lock = `lockfileVersion: 5.4
packages:
  /a/1.10.0:
    resolution: {integrity: sha512-00}
    dependencies:
      '@s/b': 2.0.0_react@18.0.0
      alias: /real/4.0.0
      local: link:../local
    dev: false
  /@s/b/2.0.0_react@18.0.0:
    resolution: {integrity: sha512-00}
    dev: true
  /old/3.0.0/react@16.0.0:
    dev: false
  registry.example.org/c/3.1.0:
    dev: true
  github.com/x/from-git/0123456789:
    name: from-git
    version: 5.0.0
  file:../local:
    resolution: {directory: ../local, type: directory}
    name: local
    version: 1.0.0
`;
  expect(read(lock)).toEqual({
    rows: ['a 1.10.0 → @s/b@2.0.0 real@4.0.0', '@s/b 2.0.0 dev', 'old 3.0.0', 'c 3.1.0 dev', 'from-git 5.0.0'],
    gaps: [],
  });
});

test.each(['6.0', '6.1', '7.0'])('version %s: keys with @, peers in brackets', (version) => {
  const lock = `lockfileVersion: '${version}'
packages:
  /a@1.0.0(@s/b@2.0.0)(react@18.0.0):
    dependencies:
      '@s/b': 2.0.0(react@18.0.0)
      alias: /@s/real@4.0.0(x@1.0.0)
    optionalDependencies:
      d: 3.0.0
    dev: false
  /@s/b@2.0.0(react@18.0.0):
    dev: true
  '@codeload.github.com/x/y/tar.gz/0123':
    resolution: {tarball: https://codeload.github.com/x/y/tar.gz/0123}
    name: y
    version: 5.0.0
    dev: true
  file:../local(react@18.0.0):
    resolution: {directory: ../local, type: directory}
    name: local
`;
  expect(read(lock)).toEqual({
    rows: ['a 1.0.0 → @s/b@2.0.0 @s/real@4.0.0 d@3.0.0', '@s/b 2.0.0 dev', 'y 5.0.0 dev'],
    gaps: [],
  });
});

const V9 = `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a: {specifier: ^1, version: 1.0.0(react@18.0.0)}
    devDependencies:
      t: {specifier: ^5, version: 5.0.0}
      alias: {specifier: 'npm:@s/real@4', version: '@s/real@4.0.0(react@18.0.0)'}
  packages/p:
    optionalDependencies:
      o: {specifier: ^6, version: 6.0.0}
    devDependencies:
      app: {specifier: 'workspace:*', version: link:../..}
packages:
  a@1.0.0: {resolution: {integrity: sha512-00}}
  '@s/b@2.0.0': {resolution: {integrity: sha512-00}}
  '@s/real@4.0.0': {resolution: {integrity: sha512-00}}
  o@6.0.0: {resolution: {integrity: sha512-00}}
  t@5.0.0: {resolution: {integrity: sha512-00}}
  y@https://codeload.github.com/x/y/tar.gz/0123: {resolution: {tarball: x}, version: 7.0.0}
  local@file:local: {resolution: {directory: local, type: directory}}
snapshots:
  a@1.0.0(react@18.0.0):
    dependencies: {'@s/b': 2.0.0, y: https://codeload.github.com/x/y/tar.gz/0123}
  '@s/b@2.0.0':
    dependencies: {a: 1.0.0(react@18.0.0)}
  '@s/real@4.0.0(react@18.0.0)': {}
  o@6.0.0: {}
  t@5.0.0:
    dependencies: {'@s/b': 2.0.0, other: '@s/real@4.0.0(react@18.0.0)'}
  y@https://codeload.github.com/x/y/tar.gz/0123: {}
`;

test('version 9: the importers tell what is for development', () => {
  expect(read(V9)).toEqual({
    rows: [
      'a 1.0.0 → @s/b@2.0.0 y@https://codeload.github.com/x/y/tar.gz/0123',
      '@s/b 2.0.0 → a@1.0.0',
      '@s/real 4.0.0 dev',
      'o 6.0.0',
      't 5.0.0 dev → @s/b@2.0.0 @s/real@4.0.0',
      'y 7.0.0',
    ],
    gaps: [],
  });
});

test('several documents, as pnpm 11 writes its own packages first', () => {
  const own = "lockfileVersion: '9.0'\npackages:\n  pnpm@11.0.0: {}\n";
  expect(read(`---\n${own}\n---\n${V9}`).rows).toHaveLength(7);
});

test.each([
  ['no packages', "lockfileVersion: '9.0'\n", []],
  ['no version', 'packages:\n  a@1.0.0: {}\n', ['package-file-unparsable']],
  ['a version of the future', "lockfileVersion: '10.0'\n", ['package-file-unparsable']],
  ['no YAML', 'a: [', ['package-file-unparsable']],
  ['a list', '- a\n', ['package-file-unparsable']],
  ['nothing', '', ['package-file-unparsable']],
  ['an entry that is none', "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: x\n", ['package-file-unparsable']],
  ['a key that is none', "lockfileVersion: '9.0'\npackages:\n  a: {}\n", ['dependency-unresolved']],
])('%s', (_, content, gaps) => expect(read(content)).toEqual({ rows: [], gaps }));

test('keys of prototypes are names like any other', () => {
  expect(read("lockfileVersion: '9.0'\npackages:\n  __proto__@1.0.0: {}\n  constructor@2.0.0: {}\n").rows).toEqual([
    '__proto__ 1.0.0',
    'constructor 2.0.0',
  ]);
});
