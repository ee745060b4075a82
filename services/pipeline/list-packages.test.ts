import { describe, expect, it } from 'vitest';
import {
  type FakeEntry,
  FakeLayerReader,
  fakeFile,
  fakeImage,
  fakeLink,
  fakeOptions,
} from '../../test/support/fake-layers.ts';
import { apkInstalled, dpkgStatus, OS_RELEASE } from '../../test/support/package-databases.ts';
import { LIMITS } from '../domain/limits.ts';
import { ANALYZERS } from '../domain/packages/registry.ts';
import { listPackages } from './list-packages.ts';
import { type FactsOptions, readFacts } from './read-facts.ts';

const STATUS = 'var/lib/dpkg/status';
const release = fakeFile('etc/os-release', OS_RELEASE.debian);
const debian = (...names: string[]): string => dpkgStatus(names.map((name) => ({ name, version: '1' })));
const status = (...names: string[]): FakeEntry => fakeFile(STATUS, debian(...names));

async function list(layers: readonly (readonly FakeEntry[])[], changes: Partial<FactsOptions> = {}) {
  const options = fakeOptions({ analyzers: ANALYZERS, ...changes });
  const reader = new FakeLayerReader(layers, ANALYZERS);
  const facts = await readFacts(fakeImage(layers.length), reader, options);
  const readings = reader.jobs.length;
  const found = await listPackages(facts, reader, options);
  return {
    ...found,
    found: found.packages
      .map(({ record, layer, hiddenBy }) => `${record.name} ${layer}${hiddenBy === null ? '' : ` hidden ${hiddenBy}`}`)
      .sort(),
    codes: found.gaps.map(({ code, layer }) => (layer === null ? code : `${code} ${layer}`)),
    second: reader.jobs
      .slice(readings)
      .map(({ layer, extra }) => [layer, extra!.map(({ realPath, as }) => `${realPath} as ${as}`)]),
  };
}

describe('packages of an image', () => {
  it('with the layer of each, and what the image is', async () => {
    const { found, codes, distribution, second } = await list([
      [release, status('a')],
      [fakeFile('x')],
      [status('a', 'b')],
    ]);
    expect(found).toEqual(['a 0', 'b 2']);
    expect([codes, second, distribution?.id]).toEqual([[], [], 'debian']);
  });

  it.each<readonly [string, readonly (readonly FakeEntry[])[], readonly string[], readonly string[]]>([
    ['nothing at all', [[fakeFile('app')]], [], ['no-packages']],
    ['packages of nobody knows what', [[status('a')]], ['a 0'], ['distribution-unknown']],
    [
      'a removed database',
      [[release, status('a')], [fakeFile('var/lib/dpkg/.wh.status')]],
      ['a 0 hidden 1'],
      ['package-database-removed 1'],
    ],
    [
      'a database removed by its directory',
      [[release, status('a')], [fakeFile('x')], [fakeFile('var/.wh.lib')]],
      ['a 0 hidden 2'],
      ['package-database-removed 2'],
    ],
    [
      'a directory that is made opaque',
      [[release, status('a')], [fakeFile('var/lib/dpkg/.wh..wh..opq')]],
      ['a 0 hidden 1'],
      ['package-database-removed 1'],
    ],
    [
      'an emptied database',
      [[release, status('a')], [fakeFile(STATUS)]],
      ['a 0 hidden 1'],
      ['package-database-removed 1'],
    ],
    [
      'a removed one that comes back',
      [[release, status('a')], [fakeFile('var/lib/dpkg/.wh.status')], [status('a')]],
      ['a 2'],
      [],
    ],
    [
      'removed and installed again',
      [[release, status('a', 'b')], [status('b')], [status('a', 'b')]],
      ['a 2', 'b 0'],
      [],
    ],
    [
      'names that only look like deletions',
      [
        [release, status('a')],
        [fakeFile('usr/bin/which'), fakeFile('x/wheel/METADATA')],
      ],
      ['a 0'],
      [],
    ],
    [
      'a link in the place of a directory above, and another database behind it',
      [[release, status('a'), fakeFile('opt/lib/dpkg/status', debian('b'))], [fakeLink('var', 'opt')]],
      ['b 1'],
      [],
    ],
    [
      'a link in the place of a directory above, and none behind it',
      [[release, status('a')], [fakeLink('var', 'opt')]],
      ['a 0 hidden 1'],
      ['package-database-removed 1'],
    ],
    [
      'a directory in the place of a link above',
      [
        [release, fakeLink('var', 'opt'), fakeFile('opt/lib/dpkg/status', debian('a'))],
        [{ name: 'var', type: 'directory' }],
      ],
      ['a 0 hidden 1'],
      ['package-database-removed 1'],
    ],
    [
      'a database that a link was waiting for',
      [[release, fakeLink('var/lib/dpkg', '/opt/db')], [fakeFile('opt/db/status', debian('a'))]],
      ['a 1'],
      [],
    ],
  ])('%s', async (_, layers, packages, gaps) => {
    const { found, codes } = await list(layers);
    expect(found).toEqual(packages);
    expect(codes).toEqual(gaps);
  });

  it('of a file for each package: one may go, all may not', async () => {
    const one = (name: string): FakeEntry =>
      fakeFile(`var/lib/dpkg/status.d/${name}`, `Package: ${name}\nVersion: 1\nArchitecture: all\n`);
    const both = [release, one('a'), one('b')];
    expect(await list([both, [fakeFile('var/lib/dpkg/status.d/.wh.a')]])).toMatchObject({ found: ['b 0'], codes: [] });
    const gone = await list([both, [fakeFile('var/lib/dpkg/.wh.status.d')]]);
    expect(gone).toMatchObject({ found: ['a 0 hidden 1', 'b 0 hidden 1'], codes: ['package-database-removed 1'] });
    expect(gone.gaps[0]).toMatchObject({ path: 'var/lib/dpkg/status.d', message: expect.stringContaining('RUN 1') });
  });

  it('beside a broken database are all there, and it is a gap as long as it is there', async () => {
    const installed = (text: string): FakeEntry => fakeFile('lib/apk/db/installed', text);
    const layers = [
      [release, installed(apkInstalled([{ name: 'a', version: '1' }]))],
      [fakeFile('usr/lib/sysimage/rpm/rpmdb.sqlite', 'garbage')],
    ];
    expect(await list(layers)).toMatchObject({ found: ['a 0'], codes: ['package-database-broken 1'] });
    const rpm = fakeFile('usr/lib/sysimage/rpm/rpmdb.sqlite', 'garbage');
    const removed = fakeFile('usr/lib/sysimage/rpm/.wh.rpmdb.sqlite');
    expect(await list([...layers, [rpm], [removed]])).toMatchObject({ found: ['a 0'], codes: [] });
  });
});

