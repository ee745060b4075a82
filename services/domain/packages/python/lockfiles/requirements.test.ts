import { describe, expect, test } from 'vitest';
import { lockedLines, lockfileRows, type ProjectFiles } from '../../../../../test/support/read-lockfiles.ts';
import { requirements } from './requirements.ts';

const read = (content: string | Uint8Array) => lockedLines(requirements, { 'requirements.txt': content });

test.each([
  ['requirements.txt', 'whole'],
  ['a/requirements-dev.txt', 'whole'],
  ['dev_requirements.txt', 'whole'],
  ['requirements.prod.txt', 'whole'],
  ['requirements/dev.txt', 'whole'],
  ['constraints.txt', 'whole'],
  ['requirements.in', 'no'],
  ['myrequirements.txt', 'no'],
  ['notes.txt', 'no'],
  ['.venv/lib/python3.12/site-packages/x/requirements.txt', 'no'],
])('%s: %s', (path, wanted) => {
  expect(requirements.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe(wanted);
});

test('what is pinned', () => {
  const text = `# comment
--index-url https://example.org/simple
-i https://example.org/simple
click==8.0.0
Flask [async,dotenv] == 2.0.0 # behind a blank
itsdangerous===2.0.0
Jinja2>=3,==3.0.0,<4 ; python_version < "3.13"
werkzeug==2.0 \\
    --hash=sha256:00 \\
    --hash=sha256:11
old (==1.0)
wheel @ https://example.org/w/some_wheel-1.2.3-py3-none-any.whl#sha256=00
six==1.16.0;python_version=='2.7'
epoch==1!2.0+local.1
`;
  expect(read(text)).toEqual({
    rows: [
      ...['click 8.0.0', 'Flask 2.0.0', 'itsdangerous 2.0.0', 'Jinja2 3.0.0', 'werkzeug 2.0', 'old 1.0', 'wheel 1.2.3'],
      ...['six 1.16.0', 'epoch 1!2.0+local.1'],
    ],
    gaps: [],
  });
});

test.each([
  'a',
  'a>=1',
  'a~=1.0',
  'a==1.*',
  'a!=1',
  'a[x]<2',
  'a @ git+https://example.org/a.git@v1',
  'git+https://example.org/a.git#egg=a',
  '-e git+ssh://git@example.org/a.git',
  'https://example.org/a-1.0.tar.gz',
])('%s says no version', (line) => expect(read(line)).toEqual({ rows: [], gaps: ['dependency-unresolved'] }));

test.each([
  '',
  '# nothing',
  '-e .',
  '--editable=./sub',
  './sub',
  '../wheels/a-1.0-py3-none-any.whl',
  'file:///a',
  '--no-binary :all:',
])('%j is no package of an index', (line) => expect(read(line)).toEqual({ rows: [], gaps: [] }));

test.each(['a b', '<<<<<<< HEAD', 'a==', '==1', '{"a": 1}', 'a===='])('%s is no requirement', (line) => {
  const { rows, gaps } = read(line);
  expect([rows, gaps.length]).toEqual([[], 1]);
});

test('UTF-16 as PowerShell writes it, and a byte order mark', () => {
  expect(read(Uint8Array.from(Buffer.from('\ufeffa==1.0\r\nb==2.0\r\n', 'utf16le'))).rows).toEqual(['a 1.0', 'b 2.0']);
  expect(read('\ufeffa==1.0\n').rows).toEqual(['a 1.0']);
});

describe('files that include others', () => {
  const readAll = (files: ProjectFiles) => lockfileRows(requirements, files);

  test('each is read by itself, and constraints say versions for all of them', () => {
    expect(
      readAll({
        'requirements.txt': '-r requirements/base.txt\n-c constraints.txt\nb==2\n',
        'requirements/base.txt': 'A.x>=1\nc\n',
        'constraints.txt': 'a_X==1.5\nunused==9\n-r more-constraints.txt\n',
        'more-constraints.txt': 'c==7\n',
      }),
    ).toMatchObject({
      'requirements.txt': ['b@2'],
      'requirements/base.txt': ['A.x@1.5', expect.stringMatching(/^dependency-unresolved/)],
    });
  });

  test('a constraints file asks for nothing, and what is not included constrains nothing', () => {
    expect(readAll({ 'constraints.txt': 'a==1\n' })).toEqual({});
    expect(readAll({ 'constraints.txt': 'a==1\n', 'requirements.txt': 'a\n' })['requirements.txt']).toEqual([
      expect.stringMatching(/^dependency-unresolved/),
    ]);
  });

  test('circles end', () => {
    const files = {
      'requirements.txt': '-r requirements-b.txt\n-c requirements.txt\na==1\n',
      'requirements-b.txt': '-r requirements.txt\nb==1\n',
    };
    expect(readAll(files)).toEqual({ 'requirements.txt': ['a@1'], 'requirements-b.txt': ['b@1'] });
  });

  test.each([
    '../../outside-requirements.txt',
    '/etc/requirements.txt',
    'https://example.org/requirements.txt',
    'absent-requirements.txt',
    'base.txt',
  ])('one that leads to %s is told', (to) => {
    const files = {
      'app/requirements.txt': `-r ${to}\na==1\n`,
      'app/base.txt': 'x==1\n',
      'outside-requirements.txt': '',
    };
    expect(readAll(files)['app/requirements.txt']).toEqual([
      'a@1',
      expect.stringMatching(/^package-file-unparsable: it includes/),
    ]);
  });
});
