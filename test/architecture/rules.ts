import type { Import, ModuleGraph } from './module-graph.ts';

/**
 * The import rules and the layout, as functions from a module graph or a file list to the faults in it: one readable
 * line each, none where all is well. The order of the layers: domain ← pipeline ← adapters, entry points ← the roots.
 */

/** Libraries that the pure layers may import. An unused row is a fault too. */
const PURE_LIBRARIES = [
  'ae-cvss-calculator',
  'lru-cache',
  'packageurl-js',
  'picomatch',
  'saxes',
  'smol-toml',
  'yaml',
  'zod',
] as const;

/** What adapters implement, and all that they see of the pipeline. */
const PORTS = [
  'services/pipeline/image-ports.ts',
  'services/pipeline/layer-ports.ts',
  'services/pipeline/advisory-ports.ts',
  'services/pipeline/engine-ports.ts',
  'services/pipeline/verdict-ports.ts',
  'services/pipeline/runtime-ports.ts',
  'services/pipeline/access-ports.ts',
  'services/pipeline/admission-ports.ts',
  'services/pipeline/admission-store-ports.ts',
  'services/pipeline/exception-ports.ts',
  'services/pipeline/job-ports.ts',
  'services/pipeline/page.ts',
  'services/pipeline/policy-ports.ts',
  'services/pipeline/rescan-ports.ts',
  'services/pipeline/retention-ports.ts',
  'services/pipeline/session-ports.ts',
  'services/pipeline/store-ports.ts',
  'services/pipeline/terms.ts',
  'services/pipeline/trace.ts',
];

/** The composition roots: the only files that see both adapters and entry points. */
const ROOTS = [
  'services/main.ts',
  'services/serve.ts',
  'services/serve-admission.ts',
  'services/serve-cluster.ts',
  'services/serve-jobs.ts',
  'services/serve-logins.ts',
  'services/serve-rounds.ts',
  'services/serve-store.ts',
  'services/serve-tls.ts',
  'services/serve-traces.ts',
  'services/layer-worker.ts',
  'services/outlets.ts',
  'services/update-process.ts',
];

const ENTRY_POINTS = ['services/cli', 'services/api', 'services/agent', 'services/web', 'workers', 'webhooks'];

const TOP_FOLDERS = [
  '.ci',
  'charts',
  'demo',
  'docs',
  'policies',
  'schema',
  'scripts',
  'services',
  'test',
  'webhooks',
  'workers',
];
const SERVICE_FOLDERS = ['adapters', 'agent', 'api', 'cli', 'domain', 'pipeline', 'web'];
const DOMAIN_FOLDERS = [
  'admission',
  'image',
  'layers',
  'network',
  'packages',
  'registries',
  'report',
  'runtime',
  'sbom',
  'verdict',
  'vulnerabilities',
];
const TEST_FOLDERS = [
  'architecture',
  'bench',
  'contract',
  'e2e',
  'fuzz',
  'golden',
  'hostile',
  'kernel',
  'support',
  'tools',
];

const NAMELESS = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc', 'lib'];

/** What all rules import: Rego, and nothing else. */
const REGO_LIBRARY = /^policies\/lib\/[^/]+\.rego$/;

/** What is published. Scripts, settings and tests may import what they need. */
const isProduct = (file: string) => /^(?:services|webhooks|workers)\//.test(file) && !isTest(file);
const isTest = (file: string) => file.endsWith('.test.ts') || file.startsWith('test/');
const isBelow = (file: string, folder: string) => file.startsWith(`${folder}/`);
const entryPointOf = (file: string) => ENTRY_POINTS.find((folder) => isBelow(file, folder));
const adapterOf = (file: string) => /^services\/adapters\/([^/]+)\//.exec(file)?.[1];

/** The package that a bare specifier names: '@scope/name/sub' is '@scope/name'. */
const libraryOf = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

/** What a file of each layer may not import, and why; null where it may. */
function refusal(file: string, imported: Import): string | null {
  const { specifier, target } = imported;
  if (imported.kind === 'opaque') return 'nobody can tell what this loads; name a literal';
  if (target === null) return refusedLibrary(file, specifier);
  if (isTest(target)) return 'only tests import tests';
  if (ROOTS.includes(file)) return null;
  if (ROOTS.includes(target)) return 'a root imports, and is never imported';
  if (isBelow(file, 'services/domain')) {
    return isBelow(target, 'services/domain') ? null : 'domain imports domain only';
  }
  if (isBelow(target, 'services/domain')) return null;
  if (isBelow(file, 'services/pipeline')) {
    return isBelow(target, 'services/pipeline') ? null : 'pipeline imports domain only';
  }
  if (isBelow(file, 'services/adapters')) {
    if (PORTS.includes(target)) return null;
    const own = adapterOf(file);
    if (own !== undefined && own === adapterOf(target)) return null;
    return 'an adapter imports domain, the ports and its own folder';
  }
  const entryPoint = entryPointOf(file);
  if (entryPoint !== undefined) {
    if (isBelow(target, entryPoint) || isBelow(target, 'services/pipeline')) return null;
    return 'an entry point imports domain, pipeline and its own folder';
  }
  return isBelow(file, 'services') ? 'this file belongs to no layer' : null;
}

