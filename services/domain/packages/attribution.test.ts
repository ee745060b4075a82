import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributePackages, type DatabaseState, type VisibleUnit } from './attribution.ts';
import { EMPTY_UNIT, type PackageRecord } from './ecosystem.ts';

const STATUS = 'var/lib/dpkg/status';

/** `name`, `name=version`, `name:arch=version`. */
function record(text: string, type = 'deb'): PackageRecord {
  const [, name, arch, version] = /^([^:=]+)(?::([^=]+))?(?:=(.+))?$/.exec(text)!;
  const none = { source: null, epoch: null, modularity: null, origin: null, vendor: null };
  return {
    type,
    name: name!,
    arch: arch ?? 'amd64',
    version: version ?? '1',
    ...none,
    licenses: [],
    dependsOn: [],
    provides: [],
  };
}

function database(
  path: string,
  packages: readonly string[],
  options: { broken?: boolean; database?: string; type?: string } = {},
): VisibleUnit {
  const gaps = options.broken ? [{ code: 'package-database-broken', message: 'broken' } as const] : [];
  const records = packages.map((text) => record(text, options.type));
  return {
    database: options.database ?? path,
    unit: { ...EMPTY_UNIT, path, isDatabase: true, packages: records, gaps },
  };
}

/** `name=version layer`, with `hidden N` where it is. */
function attributed(...states: readonly DatabaseState[]) {
  const { packages, removed } = attributePackages(states);
  const line = ({ record: { name, version }, layer, hiddenBy }: (typeof packages)[number]): string =>
    `${name}=${version} ${layer}${hiddenBy === null ? '' : ` hidden ${hiddenBy}`}`;
  return { packages: packages.map(line).sort(), removed };
}

const dpkg = (...packages: string[]): DatabaseState => [database(STATUS, packages)];

describe('the layer that brought a package', () => {
  it.each<readonly [string, readonly DatabaseState[], readonly string[]]>([
    ['is the first that has it', [dpkg('a'), dpkg('a', 'b'), dpkg('a', 'b')], ['a=1 0', 'b=1 1']],
    [
      'is the later one after removal and installation',
      [dpkg('a', 'b'), dpkg('a'), dpkg('a', 'b')],
      ['a=1 0', 'b=1 2'],
    ],
    ['is that of the upgrade', [dpkg('a=1'), dpkg('a=2')], ['a=2 1']],
    ['is that of the way back to an old version', [dpkg('a=1'), dpkg('a=2'), dpkg('a=1')], ['a=1 2']],
    ['tells architectures apart', [dpkg('a:i386'), dpkg('a:amd64', 'a:i386')], ['a=1 0', 'a=1 1']],
    ['tells several versions installed at once apart', [dpkg('k=1'), dpkg('k=1', 'k=2')], ['k=1 0', 'k=2 1']],
    ['is that of a mended database', [dpkg('a'), [database(STATUS, [], { broken: true })], dpkg('a')], ['a=1 2']],
    ['does not count what is no more', [dpkg('a', 'b'), dpkg('a')], ['a=1 0']],
    ['has no layers, no packages', [], []],
  ])('%s', (_, states, packages) => {
    expect(attributed(...states)).toEqual({ packages, removed: [] });
  });

  it('is the same for layers that change nothing', () => {
    const same = dpkg('a');
    expect(attributed(same, same, [...same], same).packages).toEqual(['a=1 0']);
  });

  it('is one for a package that two databases list', () => {
    const both = [database(STATUS, ['a']), database('usr/lib/opkg/status', ['a'])];
    const { packages } = attributePackages([dpkg('a'), both]);
    expect(packages).toMatchObject([{ layer: 0, paths: ['usr/lib/opkg/status', STATUS] }]);
  });
});

