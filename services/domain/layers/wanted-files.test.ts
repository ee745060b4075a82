import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectLayer } from '../../../test/support/collected-layer.ts';
import { PATHS, STACKS } from '../../../test/support/layer-stacks.ts';
import type { RawEntry } from '../../../test/support/unpacked-image.ts';
import { LIMITS } from '../limits.ts';
import { type Analyzer, EMPTY_UNIT } from '../packages/ecosystem.ts';
import { ImageView } from './view.ts';
import { concerns, wantedFiles } from './wanted-files.ts';

function analyzer(id: string, roots: readonly string[], wants: (path: string) => boolean): Analyzer {
  return {
    id,
    version: 1,
    roots,
    wants: ({ path }) => (wants(path) ? 'whole' : 'no'),
    readDatabase: () => ({ units: [{ ...EMPTY_UNIT, path: '' }] }),
  };
}

/** A database that is a directory, under two names, and a single file under two names. */
const packages = analyzer('packages', ['db', 'usr/db'], (path) => /^(?:usr\/)?db\/(?:status|list\/.+)$/.test(path));
const release = analyzer('release', ['etc/release', 'usr/release'], (path) => /^(?:etc|usr)\/release$/.test(path));
const ANALYZERS = [packages, release];

type Shorthand =
  | string
  | readonly [name: string, type: 'symlink' | 'hardlink', target: string]
  | readonly [string, 'directory' | 'fifo'];

function raw(entry: Shorthand): RawEntry {
  if (typeof entry === 'string') return { name: entry, type: 'file' };
  const [name, type, target] = entry;
  return target === undefined ? { name, type } : { name, type, target };
}

function search(...layers: readonly (readonly Shorthand[])[]) {
  const view = new ImageView();
  for (const layer of layers) view.push(collectLayer(layer.map(raw)));
  const { files, problems } = wantedFiles(view, layers.length - 1, ANALYZERS, LIMITS);
  return {
    files: files.map(
      ({ name, layer, realPath, readAs }) =>
        `${name} = ${layer}:${realPath}${readAs === realPath ? '' : ` as ${readAs}`}`,
    ),
    problems: problems.map(({ path, message }) => `${path}: ${message}`),
  };
}