function refusedLibrary(file: string, specifier: string): string | null {
  if (!isBelow(file, 'services/domain') && !isBelow(file, 'services/pipeline')) return null;
  if (specifier.startsWith('node:')) return 'the pure layers do no I/O';
  const known: readonly string[] = PURE_LIBRARIES;
  return known.includes(libraryOf(specifier)) ? null : 'not on the list of pure libraries';
}

/** Product code against the layers. */
export function importFaults(graph: ModuleGraph): string[] {
  const faults: string[] = [];
  for (const [file, imports] of graph) {
    if (!isProduct(file)) continue;
    for (const imported of imports) {
      const reason = refusal(file, imported);
      if (reason !== null) faults.push(`${file} → ${imported.specifier}: ${reason}`);
    }
  }
  return faults;
}

/** Relative imports of product code that lead to no file. The compiler sees most of them, but no `new URL(…)`. */
export function danglingFaults(graph: ModuleGraph): string[] {
  const faults: string[] = [];
  for (const [file, imports] of graph) {
    if (!isProduct(file)) continue;
    for (const { specifier, target } of imports) {
      if (target !== null && /\.[jt]s$/.test(target) && !graph.has(target))
        faults.push(`${file} → ${specifier}: no such file`);
    }
  }
  return faults;
}

/** Every cycle once, type-only imports included: two files that need each other are one file or three. */
export function cycleFaults(graph: ModuleGraph): string[] {
  const faults: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const start = path.indexOf(file);
    if (start >= 0) faults.push([...path.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    path.push(file);
    for (const { kind, target } of graph.get(file) ?? []) if (target !== null && kind !== 'url') visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return faults;
}

/** Rows of the list of pure libraries that no pure file uses. */
export function unusedLibraryFaults(graph: ModuleGraph, libraries: readonly string[] = PURE_LIBRARIES): string[] {
  const pure = [...graph].filter(([file]) => !isTest(file) && /^services\/(?:domain|pipeline)\//.test(file));
  const used = new Set(pure.flatMap(([, imports]) => imports.map(({ specifier }) => libraryOf(specifier))));
  return libraries.filter((library) => !used.has(library)).map((library) => `${library}: listed, but nothing uses it`);
}

/** Folders and file names against the layout of the README. */
export function layoutFaults(files: readonly string[]): string[] {
  const faults = new Set<string>();
  for (const file of files) {
    const parts = file.split('/');
    const name = parts.pop() as string;
    const [top, second, third] = parts;
    const known = (folders: readonly string[], folder: string | undefined) =>
      folder === undefined || folders.includes(folder);
    if (!known(TOP_FOLDERS, top)) faults.add(`${top}/: no such folder in the layout`);
    if (top === 'services' && !known(SERVICE_FOLDERS, second)) faults.add(`services/${second}/: no such layer`);
    if (top === 'services' && second === 'domain' && !known(DOMAIN_FOLDERS, third)) {
      faults.add(`services/domain/${third}/: no such part of the domain`);
    }
    if (top === 'test' && !known(TEST_FOLDERS, second)) faults.add(`test/${second}/: no such kind of test`);
    if (top === 'services' && second === 'adapters' && third === undefined && name.endsWith('.ts')) {
      faults.add(`${file}: an adapter lives in a folder named after what it speaks to`);
    }
    for (const folder of parts) {
      if (NAMELESS.includes(folder) && !REGO_LIBRARY.test(file))
        faults.add(`${parts.join('/')}/: "${folder}" says nothing about what is in it`);
      if (!/^\.?[a-z0-9]+(?:-[a-z0-9]+)*$/.test(folder)) faults.add(`${parts.join('/')}/: not kebab-case`);
    }
    if (name.endsWith('.ts') && !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)*\.ts$/.test(name)) {
      faults.add(`${file}: not kebab-case`);
    }
    if (name === 'index.ts' && !/^services\/domain\/packages\/[^/]+\/index\.ts$/.test(file)) {
      faults.add(`${file}: only an ecosystem has an index.ts`);
    }
  }
  return [...faults];
}
