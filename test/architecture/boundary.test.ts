import { describe, expect, test } from 'vitest';
import { REPOSITORY, repositoryFiles } from '../support/repository.ts';
import { type ModuleGraph, readModuleGraph, scanImports } from './module-graph.ts';
import { cycleFaults, danglingFaults, importFaults, layoutFaults, unusedLibraryFaults } from './rules.ts';

const files = repositoryFiles();
const graph = readModuleGraph(REPOSITORY, files);

describe('this repository', () => {
  test('has modules to look at', () => {
    expect(graph.has('services/domain/errors.ts')).toBe(true);
    expect(graph.get('services/domain/packages/registry.ts')?.length).toBeGreaterThan(3);
  });
  test('keeps its layers apart', () => expect(importFaults(graph)).toEqual([]));
  test('imports only files that exist', () => expect(danglingFaults(graph)).toEqual([]));
  test('has no import cycle', () => expect(cycleFaults(graph)).toEqual([]));
  test('lists only pure libraries that it uses', () => expect(unusedLibraryFaults(graph)).toEqual([]));
  test('has only folders and names that say what is in them', () => expect(layoutFaults(files)).toEqual([]));
});

/** A graph from sources in memory. */
function planted(sources: Record<string, string>): ModuleGraph {
  return new Map(Object.entries(sources).map(([file, source]) => [file, scanImports(file, source)]));
}

describe('the import scanner', () => {
  const kinds: [name: string, source: string, kind: string, specifier: string][] = [
    ['a named import', "import { a } from './a.ts';", 'value', './a.ts'],
    ['a bare import', "import './a.ts';", 'value', './a.ts'],
    ['a namespace import', "import * as a from './a.ts';", 'value', './a.ts'],
    ['a default and named import', "import a, { type B } from './a.ts';", 'value', './a.ts'],
    ['an import over several lines', "import {\n  a,\n  type B,\n} from './a.ts';", 'value', './a.ts'],
    ['a type import', "import type { A } from './a.ts';", 'type', './a.ts'],
    ['a type namespace import', "import type * as A from './a.ts';", 'type', './a.ts'],
    ['a re-export', "export { a } from './a.ts';", 'value', './a.ts'],
    ['a type re-export', "export type { A } from './a.ts';", 'type', './a.ts'],
    ['a star re-export', "export * from './a.ts';", 'value', './a.ts'],
    ['a named star re-export', "export * as a from './a.ts';", 'value', './a.ts'],
    ['a dynamic import', "  const { a } = await import('./a.ts');", 'dynamic', './a.ts'],
    ['an import type expression', "let a: import('./a.ts').A;", 'dynamic', './a.ts'],
    ['a worker by URL', "new Worker(new URL('./a.ts', import.meta.url));", 'url', './a.ts'],
    ['a worker by name', "new Worker('./a.ts');", 'opaque', "new Worker('./a.ts')"],
    ['a computed import', 'await import(name);', 'opaque', 'import(name)'],
    ['a templated import', 'await import(`./a.ts`);', 'opaque', 'import(`./a.ts`)'],
    ['a computed URL', 'new URL(name, import.meta.url);', 'opaque', 'new URL(name, import.meta.url)'],
    ['createRequire', 'const load = createRequire(import.meta.url);', 'opaque', 'createRequire'],
  ];
  test.each(kinds)('sees %s', (_name, source, kind, specifier) => {
    expect(scanImports('services/cli/x.ts', source)).toEqual([
      { kind, specifier, target: kind === 'opaque' ? null : 'services/cli/a.ts' },
    ]);
  });
  test('sees both names of a module that is run from source and from dist', () => {
    const source = "new URL(import.meta.url.endsWith('.ts') ? './a.ts' : './a.js', import.meta.url)";
    expect(scanImports('services/x.ts', source).map(({ target }) => target)).toEqual([
      'services/a.ts',
      'services/a.ts',
    ]);
  });
  test('takes no other text for an import', () => {
    expect(scanImports('x.ts', "export const a = 'x';\nexport function b() {\n  // taken from 'y'\n}\n")).toEqual([]);
  });
});

