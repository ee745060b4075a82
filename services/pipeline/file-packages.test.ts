import { describe, expect, it } from 'vitest';
import {
  type FakeEntry,
  FakeLayerReader,
  fakeFile,
  fakeImage,
  fakeLink,
  fakeOptions,
} from '../../test/support/fake-layers.ts';
import { MemoryFactsCache } from '../../test/support/memory-facts-cache.ts';
import { dpkgStatus, OS_RELEASE } from '../../test/support/package-databases.ts';
import { LIMITS } from '../domain/limits.ts';
import { ANALYZERS } from '../domain/packages/registry.ts';
import { listPackages } from './list-packages.ts';
import { type FactsOptions, readFacts } from './read-facts.ts';

const manifest = (name: string, version = '1.0.0'): string => JSON.stringify({ name, version });
const module = (name: string, version?: string, below = 'srv/app'): FakeEntry =>
  fakeFile(`${below}/node_modules/${name}/package.json`, manifest(name, version));
const wheel = (name: string, below = 'usr/lib/python3/dist-packages'): FakeEntry =>
  fakeFile(`${below}/${name}-2.0.dist-info/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: 2.0\n`);
const debian = [
  fakeFile('etc/os-release', OS_RELEASE.debian),
  fakeFile('var/lib/dpkg/status', dpkgStatus([{ name: 'python3-six', version: '1' }])),
];

async function list(layers: readonly (readonly FakeEntry[])[], changes: Partial<FactsOptions> = {}) {
  const options = fakeOptions({ analyzers: ANALYZERS, ...changes });
  const reader = new FakeLayerReader(layers, ANALYZERS);
  const facts = await readFacts(fakeImage(layers.length), reader, options);
  const first = reader.jobs.length;
  const { packages, gaps } = await listPackages(facts, reader, options);
  return {
    found: packages
      .filter(({ record }) => record.type !== 'deb')
      .map(({ record, layer, paths, owner }) => {
        const by = owner === null ? '' : ` of ${owner.record.name}`;
        return `${record.name} ${record.version} ${layer}: ${paths.join(', ')}${by}`;
      })
      .sort(),
    gaps: [...facts.flatMap((layer) => layer.gaps), ...gaps].map(({ code, layer, path }) => `${code} ${layer} ${path}`),
    second: reader.jobs.slice(first).flatMap(({ extra }) => extra!.map(({ realPath, as }) => `${realPath} as ${as}`)),
  };
}

describe('packages that files name', () => {
  it.each<readonly [string, readonly (readonly FakeEntry[])[], readonly string[]]>([
    ['are found anywhere', [[module('a')]], ['a 1.0.0 0: srv/app/node_modules/a/package.json']],
    ['are gone with their file', [[module('a')], [fakeFile('srv/app/node_modules/a/.wh.package.json')]], []],
    ['are gone with a directory above it', [[module('a')], [fakeFile('srv/.wh.app')]], []],
    ['are gone behind an opaque directory', [[module('a')], [fakeFile('srv/app/.wh..wh..opq')]], []],
    ['are gone where a link stands above them', [[module('a')], [fakeLink('srv/app', '/opt')]], []],
    [
      'are those that the last layer says',
      [[module('a', '1.0.0')], [module('a', '1.0.1')]],
      ['a 1.0.1 1: srv/app/node_modules/a/package.json'],
    ],
    [
      'count for the layer that first said the same there',
      [[module('b', '0.9.0'), module('a')], [module('a')], [fakeFile('x')], [module('a'), module('b')]],
      ['a 1.0.0 0: srv/app/node_modules/a/package.json', 'b 1.0.0 3: srv/app/node_modules/b/package.json'],
    ],
    [
      'count for the later layer where they were gone in between',
      [[module('a')], [fakeFile('srv/.wh.app')], [module('a')]],
      ['a 1.0.0 2: srv/app/node_modules/a/package.json'],
    ],
    [
      'are one entry for all files of one layer, and another for another layer',
      [[module('a'), module('a', '1.0.0', 'opt')], [module('a', '1.0.0', 'usr')]],
      [
        'a 1.0.0 0: opt/node_modules/a/package.json, srv/app/node_modules/a/package.json',
        'a 1.0.0 1: usr/node_modules/a/package.json',
      ],
    ],
    [
      'are one also where names are spelt differently',
      [[wheel('Zope_Interface', 'a'), wheel('zope-interface', 'b')]],
      ['Zope_Interface 2.0 0: a/Zope_Interface-2.0.dist-info/METADATA, b/zope-interface-2.0.dist-info/METADATA'],
    ],
  ])('%s', async (_, layers, found) => {
    expect((await list(layers)).found).toEqual(found);
  });

  it('are no removed database where they are deleted', async () => {
    const { gaps } = await list([[...debian, module('a')], [fakeFile('srv/.wh.app')]]);
    expect(gaps).toEqual([]);
  });
});