describe('well-known names', () => {
  it.each<readonly [string, readonly (readonly Shorthand[])[], readonly string[]]>([
    [
      'as they stand',
      [['db/status', 'db/other', 'etc/release']],
      ['db/status = 0:db/status', 'etc/release = 0:etc/release'],
    ],
    [
      'the upper layer counts',
      [['db/status', 'db/list/a'], ['db/status']],
      ['db/list/a = 0:db/list/a', 'db/status = 1:db/status'],
    ],
    ['deleted ones do not', [['db/status', 'db/list/a'], ['db/.wh.status']], ['db/list/a = 0:db/list/a']],
    [
      'a link between two known names is read once',
      [['usr/release', ['etc/release', 'symlink', '../usr/release']]],
      ['etc/release = 0:usr/release'],
    ],
    ['a directory behind a link', [['usr/db/status'], [['db', 'symlink', 'usr/db']]], ['db/status = 0:usr/db/status']],
    [
      'a directory behind a link to where nobody looks',
      [['opt/db/status'], [['db', 'symlink', '/opt/db']]],
      ['db/status = 0:opt/db/status as db/status'],
    ],
    [
      'a link to a file of another kind is not read as that',
      [['db/list/a', ['db/status', 'symlink', 'list/a']]],
      ['db/list/a = 0:db/list/a', 'db/status = 0:db/list/a as db/status'],
    ],
    [
      'a hard link to an earlier temporary file',
      [['tmp/x', ['db/status', 'hardlink', 'tmp/x']]],
      ['db/status = 0:tmp/x as db/status'],
    ],
    [
      'a hard link to a file of a lower layer',
      [['tmp/x'], [['db/status', 'hardlink', 'tmp/x']]],
      ['db/status = 0:tmp/x as db/status'],
    ],
    [
      'a hard link to a file that a later layer deletes',
      [['tmp/x', ['db/status', 'hardlink', 'tmp/x']], ['tmp/.wh.x']],
      ['db/status = 0:tmp/x as db/status'],
    ],
    [
      'a link inside to a directory',
      [['opt/l/a', ['db/list', 'symlink', '../opt/l']]],
      ['db/list/a = 0:opt/l/a as db/list/a'],
    ],
    [
      'a link that leads outside stays inside',
      [['db/x', ['db/status', 'symlink', '../../../../db/x']]],
      ['db/status = 0:db/x as db/status'],
    ],
  ])('%s', (_, layers, files) => {
    expect(search(...layers)).toEqual({ files, problems: [] });
  });

  it.each<readonly [string, readonly (readonly Shorthand[])[], readonly string[]]>([
    [
      'a circle at the top',
      [
        [
          ['db', 'symlink', 'usr/db'],
          ['usr/db', 'symlink', '/db'],
        ],
      ],
      ['db: its links lead in a circle', 'usr/db: its links lead in a circle'],
    ],
    ['a circle inside', [[['db/status', 'symlink', 'status']]], ['db/status: its links lead in a circle']],
    ['a link to nothing', [[['db/status', 'symlink', 'gone']]], ['db/status: it is a link that leads nowhere']],
    [
      'a hard link to nothing',
      [[['db/status', 'hardlink', 'gone']]],
      ['db/status: its hard link leads nowhere, not a file that can be read'],
    ],
    ['a fifo', [[['db/status', 'fifo']]], ['db/status: it is a fifo, not a file that can be read']],
    [
      'a link to a directory that holds it',
      [[['db/list/a', 'symlink', '.']]],
      [expect.stringContaining('nested too deeply')],
    ],
  ])('%s is a problem', (_, layers, problems) => {
    expect(search(...layers)).toEqual({ files: [], problems });
  });

  it('finds what a link to the root leads to, and stops going round in it', () => {
    const { files, problems } = search(['status', ['db', 'symlink', '/']]);
    expect(files).toEqual(['db/status = 0:status as db/status']);
    expect(problems).toEqual([expect.stringContaining('nested too deeply')]);
  });

  it('names that nobody wants are none', () => {
    expect(
      search([
        ['db/x', 'symlink', 'gone'],
        ['db/y', 'fifo'],
        ['etc/release', 'directory'],
      ]),
    ).toEqual({ files: [], problems: [] });
  });

  it('follows so many links, and says so', () => {
    const links = Array.from(
      { length: LIMITS.secondReadPaths + 1 },
      (_, i): Shorthand => [`db/list/${i}`, 'symlink', '/tmp/x'],
    );
    const { files, problems } = search(['tmp/x', ...links]);
    expect(files).toHaveLength(LIMITS.secondReadPaths);
    expect(problems).toEqual([expect.stringContaining('more than 10000 links in package databases')]);
  });
});

describe('whether a layer concerns a search', () => {
  const concerned = (below: readonly Shorthand[], layer: readonly Shorthand[]): boolean => {
    const view = new ImageView();
    view.push(collectLayer(below.map(raw)));
    return concerns(collectLayer(layer.map(raw)), wantedFiles(view, 0, ANALYZERS, LIMITS));
  };

  it.each<readonly [string, readonly Shorthand[], readonly Shorthand[], boolean]>([
    ['files elsewhere', ['db/status', 'etc/hosts'], ['app/x', 'etc/passwd', ['etc', 'directory']], false],
    ['a file of the database', ['db/status'], ['db/status'], true],
    ['a deletion in it', ['db/status'], ['db/.wh.status'], true],
    ['a deletion of all', ['db/status'], ['.wh..wh..opq'], true],
    ['a link in the place of a directory above', ['usr/db/status'], [['usr', 'symlink', 'opt']], true],
    ['a directory in the place of a link above', [['usr', 'symlink', 'opt'], 'opt/db/status'], ['usr/share/x'], true],
    ['what a link was waiting for', [['db', 'symlink', '/opt/db']], ['opt/db/status'], true],
    ['beside what a link was waiting for', [['db', 'symlink', '/opt/db']], ['other/x'], false],
  ])('%s: %j under %j is %j', (_, below, layer, expected) => {
    expect(concerned(below, layer)).toBe(expected);
  });

  it('is never denied where a new search finds something else', () => {
    const roots = fc.uniqueArray(fc.constantFrom(...PATHS), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(STACKS, roots, (layers, names) => {
        const analyzers = [analyzer('x', names, (path) => path.length % 2 === 1)];
        const view = new ImageView();
        let last: ReturnType<typeof wantedFiles> | null = null;
        for (const [top, entries] of layers.entries()) {
          const layer = collectLayer(entries);
          view.push(layer);
          const found = wantedFiles(view, top, analyzers, LIMITS);
          if (last !== null && !concerns(layer, last)) {
            expect([found.files, found.problems]).toEqual([last.files, last.problems]);
          }
          last = found;
        }
      }),
      { numRuns: 800 },
    );
  }, 20_000);
});