describe('a database that a broken one replaces', () => {
  it('is broken, not removed; and removed where a further layer removes that', async () => {
    const broken = [[release, status('a')], [fakeFile(STATUS, '\0'.repeat(2_000))]];
    const { found, codes } = await list(broken);
    expect([found, [...new Set(codes)]]).toEqual([['a 0 hidden 1'], ['package-database-broken 1']]);
    const removed = [...broken, [fakeFile('var/lib/dpkg/.wh.status')]];
    expect(await list(removed)).toMatchObject({ found: ['a 0 hidden 1'], codes: ['package-database-removed 1'] });
  });
});

describe('bytes that a name leads to', () => {
  it.each<readonly [string, readonly (readonly FakeEntry[])[], readonly unknown[]]>([
    [
      'through a link',
      [[release, fakeFile('opt/x', debian('a')), fakeLink(STATUS, '/opt/x')]],
      [[0, [`opt/x as ${STATUS}`]]],
    ],
    [
      'through a linked directory of a layer above',
      [[release, fakeFile('opt/db/status', debian('a'))], [fakeLink('var/lib/dpkg', '/opt/db')]],
      [[0, [`opt/db/status as ${STATUS}`]]],
    ],
    [
      'through a hard link to an earlier temporary file',
      [[release, fakeFile('tmp/x', debian('a')), fakeLink(STATUS, 'tmp/x', 'hardlink')]],
      [[0, [`tmp/x as ${STATUS}`]]],
    ],
    [
      'through a hard link to a layer below',
      [[release, fakeFile('tmp/x', debian('a'))], [fakeLink(STATUS, 'tmp/x', 'hardlink')]],
      [[0, [`tmp/x as ${STATUS}`]]],
    ],
    [
      'through a link to a file of another kind',
      [[release, fakeFile('var/lib/dpkg/info/a.list', debian('a')), fakeLink(STATUS, 'info/a.list')]],
      [[0, [`var/lib/dpkg/info/a.list as ${STATUS}`]]],
    ],
    [
      'not at all where the bytes are known by the other name',
      [[release, fakeFile('usr/lib/opkg/status', debian('a')), fakeLink('var/lib/opkg', '../../usr/lib/opkg')]],
      [],
    ],
  ])('are read a second time: %s', async (_, layers, second) => {
    const result = await list(layers);
    expect(result.second).toEqual(second);
    expect(result.found.map((line) => line.split(' ')[0])).toEqual(['a']);
    expect(result.codes).toEqual([]);
  });

  it('are not read a second time where the user left them out', async () => {
    const layers = [[release, fakeFile('opt/x', debian('a')), fakeLink(STATUS, '/opt/x')]];
    for (const skip of [{ skipFiles: ['opt/x'] }, { skipDirs: ['/var/lib/dpkg'] }]) {
      expect(await list(layers, skip)).toMatchObject({ second: [], found: [] });
    }
  });

  it('are as many as the limit allows, and the rest is a gap', async () => {
    const lists = Array.from({ length: 4 }, (_, i) => [
      fakeFile(`opt/${i}`, `Package: p${i}\nVersion: 1\n`),
      fakeLink(`var/lib/dpkg/status.d/p${i}`, `/opt/${i}`),
    ]);
    const layers = [[release, ...lists.flat()]];
    const limited = (secondReadPaths: number) => list(layers, { limits: { ...LIMITS, secondReadPaths } });
    expect(await limited(4)).toMatchObject({ codes: [], found: { length: 4 } });
    expect(await limited(3)).toMatchObject({ codes: ['limit-reached'], found: { length: 3 } });
  });

  it('that lead in a circle are a gap of the image as it stands, and none where a later layer mends it', async () => {
    const circle = [release, fakeLink(STATUS, 'status')];
    expect((await list([circle])).codes).toEqual(['wanted-file-unreadable', 'no-packages']);
    expect(await list([circle, [status('a')]])).toMatchObject({ found: ['a 1'], codes: [] });
  });
});