describe('packages that hard links name', () => {
  const store = 'usr/share/store';

  it('count although the link is all that is left, without a second reading where the names are alike', async () => {
    const link = fakeLink('usr/local/six-2.0.dist-info/METADATA', `${store}/six-2.0.dist-info/METADATA`, 'hardlink');
    const { found, second } = await list([[wheel('six', store), link]]);
    expect(found).toEqual([`six 2.0 0: ${link.name}, ${store}/six-2.0.dist-info/METADATA`].sort());
    expect(second).toEqual([]);
  });

  it('are read a second time where the bytes lie under a name that says nothing', async () => {
    const link = fakeLink('srv/node_modules/a/package.json', `${store}/3f/a9`, 'hardlink');
    const { found, second, gaps } = await list([
      [fakeFile(`${store}/3f/a9`, manifest('a')), link],
      [fakeFile('x')],
      [module('b')],
    ]);
    expect(found).toEqual(['a 1.0.0 0: srv/node_modules/a/package.json', `b 1.0.0 2: ${module('b').name}`]);
    expect(second).toEqual([`${store}/3f/a9 as srv/node_modules/a/package.json`]);
    expect(gaps).toEqual([]);
  });

  it('are nothing where the link leads nowhere', async () => {
    const { found } = await list([[fakeLink('srv/node_modules/a/package.json', 'nowhere', 'hardlink'), module('b')]]);
    expect(found).toEqual([`b 1.0.0 0: ${module('b').name}`]);
  });
});

describe('packages in files that a distribution package owns', () => {
  const six = wheel('six');
  const listed = (path: string) => fakeFile('var/lib/dpkg/info/python3-six.list', `/.\n/${path}\n`);

  it('say whose they are, from the cache too; another copy has no owner', async () => {
    const layers = [[...debian, six, listed(six.name)], [wheel('six', 'opt/venv')]];
    const cache = new MemoryFactsCache();
    const { found } = await list(layers, { cache });
    expect(found).toEqual([
      'six 2.0 0: usr/lib/python3/dist-packages/six-2.0.dist-info/METADATA of python3-six',
      'six 2.0 1: opt/venv/six-2.0.dist-info/METADATA',
    ]);
    expect((await list(layers, { cache })).found).toEqual(found);
  });

  it('have no owner where the list names another file of that name', async () => {
    expect((await list([[...debian, six, listed(`x/${six.name}`)]])).found).toEqual([
      'six 2.0 0: usr/lib/python3/dist-packages/six-2.0.dist-info/METADATA',
    ]);
  });
});

describe('files that cannot be parsed', () => {
  const broken = (i: number) => fakeFile(`srv/node_modules/p${i}/package.json`, '{');

  it('are listed one by one up to a limit, and then counted', async () => {
    const many = Array.from({ length: 25 }, (_, i) => broken(i));
    const { gaps } = await list([[...debian, ...many], [fakeFile('srv/node_modules/.wh.p0')]], {
      limits: { ...LIMITS, listedFlaws: 3 },
    });
    expect(gaps).toEqual([
      ...[1, 10, 11].map((i) => `package-file-unparsable 0 srv/node_modules/p${i}/package.json`),
      'package-file-unparsable null null',
    ]);
  });

  it('are nothing where the user left them out, which is listed', async () => {
    const { gaps, found } = await list([[...debian, broken(1), module('a')]], { skipDirs: ['srv'] });
    expect(found).toEqual([]);
    expect([...new Set(gaps)]).toEqual([
      'skipped-by-option 0 srv/node_modules/p1/package.json',
      'skipped-by-option 0 srv/app/node_modules/a/package.json',
    ]);
  });
});