describe('planted faults', () => {
  const empty = 'export const a = 1;';

  test.each([
    ['domain → node:', 'services/domain/x.ts', 'node:fs'],
    ['domain → unlisted library', 'services/domain/x.ts', 'undici'],
    ['domain → library whose name starts like a listed one', 'services/domain/x.ts', 'zod-extra'],
    ['domain → pipeline', 'services/domain/x.ts', '../pipeline/layer-ports.ts'],
    ['domain → adapter', 'services/domain/x.ts', '../adapters/archive/a.ts'],
    ['domain → test', 'services/domain/x.ts', '../../test/support/a.ts'],
    ['domain → test beside the code', 'services/domain/x.ts', './a.test.ts'],
    ['pipeline → node:', 'services/pipeline/x.ts', 'node:crypto'],
    ['pipeline → adapter', 'services/pipeline/x.ts', '../adapters/archive/a.ts'],
    ['pipeline → entry point', 'services/pipeline/x.ts', '../cli/a.ts'],
    ['adapter → sibling', 'services/adapters/archive/x.ts', '../cache/a.ts'],
    ['adapter → use case', 'services/adapters/archive/x.ts', '../../pipeline/scan-image.ts'],
    ['adapter → entry point', 'services/adapters/archive/x.ts', '../../cli/a.ts'],
    ['adapter → root', 'services/adapters/archive/x.ts', '../../layer-worker.ts'],
    ['entry point → adapter', 'services/cli/x.ts', '../adapters/archive/a.ts'],
    ['entry point → entry point', 'services/cli/x.ts', '../api/a.ts'],
    ['worker job → adapter', 'workers/scan.worker.ts', '../services/adapters/archive/a.ts'],
    ['worker job → webhook', 'workers/scan.worker.ts', '../webhooks/a.ts'],
    ['webhook → root', 'webhooks/x.ts', '../services/main.ts'],
    ['root → test', 'services/main.ts', '../test/support/a.ts'],
    ['a third root', 'services/other.ts', './adapters/archive/a.ts'],
  ])('%s', (_name, file, specifier) => {
    for (const form of [
      `import { a } from '${specifier}';`,
      `import type { A } from '${specifier}';`,
      `export * from '${specifier}';`,
      `await import('${specifier}');`,
    ]) {
      expect(importFaults(planted({ [file]: form }))).toHaveLength(1);
    }
  });

  test.each([
    ['domain → domain', 'services/domain/x.ts', './a.ts'],
    ['domain → listed library', 'services/domain/x.ts', 'zod'],
    ['pipeline → domain', 'services/pipeline/x.ts', '../domain/a.ts'],
    ['adapter → ports', 'services/adapters/archive/x.ts', '../../pipeline/layer-ports.ts'],
    ['adapter → ports of the store', 'services/adapters/store/x.ts', '../../pipeline/store-ports.ts'],
    ['adapter → itself', 'services/adapters/archive/x.ts', './a.ts'],
    ['adapter → node:', 'services/adapters/archive/x.ts', 'node:fs'],
    ['entry point → use case', 'services/cli/x.ts', '../pipeline/scan-image.ts'],
    ['root → adapter', 'services/main.ts', './adapters/archive/a.ts'],
    ['root → entry point', 'services/main.ts', './cli/a.ts'],
    ['root → root', 'services/main.ts', './layer-worker.ts'],
    ['test → anything', 'services/domain/x.test.ts', '../adapters/archive/a.ts'],
  ])('and no fault: %s', (_name, file, specifier) => {
    expect(importFaults(planted({ [file]: `import { a } from '${specifier}';` }))).toEqual([]);
  });

  test('a computed import', () => {
    expect(importFaults(planted({ 'services/cli/x.ts': 'await import(name);' }))).toHaveLength(1);
  });

  test('a worker that is started from an adapter', () => {
    const source = "new Worker(new URL('../../layer-worker.ts', import.meta.url));";
    expect(importFaults(planted({ 'services/adapters/archive/x.ts': source }))).toHaveLength(1);
  });

  test('an import of a file that is not there', () => {
    expect(danglingFaults(planted({ 'services/cli/x.ts': "import './gone.ts';" }))).toEqual([
      'services/cli/x.ts → ./gone.ts: no such file',
    ]);
  });

  test('cycles: of itself, of two, of three with types only', () => {
    expect(cycleFaults(planted({ 'a.ts': "import './a.ts';" }))).toEqual(['a.ts → a.ts']);
    expect(cycleFaults(planted({ 'a.ts': "import './b.ts';", 'b.ts': "export * from './a.ts';" }))).toHaveLength(1);
    const three = {
      'a.ts': "import './b.ts';",
      'b.ts': "import './c.ts';",
      'c.ts': "import type { A } from './a.ts';",
    };
    expect(cycleFaults(planted({ ...three, 'd.ts': "import './a.ts';" }))).toEqual(['a.ts → b.ts → c.ts → a.ts']);
    expect(cycleFaults(planted({ ...three, 'c.ts': empty }))).toEqual([]);
  });

  test('a listed library that nothing uses', () => {
    const used = planted({ 'services/domain/x.ts': "import { z } from 'zod';" });
    expect(unusedLibraryFaults(used, ['zod'])).toEqual([]);
    expect(unusedLibraryFaults(used, ['zod', 'semver'])).toHaveLength(1);
    expect(unusedLibraryFaults(planted({ 'services/domain/x.test.ts': "import 'zod';" }), ['zod'])).toHaveLength(1);
  });

  test.each([
    'src/a.ts',
    'services/scanner/a.ts',
    'services/domain/things/a.ts',
    'services/adapters/a.ts',
    'services/cli/utils/a.ts',
    'services/pipeline/helpers/a.ts',
    'services/domain/layers/common/a.ts',
    'services/domain/packages/types/a.ts',
    'services/cli/RenderTable.ts',
    'services/cli/render_table.ts',
    'services/adapters/Archive/a.ts',
    'services/cli/index.ts',
    'services/domain/packages/index.ts',
    'test/unit/a.ts',
    'policies/lib/a.ts',
    'policies/age/lib/a.rego',
    'services/domain/layers/lib/a.ts',
  ])('a misplaced or misnamed file: %s', (file) => expect(layoutFaults([file])).toHaveLength(1));

  test('and no fault: files as the layout has them', () => {
    const good = [
      'README.md',
      'test/setup',
      'services/domain/platform.d.ts',
      'services/domain/packages/rpm/index.ts',
      'policies/lib/severity.rego',
    ];
    expect(layoutFaults([...good, 'workers/scan.worker.ts', 'services/adapters/archive/tar-walk.test.ts'])).toEqual([]);
  });
});
