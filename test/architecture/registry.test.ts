import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LOCKFILES } from '../../services/domain/packages/lockfiles.ts';
import { ANALYZERS, ECOSYSTEMS } from '../../services/domain/packages/registry.ts';
import { sbomContents } from '../../services/domain/sbom/sbom-contents.ts';
import { HAS_SHARED_DATA, REPOSITORY, repositoryFiles, SHARED_DATA } from '../support/repository.ts';
import { documentedRows } from './documentation.ts';
import { ecosystemFaults } from './ecosystem-rules.ts';

/** Corpora that are named after the specification of the versions rather than the ecosystem. */
const CORPORA: Readonly<Record<string, string>> = {
  npm: 'semver',
  python: 'pep440',
  java: 'maven',
  ruby: 'rubygems',
  rust: 'semver',
  php: 'packagist',
  dotnet: 'nuget',
};

const ids = ECOSYSTEMS.map(({ id }) => id);
const formats = LOCKFILES.map(({ id }) => id);

describe('the registry of ecosystems', () => {
  test('has every folder, and every folder is complete', () => {
    expect(ecosystemFaults(ids, repositoryFiles())).toEqual([]);
  });

  test('gives every analyzer an id of its own and a version', () => {
    const all = [...ANALYZERS, ...LOCKFILES, sbomContents].map(({ id }) => id);
    expect(new Set(all).size).toBe(all.length);
    expect([...ids, ...formats, 'os-release', 'sbom', 'sbom-contents', 'vex']).toEqual(expect.arrayContaining(all));
    for (const { id, version } of [...ANALYZERS, ...ECOSYSTEMS, ...LOCKFILES, sbomContents]) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(Number.isInteger(version) && version > 0, `${id} version`).toBe(true);
    }
  });

  test('equals docs/ecosystems.md', () => {
    const documented = documentedRows(readFileSync(join(REPOSITORY, 'docs/ecosystems.md'), 'utf8'));
    expect(documented.map(([id]) => id)).toEqual([...ids, ...formats]);
  });

  test('has every format of lockfiles, sorted, in a folder of its ecosystem', () => {
    expect(formats).toEqual(formats.toSorted());
    const path = /^services\/domain\/packages\/([^/]+)\/lockfiles\/([^/]+)\.test\.ts$/;
    const files = repositoryFiles().flatMap((file) => {
      const [, ecosystem, format] = path.exec(file) ?? [];
      return ecosystem === undefined ? [] : [{ ecosystem, format }];
    });
    expect(formats.filter((id) => !files.some(({ format }) => format === id))).toEqual([]);
    expect(files.filter(({ ecosystem }) => !ids.includes(ecosystem))).toEqual([]);
  });

  test.each(ids)('%s has version rows of its own', (id) => {
    const file = join(REPOSITORY, 'services/domain/packages', id, 'versions.txt');
    const rows = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    expect(rows.filter((row) => row.trim() !== '' && !row.startsWith('#')).length).toBeGreaterThan(10);
  });
});

describe.skipIf(!HAS_SHARED_DATA)(
  'the registry of ecosystems against ../shared/data (skipped where it is absent)',
  () => {
    test.each(ids)('%s has a corpus of versions', (id) => {
      const corpora = readdirSync(join(SHARED_DATA, 'versions')).filter((file) => file.startsWith(CORPORA[id] ?? id));
      expect(corpora).not.toEqual([]);
    });
  },
);

describe('planted faults', () => {
  const folder = (id: string) => {
    return ['index.ts', 'version.ts', 'versions.txt', 'version.test.ts'].map((file) => {
      return `services/domain/packages/${id}/${file}`;
    });
  };
  test('none', () => expect(ecosystemFaults(['a', 'b'], [...folder('a'), ...folder('b')])).toEqual([]));
  test('not sorted', () => expect(ecosystemFaults(['b', 'a'], [...folder('a'), ...folder('b')])).toHaveLength(1));
  test('a folder that is not registered', () => {
    expect(ecosystemFaults(['a'], [...folder('a'), ...folder('b')])).toEqual([
      'b: a folder, but no line in the registry',
    ]);
  });
  test('an id without a folder', () => {
    expect(ecosystemFaults(['a', 'b'], folder('a'))).toEqual(['b: a line in the registry, but no folder']);
  });
  test.each([
    ['index.ts', 0],
    ['version.ts', 1],
    ['versions.txt', 2],
    ['test', 3],
  ])('a folder without %s', (missing, at) => {
    expect(ecosystemFaults(['a'], folder('a').toSpliced(at, 1))).toEqual([`a: has no ${missing}`]);
  });
});