describe('a database that is removed', () => {
  const gone = (layer: number, packages: number, broken = false) => [{ layer, path: STATUS, packages, broken }];

  it.each<readonly [string, readonly DatabaseState[], readonly string[], ReturnType<typeof gone>]>([
    ['hides what it listed', [dpkg('a'), dpkg('a', 'b'), [], []], ['a=1 0 hidden 2', 'b=1 1 hidden 2'], gone(2, 2)],
    ['or is emptied', [dpkg('a'), dpkg()], ['a=1 0 hidden 1'], gone(1, 1)],
    [
      'or replaced by a broken one',
      [dpkg('a'), [database(STATUS, [], { broken: true })]],
      ['a=1 0 hidden 1'],
      gone(1, 1, true),
    ],
    [
      'or broken first and removed then',
      [dpkg('a'), [database(STATUS, [], { broken: true })], []],
      ['a=1 0 hidden 1'],
      gone(1, 1),
    ],
    ['and comes back hides nothing', [dpkg('a'), [], dpkg('a')], ['a=1 2'], []],
    [
      'hides only what no other lists',
      [[database(STATUS, ['a', 'b']), database('x', ['a'])], [database('x', ['a'])]],
      ['a=1 0', 'b=1 0 hidden 1'],
      gone(1, 1),
    ],
    [
      'is not moved to one that lists little of it',
      [dpkg('a', 'b', 'c'), [database('x', ['a'])]],
      ['a=1 0', 'b=1 0 hidden 1', 'c=1 0 hidden 1'],
      gone(1, 2),
    ],
    [
      'is not moved to one that was there before',
      [[database(STATUS, ['a', 'b', 'c']), database('x', ['a', 'b'])], [database('x', ['a', 'b'])]],
      ['a=1 0', 'b=1 0', 'c=1 0 hidden 1'],
      gone(1, 1),
    ],
  ])('%s', (_, states, packages, removed) => {
    expect(attributed(...states)).toEqual({ packages, removed });
  });

  it('of one file for each package is one database', () => {
    const unit = (name: string): VisibleUnit =>
      database(`var/lib/dpkg/status.d/${name}`, [name], { database: 'var/lib/dpkg/status.d' });
    expect(attributed([unit('a'), unit('b')], [unit('a')])).toEqual({ packages: ['a=1 0'], removed: [] });
    expect(attributed([unit('a'), unit('b')], [])).toEqual({
      packages: ['a=1 0 hidden 1', 'b=1 0 hidden 1'],
      removed: [{ layer: 1, path: 'var/lib/dpkg/status.d', packages: 2, broken: false }],
    });
  });

  it('is moved where another begins that lists most of it, and what that leaves out was uninstalled', () => {
    const rpm = (path: string, ...packages: string[]): DatabaseState => [database(path, packages, { type: 'rpm' })];
    const old = rpm('var/lib/rpm/Packages', 'a', 'b', 'c');
    const moved = rpm('var/lib/rpm/rpmdb.sqlite', 'a', 'b', 'c');
    expect(attributed(old, moved)).toEqual({ packages: ['a=1 0', 'b=1 0', 'c=1 0'], removed: [] });
    expect(attributed(old, rpm('var/lib/rpm/rpmdb.sqlite', 'a', 'b'))).toEqual({
      packages: ['a=1 0', 'b=1 0'],
      removed: [],
    });
    expect(attributed(old, moved, rpm('var/lib/rpm/rpmdb.sqlite', 'a'))).toEqual({ packages: ['a=1 0'], removed: [] });
  });
});

describe('laws', () => {
  const packages = fc.uniqueArray(fc.constantFrom('a', 'b', 'c=1', 'c=2', 'd'));
  const state = fc.array(fc.tuple(fc.constantFrom(STATUS, 'x', 'y'), packages), { maxLength: 3 }).map((units) => {
    const byPath = new Map(units);
    return [...byPath].map(([path, names]) => database(path, names));
  });

  it('what the last state lists is installed, once, since a layer in which its presence began', () => {
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 5 }), (states) => {
        const has = (layer: number, text: string): boolean =>
          states[layer]!.some(({ unit }) => unit.packages.some(({ name, version }) => `${name}=${version}` === text));
        const { packages: found } = attributePackages(states);
        const installed = found.filter(({ hiddenBy }) => hiddenBy === null);
        const texts = installed.map(({ record: { name, version } }) => `${name}=${version}`);
        const last = states
          .at(-1)!
          .flatMap(({ unit }) => unit.packages.map(({ name, version }) => `${name}=${version}`));
        expect(texts.sort()).toEqual([...new Set(last)].sort());
        for (const { record, layer: brought } of installed) {
          const text = `${record.name}=${record.version}`;
          const layer = brought!;
          for (let i = layer; i < states.length; i++) expect(has(i, text)).toBe(true);
          if (layer > 0) expect(has(layer - 1, text)).toBe(false);
        }
      }),
    );
  });

  it('what is hidden is listed by nobody at the end, was listed just before, and is counted', () => {
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 5 }), (states) => {
        const namesIn = (layer: number) =>
          new Set(states[layer]!.flatMap(({ unit }) => unit.packages.map(({ name }) => name)));
        const { packages: found, removed } = attributePackages(states);
        const hidden = found.filter(({ hiddenBy }) => hiddenBy !== null);
        for (const {
          record: { name },
          layer,
          hiddenBy,
        } of hidden) {
          expect(layer).toBeLessThan(hiddenBy!);
          expect(namesIn(hiddenBy! - 1)).toContain(name);
          expect(namesIn(hiddenBy!)).not.toContain(name);
          expect(namesIn(states.length - 1)).not.toContain(name);
        }
        expect(removed.reduce((sum, { packages: count }) => sum + count, 0)).toBe(hidden.length);
      }),
    );
  });
});
