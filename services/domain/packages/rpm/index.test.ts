import { describe, expect, it } from 'vitest';
import { readContext } from '../../../../test/support/read-context.ts';
import { buildRpmDatabase, buildSqliteWithWal } from '../../../../test/support/rpm-databases.ts';
import { rpm } from './index.ts';

const wants = (path: string, type: 'file' | 'symlink' | 'directory' = 'file') =>
  rpm.wants({ path, type, mode: 0o644, size: 1 }, () => new Uint8Array());
const text = (value: string) => new TextEncoder().encode(value);
const read = (files: Record<string, Uint8Array>) =>
  rpm.readDatabase(
    Object.entries(files).map(([path, bytes]) => ({ path, bytes })),
    readContext(),
  ).units;

describe('what the rpm analyzer wants', () => {
  it.each([
    'var/lib/rpm/Packages',
    'var/lib/rpm/Packages.db',
    'var/lib/rpm/rpmdb.sqlite',
    'usr/lib/sysimage/rpm/rpmdb.sqlite-wal',
    'usr/share/rpm/rpmdb.sqlite-journal',
    'var/lib/rpmmanifest/container-manifest-2',
    'root/buildinfo/content_manifests/ubi8-container-8.5-204.json',
    'root/buildinfo/labels.json',
    'usr/share/buildinfo/content_manifest.json',
  ])('%s', (path) => {
    expect(wants(path)).toBe('whole');
    expect(wants(path, 'symlink')).toBe('no');
    expect(wants(path, 'directory')).toBe('no');
  });

  it.each([
    'var/lib/rpm/Name',
    'var/lib/rpm/rpmdb.sqlite-shm',
    'var/lib/rpm/old/Packages',
    'Packages',
    'opt/var/lib/rpm/Packages',
    'var/lib/rpmmanifest/container-manifest-1',
    'root/buildinfo/Dockerfile-ubi8-8.5-204',
    'root/buildinfo/content_manifests/sbom-cyclonedx.json',
  ])('and not %s', (path) => {
    expect(wants(path)).toBe('no');
  });
});

describe('files of one layer together', () => {
  const package1 = { name: 'a', version: '1', release: '1' };
  const { database, wal } = buildSqliteWithWal([package1], [{ ...package1, name: 'b' }]);

  it('are one unit per database, its log applied', () => {
    const units = read({
      'var/lib/rpm/rpmdb.sqlite-wal': wal,
      'var/lib/rpm/rpmdb.sqlite': database,
      'usr/lib/sysimage/rpm/Packages.db': buildRpmDatabase('ndb', [package1]),
    });
    expect(units.map((unit) => [unit.path, unit.packages.map((found) => found.name), unit.gaps])).toEqual([
      ['var/lib/rpm/rpmdb.sqlite', ['a', 'b'], []],
      ['usr/lib/sysimage/rpm/Packages.db', ['a'], []],
    ]);
  });

  it('do not lend a log to a database of another folder', () => {
    const units = read({ 'var/lib/rpm/rpmdb.sqlite': database, 'usr/share/rpm/rpmdb.sqlite-wal': wal });
    expect(units.map((unit) => [unit.path, unit.packages.length, unit.gaps.length])).toEqual([
      ['var/lib/rpm/rpmdb.sqlite', 1, 0],
      ['usr/share/rpm/rpmdb.sqlite-wal', 0, 1],
    ]);
  });
});

describe('the manifest of images without an rpm database', () => {
  const path = 'var/lib/rpmmanifest/container-manifest-2';
  const line = (...columns: string[]) => `${columns.join('\t')}\n`;
  const filesystem = [
    'filesystem',
    '1.1-14.cm2',
    '1681',
    '1681',
    'Microsoft Corporation',
    '(none)',
    '7',
    'x86_64',
    '0',
  ];
  const glibc = ['glibc', '2.35-3.cm2', '1681', '1681', '(none)', '2', '1', '(none)', '2', 'glibc-2.35-3.cm2.src.rpm'];

  it('lists packages', () => {
    const bytes = text(line(...filesystem, 'filesystem-1.1-14.cm2.src.rpm') + line(...glibc));
    const [unit] = read({ [path]: bytes });
    expect(unit).toMatchObject({ isDatabase: true, gaps: [] });
    expect(unit?.packages).toMatchObject([
      { name: 'filesystem', version: '1.1-14.cm2', epoch: null, arch: 'x86_64', vendor: 'Microsoft Corporation' },
      { name: 'glibc', version: '2:2.35-3.cm2', epoch: 2, arch: null, vendor: null, source: { name: 'glibc' } },
    ]);
  });

  it('reports lines that describe none', () => {
    const bytes = text(`${line(...glibc)}glibc-2.35-3.cm2.x86_64\n${line(...glibc, 'more')}`);
    const [unit] = read({ [path]: bytes });
    expect(unit?.packages).toHaveLength(1);
    expect(unit?.gaps.map((gap) => gap.message)).toEqual([
      'line 2 of the rpm manifest does not describe a package',
      'line 3 of the rpm manifest does not describe a package',
    ]);
    expect(read({ [path]: text('') })[0]?.gaps).toHaveLength(1);
  });
});

describe('build information of Red Hat images', () => {
  const path = 'root/buildinfo/content_manifests/ubi9.json';
  const repositories = (json: string) => read({ [path]: text(json) })[0];

  it('names content sets and the CPE', () => {
    const manifest = { metadata: { image_layer_index: 1 }, content_sets: ['rhel-9-b-rpms', 'rhel-9-a-rpms', 7] };
    expect(repositories(JSON.stringify(manifest))).toMatchObject({
      isDatabase: false,
      repositories: ['rhel-9-a-rpms', 'rhel-9-b-rpms'],
      gaps: [],
    });
    const cpe = 'cpe:/o:redhat:enterprise_linux:9::baseos';
    expect(read({ 'root/buildinfo/labels.json': text(JSON.stringify({ cpe })) })[0]?.repositories).toEqual([cpe]);
  });

  it('may name none', () => {
    for (const json of ['{}', '[]', 'null', '{"content_sets": {}}', '{"content_sets": []}']) {
      expect(repositories(json)).toMatchObject({ repositories: [], gaps: [] });
    }
  });

  it('is a gap where it is no JSON', () => {
    expect(repositories('{"content_sets": [')?.gaps).toHaveLength(1);
    expect(repositories('')?.gaps).toHaveLength(1);
  });
});
