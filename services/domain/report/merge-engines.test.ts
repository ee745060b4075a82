import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EngineName, ForeignPackage } from './engines.ts';
import { type EnginePackages, mergeEngines } from './merge-engines.ts';
import type { ReportLayer, ReportPackage } from './report.ts';

function row(purl: string, facts: Partial<ReportPackage> = {}): ReportPackage {
  const type = /^pkg:([a-z]+)/.exec(purl)![1]!;
  return {
    id: purl,
    purl,
    type,
    name: 'name',
    version: 'version',
    arch: null,
    source: { name: 'source', version: null },
    epoch: null,
    modularity: 'ours',
    origin: null,
    vendor: null,
    repository: null,
    licenses: ['MIT'],
    layer: 0,
    paths: [],
    ownedBy: null,
    dependsOn: ['other'],
    development: false,
    hiddenBy: null,
    foundBy: ['plimsoll'],
    ...facts,
  };
}

const LAYERS = ['sha256:a', 'sha256:b'].map((diffId, index) => ({ index, diffId }) as ReportLayer);

function engine(
  name: EngineName,
  ...packages: readonly [purl: string, path?: string, diffId?: string][]
): EnginePackages {
  const stated = packages.map(([purl, path, diffId]) => ({
    purl,
    paths: path === undefined ? [] : [path],
    diffId: diffId ?? null,
  }));
  return { engine: name, packages: stated };
}

/** `purl paths foundBy`, of all rows. */
function merged(ours: readonly ReportPackage[], ...found: readonly EnginePackages[]): string[] {
  const { packages } = mergeEngines(ours, LAYERS, found);
  return packages.map(({ purl, paths, foundBy }) => [purl, paths.join('+') || '-', foundBy.join('+')].join(' '));
}

describe('one row', () => {
  test('for what both found in the same file', () => {
    const ours = row('pkg:npm/a@1', { paths: ['srv/a/package.json'] });
    expect(
      merged(
        [ours],
        engine('trivy', ['pkg:npm/a@1', 'srv/a/package.json']),
        engine('syft', ['pkg:npm/A@1?x=y', 'srv/a/package.json']),
      ),
    ).toEqual(['pkg:npm/a@1 srv/a/package.json plimsoll+syft+trivy']);
  });
  test('for a package of the distribution, whatever files an engine names', () => {
    const ours = row('pkg:deb/debian/a@1:2?arch=amd64', { arch: 'amd64', paths: ['var/lib/dpkg/status'] });
    const found = engine('syft', ['pkg:deb/debian/a@2?arch=amd64&epoch=1', 'usr/share/doc/a/copyright']);
    expect(merged([ours], found)).toEqual(['pkg:deb/debian/a@1:2?arch=amd64 var/lib/dpkg/status plimsoll+syft']);
  });
  test('for an archive of Java, however the path into it is written', () => {
    const ours = row('pkg:maven/g/a@1', { paths: ['app.jar!/lib/a.jar'] });
    expect(
      merged(
        [ours],
        engine('trivy', ['pkg:maven/g/a@1', 'app.jar/lib/a.jar']),
        engine('syft', ['pkg:maven/g/a@1', 'app.jar']),
      ),
    ).toEqual(['pkg:maven/g/a@1 app.jar!/lib/a.jar plimsoll+syft+trivy']);
  });
  test('for what an engine names without a file', () => {
    const ours = [row('pkg:golang/m@v1.0.0', { paths: ['bin/a'] })];
    expect(merged(ours, engine('trivy', ['pkg:golang/m@1.0.0']))).toEqual(['pkg:golang/m@v1.0.0 bin/a plimsoll+trivy']);
    expect(
      merged([], engine('trivy', ['pkg:golang/m@v1.0.0']), engine('syft', ['pkg:golang/m@v1.0.0', 'bin/a'])),
    ).toEqual(['pkg:golang/m@v1.0.0 bin/a syft+trivy']);
  });
});

describe('a row of its own', () => {
  test('for what only an engine found: all that its package URL says, and its layer', () => {
    const { packages } = mergeEngines([], LAYERS, [
      engine('trivy', ['pkg:deb/debian/a@2?epoch=1&arch=amd64&upstream=s@3', 'db', 'sha256:b']),
    ]);
    expect(packages).toEqual([
      row('pkg:deb/debian/a@2?arch=amd64&epoch=1&upstream=s%403', {
        name: 'a',
        version: '1:2',
        arch: 'amd64',
        epoch: 1,
        source: { name: 's', version: '3' },
        modularity: null,
        licenses: [],
        dependsOn: [],
        layer: 1,
        paths: ['db'],
        foundBy: ['trivy'],
      }),
    ]);
  });
  test.each([
    ['pkg:maven/g/a@1', 'g:a'],
    ['pkg:npm/%40s/a@1', '@s/a'],
    ['pkg:golang/m.org/a@v1.0.0', 'm.org/a'],
    ['pkg:rpm/fedora/a@1-1', 'a'],
  ])('%s is called %s', (purl, name) => {
    expect(mergeEngines([], LAYERS, [engine('syft', [purl])]).packages[0]).toMatchObject({ name, source: null });
  });
  test('for the same package in another file, and another architecture', () => {
    expect(merged([row('pkg:npm/a@1', { paths: ['x'] })], engine('syft', ['pkg:npm/a@1', 'y']))).toEqual([
      'pkg:npm/a@1 x plimsoll',
      'pkg:npm/a@1 y syft',
    ]);
    const ours = row('pkg:deb/debian/a@1?arch=amd64', { arch: 'amd64' });
    expect(merged([ours], engine('syft', ['pkg:deb/debian/a@1?arch=i386']))).toHaveLength(2);
  });
  test('for what a layer hid from us', () => {
    expect(merged([row('pkg:npm/a@1', { hiddenBy: 1, paths: ['x'] })], engine('syft', ['pkg:npm/a@1', 'x']))).toEqual([
      'pkg:npm/a@1 x plimsoll',
      'pkg:npm/a@1 x syft',
    ]);
  });
  test('has an id that nobody has', () => {
    const ours = [row('pkg:npm/a@1', { paths: ['x'] }), row('pkg:npm/b@1', { id: 'pkg:npm/a@1#y', paths: ['x'] })];
    const { packages } = mergeEngines(ours, LAYERS, [
      engine('syft', ['pkg:npm/a@1', 'y'], ['pkg:npm/c@1', 'p'], ['pkg:npm/c@1', 'q']),
    ]);
    expect(packages.map(({ id }) => id)).toEqual([
      'pkg:npm/a@1',
      'pkg:npm/a@1#y',
      'pkg:npm/a@1#y:2',
      'pkg:npm/c@1#p',
      'pkg:npm/c@1#q',
    ]);
  });
});

