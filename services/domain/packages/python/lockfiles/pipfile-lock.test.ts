import { expect, test } from 'vitest';
import { lockedLines } from '../../../../../test/support/read-lockfiles.ts';
import { pipfileLock } from './pipfile-lock.ts';

const read = (content: unknown) =>
  lockedLines(pipfileLock, { 'Pipfile.lock': typeof content === 'string' ? content : JSON.stringify(content) });

test('default, develop, and categories of the project', () => {
  const lock = {
    _meta: { 'pipfile-spec': 6 },
    default: {
      flask: { version: '==2.0.0', hashes: [] },
      own: { path: '.', editable: true },
      both: { version: '==1' },
    },
    develop: { pytest: { version: '==8.0.0', markers: 'x' }, both: { version: '==1' } },
    docs: { sphinx: { version: '===7.0' } },
  };
  expect(read(lock)).toEqual({ rows: ['flask 2.0.0', 'both 1', 'pytest 8.0.0 dev', 'sphinx 7.0'], gaps: [] });
});

test.each([
  ['no packages', { _meta: {}, default: {}, develop: {} }, []],
  [
    'no version',
    { _meta: {}, default: { a: { git: 'https://example.org/a.git', ref: '0123' }, b: { version: '*' } } },
    Array(2).fill('dependency-unresolved'),
  ],
  ['no packages in a category', { _meta: {}, default: [] }, ['package-file-unparsable']],
  ['an entry that is none', { _meta: {}, default: { a: '==1' } }, ['package-file-unparsable']],
  ['another file', {}, ['package-file-unparsable']],
  ['no JSON', '{', ['package-file-unparsable']],
])('%s', (_, content, gaps) => expect(read(content)).toEqual({ rows: [], gaps }));
