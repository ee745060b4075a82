import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { ociTarget, runCommand, scratch } from '../support/scan.ts';
import { startServe } from '../support/serve.ts';

/** The backup and the restore of docs/serve.md. */

const images = scratch('backup-images');
const image = await buildImage({
  layers: [
    {
      entries: [
        file('etc/os-release', OS_RELEASE.debian),
        file('var/lib/dpkg/status', dpkgStatus([{ name: 'curl', version: '7.88.1-10' }])),
      ],
    },
  ],
});
const target = ociTarget(images, image);
const settings = { scan: { db: 'starter', localDirectories: [images] } };

describe.skipIf(POSTGRES === null)(`a backup${POSTGRES === null ? ' (no PostgreSQL installed)' : ''}`, () => {
  test('of a server that runs, restored into another: reports, tokens and jobs are there', {
    timeout: 300_000,
  }, async () => {
    const [old, fresh] = [clusterDirectory(), clusterDirectory()];
    const file = join(scratch('backup'), 'plimsoll.backup');
    const before = await startServe({ directory: old, settings });
    const token = before.firstToken!;
    const { json: job } = await before.ask('POST', '/api/v1/images', { body: { target } });
    const state = async () => (await before.ask('GET', `/api/v1/jobs/${job.id}`)).json.state;
    await expect.poll(state, { timeout: 60_000 }).toBe('done');
    const path = `/api/v1/images/${image.manifestDigest}/report`;
    const { text } = await before.ask('GET', path);

    const backup = await runCommand(['backup', '--data', join(old, 'data'), file]);
    expect(backup).toMatchObject({ code: 0, stdout: '' });
    expect(backup.stderr).toContain('reports  1 row');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(gunzipSync(readFileSync(file)).toString()).not.toContain(token.replace(/^plimsoll_/, ''));
    // It goes on meanwhile.
    expect((await before.ask('GET', path)).status).toBe(200);
    expect(await before.stop()).toBe(0);

    // Into nothing, where no server runs; then by standard input, in the place of what a server has begun.
    const restore = (...args: string[]) => runCommand(['restore', '--data', join(fresh, 'data'), ...args]);
    expect(await restore(file)).toMatchObject({ code: 0 });
    const refused = await restore(file);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/not empty .*--replace.*\[CONFLICT\]/);
    const bytes = readFileSync(file);
    const again = await runCommand(['restore', '--data', join(fresh, 'data'), '--replace', '-'], bytes);
    expect(again).toMatchObject({ code: 0 });
    expect(gunzipSync(bytes).toString()).not.toContain('{"table":"sessions"');
    writeFileSync(`${file}.cut`, bytes.subarray(0, bytes.length - 100));
    const cut = await restore('--replace', `${file}.cut`);
    expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining('[BACKUP_INVALID]')]);

    const after = await startServe({ directory: fresh, settings, token });
    expect(after.firstToken).toBeNull();
    expect((await after.ask('GET', path)).text).toBe(text);
    expect((await after.ask('GET', `/api/v1/jobs/${job.id}`)).json).toMatchObject({ state: 'done' });
    const once = await after.ask('POST', '/api/v1/images', { body: { target } });
    expect(once.status).toBe(202);

    // Of a server that runs, without tokens.
    const piped = await runCommand(['backup', '--no-tokens', '--quiet', '--data', join(fresh, 'data'), `${file}.2`]);
    expect(piped).toMatchObject({ code: 0, stderr: '' });
    expect(gunzipSync(readFileSync(`${file}.2`)).toString()).not.toContain('{"table":"api_tokens"');
  });
});