test('what has no version, or is no package URL, is said and left out', () => {
  const { packages, unusable } = mergeEngines([], LAYERS, [
    engine('syft', ['pkg:npm/a'], ['nonsense'], ['pkg:npm/b@1'], ['pkg:npm/%1Bc@1'], ['pkg:npm/d@1%1B2']),
  ]);
  expect(packages.map(({ purl }) => purl)).toEqual(['pkg:npm/b@1']);
  expect([...unusable]).toEqual([['syft', ['pkg:npm/a', 'nonsense', 'pkg:npm/%1Bc@1', 'pkg:npm/d@1%1B2']]]);
});

describe('laws', () => {
  const purl = fc.constantFrom(
    'pkg:npm/a@1',
    'pkg:npm/A@1',
    'pkg:npm/b@2',
    'pkg:deb/debian/d@1:1?arch=amd64',
    'pkg:deb/ubuntu/d@1?epoch=1',
    'pkg:deb/debian/d@1:1?arch=i386',
    'pkg:golang/m@v1.0.0',
    'pkg:golang/m@1.0.0',
    'pkg:maven/g/j@1',
    'pkg:npm/none',
    'no purl',
  );
  const path = fc.constantFrom('x', 'y', 'app.jar', 'app.jar!/a.jar', 'app.jar/a.jar');
  const foreign: fc.Arbitrary<ForeignPackage> = fc.record({
    purl,
    paths: fc.uniqueArray(path, { maxLength: 3 }),
    diffId: fc.constantFrom(null, 'sha256:a', 'sha256:b', 'sha256:none'),
  });
  const packages = fc.array(foreign, { maxLength: 8 });
  const ours = fc
    .array(
      fc.tuple(
        purl.filter((text) => text.startsWith('pkg:')),
        fc.uniqueArray(path, { maxLength: 2 }),
        fc.constantFrom(null, 1),
      ),
      { maxLength: 6 },
    )
    .map((list) =>
      list.map(([text, paths, hiddenBy], i) =>
        row(text, { id: `${text}#${i}`, paths, hiddenBy, arch: /arch=(\w+)/.exec(text)?.[1] ?? null }),
      ),
    );
  const merge = (rows: readonly ReportPackage[], ...found: readonly EnginePackages[]) =>
    mergeEngines(rows, LAYERS, found).packages;

  test('it never loses or changes what is ours, and never takes a finder away', () => {
    fc.assert(
      fc.property(ours, packages, packages, (rows, a, b) => {
        const result = merge(rows, { engine: 'trivy', packages: a }, { engine: 'syft', packages: b });
        for (const [i, before] of rows.entries()) {
          expect({ ...result[i], foundBy: null }).toEqual({ ...before, foundBy: null });
          expect(result[i]!.foundBy).toEqual(expect.arrayContaining([...before.foundBy]));
        }
        expect(new Set(result.map(({ id }) => id)).size).toBe(result.length);
        for (const added of result.slice(rows.length)) expect(added.foundBy).not.toContain('plimsoll');
      }),
    );
  });
  test('a second time changes nothing', () => {
    fc.assert(
      fc.property(ours, packages, packages, (rows, a, b) => {
        const found = [
          { engine: 'trivy', packages: a },
          { engine: 'syft', packages: b },
        ] as const;
        const once = merge(rows, ...found);
        expect(merge(once, ...found)).toEqual(once);
        expect(merge(rows, ...found, ...found)).toEqual(once);
      }),
    );
  });
  test('the order of engines, and of what they name, makes no difference', () => {
    fc.assert(
      fc.property(ours, packages, packages, (rows, a, b) => {
        const forth = merge(rows, { engine: 'trivy', packages: a }, { engine: 'syft', packages: b });
        const back = merge(
          rows,
          { engine: 'syft', packages: b.toReversed() },
          { engine: 'trivy', packages: a.toReversed() },
        );
        expect(back).toEqual(forth);
      }),
    );
  });
  test('whatever an engine names can be found in the result, by that engine', () => {
    fc.assert(
      fc.property(ours, packages, (rows, a) => {
        const { packages: result, unusable } = mergeEngines(rows, LAYERS, [{ engine: 'trivy', packages: a }]);
        const left = unusable.get('trivy') ?? [];
        const found = result.filter(({ foundBy }) => foundBy.includes('trivy'));
        for (const each of a) {
          if (left.includes(each.purl)) continue;
          const again = mergeEngines(found, LAYERS, [{ engine: 'trivy', packages: [each] }]).packages;
          expect(again).toEqual(found);
        }
      }),
    );
  });
});
