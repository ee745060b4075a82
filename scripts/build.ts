/**
 * Builds dist/, the only thing that is published: JavaScript, because Node strips no types below node_modules, and a
 * package.json without what serves development alone. The pinned Node would otherwise hijack the Node of whoever
 * installs Plimsoll.
 *
 * Our own modules are put together into a few files: finding and opening hundreds takes a third of a second scan, and of
 * each layer thread's start. Libraries stay what they are, and where npm puts them.
 */
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  // What is started: the command, two kinds of threads, processes of policies and of database updates.
  input: {
    main: 'services/main.ts',
    'layer-worker': 'services/layer-worker.ts',
    'policy-process': 'services/adapters/opa/policy-process.ts',
    'sbom-thread': 'services/adapters/readers/sbom-thread.ts',
    'update-process': 'services/update-process.ts',
  },
  platform: 'node',
  external: (id) => !/^(?:\.|\/)/.test(id) && !id.startsWith('services/'),
});
await bundle.write({ dir: join(dist, 'services'), format: 'esm', chunkFileNames: '[name]-[hash].js' });
await bundle.close();

const { name, version, description, license, type, engines, dependencies, optionalDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const optional = Object.entries(optionalDependencies).filter(([library]) => !library.startsWith('node-linux-'));
const published = {
  name,
  version,
  description,
  license,
  type,
  engines,
  bin: { plimsoll: 'services/main.js' },
  files: ['services/*.js', 'policies', 'CHANGELOG.md', 'SECURITY.md', 'docs'],
  dependencies,
  ...(optional.length > 0 && { optionalDependencies: Object.fromEntries(optional) }),
};
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs']) {
  cpSync(join(root, file), join(dist, file), { recursive: true });
}
// The built-in rules, and what `plimsoll policy build` compiles others with.
for (const part of ['bundle', 'lib', 'capabilities.json', 'input.schema.json']) {
  cpSync(join(root, 'policies', part), join(dist, 'policies', part), {
    recursive: true,
    filter: (file) => !file.endsWith('_test.rego'),
  });
}
chmodSync(join(dist, 'services/main.js'), 0o755);
