import { expect, test } from 'vitest';
import { lockedLines } from '../../../../../test/support/read-lockfiles.ts';
import { poetryLock } from './poetry-lock.ts';

const METADATA = '\n[metadata]\nlock-version = "2.0"\n';
const read = (content: string, manifest?: string) =>
  lockedLines(poetryLock, {
    'a/poetry.lock': content,
    ...(manifest !== undefined && { 'a/pyproject.toml': manifest }),
  });

const entry = (name: string, rest = '') => `[[package]]\nname = "${name}"\nversion = "1.0"\n${rest}`;

test('categories of Poetry before 1.5, and groups since 2.0', () => {
  expect(read(entry('a', 'category = "main"\n') + entry('b', 'category = "dev"\n') + METADATA).rows).toEqual([
    'a 1.0',
    'b 1.0 dev',
  ]);
  const groups =
    entry('a', 'groups = ["main", "dev"]\n') + entry('b', 'groups = ["dev", "docs"]\n') + entry('c', 'groups = []\n');
  expect(read(groups + METADATA).rows).toEqual(['a 1.0', 'b 1.0 dev', 'c 1.0']);
});

const LINKED =
  entry(
    'a',
    '[package.dependencies]\nShared = ">=1"\nplain = "*"\nmany = [{version = ">=1", markers = "x"}, {version = "<9"}]\n',
  ) +
  entry('Dev_Tool', '[package.dependencies]\nshared = {version = "^1", optional = true}\ndeep = "*"\n') +
  entry('shared') +
  entry('deep', '[package.dependencies]\n"dev.tool" = "*"\n');

test.each([
  [
    'of Poetry',
    '[tool.poetry.dependencies]\npython = "^3"\na = "^1"\n[tool.poetry.group.dev.dependencies]\n"dev-tool" = "*"\n',
  ],
  ['of old', '[tool.poetry.dependencies]\na = "^1"\n[tool.poetry.dev-dependencies]\ndev-tool = "*"\n'],
  [
    'of the standards',
    '[project]\ndependencies = ["a>=1"]\n[dependency-groups]\ndev = ["Dev.Tool[x]>=1", {include-group = "y"}]\n',
  ],
])('between them the manifest tells: %s', (_, manifest) => {
  expect(read(LINKED + METADATA, manifest)).toEqual({
    rows: [
      'a 1.0 → Shared (>=1) plain many (>=1 || <9)',
      'Dev_Tool 1.0 dev → shared (^1) deep',
      'shared 1.0',
      'deep 1.0 dev → dev.tool',
    ],
    gaps: [],
  });
});

test('without a manifest nothing is for development, and one that is broken is told', () => {
  expect(read(LINKED + METADATA).rows.filter((row) => row.includes(' dev →'))).toEqual([]);
  expect(read(entry('a') + METADATA, '= 1')).toEqual({ rows: ['a 1.0'], gaps: ['package-file-unparsable'] });
});

test('folders of the project are none; what comes from git or an archive has a version', () => {
  const source = (type: string) => `[package.source]\ntype = "${type}"\nurl = "x"\n`;
  const lock = ['directory', 'git', 'file', 'url', 'legacy'].map((type) => entry(type, source(type))).join('');
  expect(read(lock + METADATA).rows).toEqual(['git 1.0', 'file 1.0', 'url 1.0', 'legacy 1.0']);
});

test.each([
  ['no packages', METADATA, []],
  ['no TOML', '[[package', ['package-file-unparsable']],
  ['nothing', '', ['package-file-unparsable']],
  ['packages that are none', `package = 1\n${METADATA}`, ['package-file-unparsable']],
  ['a package without a name', `[[package]]\nversion = "1"\n${METADATA}`, ['package-file-unparsable']],
  ['a package without a version', `[[package]]\nname = "a"\n${METADATA}`, ['dependency-unresolved']],
  ['a prototype', `__proto__ = 1\n${METADATA}`, []],
  ['deep nesting', `a = ${'['.repeat(100_000)}`, ['package-file-unparsable']],
])('%s', (_, content, gaps) => expect(read(content)).toEqual({ rows: [], gaps }));
