import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { advisory, affectedPackage } from '../support/advisory.ts';
import { buildAdvisories } from '../support/built-advisories.ts';
import { REPOSITORY } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Tells which packages of node_modules are loaded, on standard error. */
const HOOK = `
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({
  load(url, context, next) {
    const name = /\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
    if (name !== undefined) loaded.add(name);
    return next(url, context);
  },
});
process.on('exit', () => process.stderr.write(\`loaded: \${JSON.stringify([...loaded])}\\n\`));
`;

/** A second scan of an image has little else to do than to load code: what it has no use for costs more than matching. */
test('a scan with a database and policies loads no schema library, HTTP client or YAML reader', {
  timeout: 60_000,
}, async () => {
  const work = await temporaryDirectory();
  await writeFile(join(work, 'hook.mjs'), HOOK);
  await buildAdvisories(join(work, 'db'), {
    advisories: [advisory({ id: 'CVE-2024-0001', affected: [affectedPackage({ ecosystem: 'npm', name: 'lodash' })] })],
  });
  const args = ['--import', join(work, 'hook.mjs'), join(REPOSITORY, 'services/main.ts')];
  const scan = ['scan', '--db', join(work, 'db'), '--cache-dir', join(work, 'cache'), '--quiet', `rootfs:${work}`];
  const stderr = await new Promise<string>((resolve) => {
    execFile(process.execPath, [...args, ...scan], (_error, _stdout, text) => resolve(text));
  });
  const [, list = '[]'] = /^loaded: (.*)$/m.exec(stderr) ?? [];
  const loaded = JSON.parse(list) as string[];
  expect(loaded).toContain('lmdb');
  expect(loaded.filter((name) => ['zod', 'undici', 'yaml', '@open-policy-agent/opa-wasm'].includes(name))).toEqual([]);
});
