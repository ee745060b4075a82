import { expect, test } from 'vitest';
import { lockedLines } from '../../../../../test/support/read-lockfiles.ts';
import { bunLock } from './bun-lock.ts';

const read = (content: string) => lockedLines(bunLock, { 'bun.lock': content });

test('packages by place, with comments and commas behind the last one', () => {
  const lock = `{
  // written by bun
  "lockfileVersion": 1,
  "workspaces": {
    "": { "name": "app", "dependencies": { "a": "^1", "p": "workspace:packages/p", }, "devDependencies": { "t": "^5", "alias": "npm:@s/real@4" }, },
    "packages/p": { "name": "p", "version": "1.0.0", "devDependencies": { "b": "^9" } },
  },
  "packages": {
    "a": ["a@1.0.0", "", { "dependencies": { "b": "^2", "@s/c": "^3" } }, "sha512-,]//=="],
    "@s/c": ["@s/c@3.0.0", "", {}, "sha512-00"],
    "a/b": ["b@2.0.0", "", { "dependencies": { "a": "^1" } }, "sha512-00"],
    "alias": ["@s/real@4.0.0", "", {}, "sha512-00"],
    "b": ["b@1.0.0", "", {}, "sha512-00"], /* of t */
    "from-git": ["from-git@github:x/y#0123", {}, "x-y-0123"],
    "p": ["p@workspace:packages/p"],
    "p/b": ["b@9.0.0", "", {}, "sha512-00"],
    "t": ["t@5.0.0", "", { "optionalDependencies": { "b": "^1" }, "peerDependencies": { "@s/c": "*" } }, "sha512-00"],
  },
}`;
  expect(read(lock)).toEqual({
    rows: [
      'a 1.0.0 → b@^2 @s/c@^3',
      '@s/c 3.0.0',
      'b 2.0.0 → a@^1',
      '@s/real 4.0.0 dev',
      'b 1.0.0 dev',
      'b 9.0.0 dev',
      't 5.0.0 dev → b@^1',
    ],
    gaps: ['dependency-unresolved'],
  });
});

test('texts with quotes, slashes and commas stay as they are', () => {
  const lock = `{"workspaces":{},"packages":{"a":["a@1.0.0","",{"dependencies":{"b":"\\",]//\\\\"}},],},}`;
  expect(read(lock)).toEqual({ rows: ['a 1.0.0 → b@",]//\\'], gaps: [] });
});

test.each([
  ['no packages', '{"lockfileVersion": 1, "workspaces": {"": {"name": "app"}}, "packages": {}}', []],
  ['nothing', '', ['package-file-unparsable']],
  ['another file', '{"a": 1}', ['package-file-unparsable']],
  ['a list', '[]', ['package-file-unparsable']],
  ['a comment without an end', '{"workspaces": {}, "packages": {}} /* ', []],
  ['a text without an end', '{"workspaces": {}, "packages": {"', ['package-file-unparsable']],
  [
    'an entry that is none',
    '{"workspaces": {}, "packages": {"a": 1, "b": []}}',
    Array(2).fill('package-file-unparsable'),
  ],
])('%s', (_, content, gaps) => expect(read(content)).toEqual({ rows: [], gaps }));
