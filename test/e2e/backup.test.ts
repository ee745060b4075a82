import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { ociTarget, scratch } from '../support/scan.ts';
import { startServe } from '../support/serve.ts';

/** The backup and the restore of docs/serve.md, word by word. */

const run = promisify(execFile);
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
  test('of a server that runs, restored into another: reports, tokens and jobs are there', async () => {
    const [old, fresh] = [clusterDirectory(), clusterDirectory()];
    const dump = join(scratch('backup'), 'plimsoll.dump');
    const before = await startServe({ directory: old, settings });
    const token = before.firstToken!;
    const { json: job } = await before.ask('POST', '/api/v1/images', { body: { target } });
    const state = async () => (await before.ask('GET', `/api/v1/jobs/${job.id}`)).json.state;
    await expect.poll(state, { timeout: 60_000 }).toBe('done');
    const path = `/api/v1/images/${image.manifestDigest}/report`;
    const { text } = await before.ask('GET', path);

    const tool = (name: string, directory: string, ...args: string[]) =>
      run(join(POSTGRES!, name), ['-h', join(directory, 'data/socket'), '-U', 'plimsoll', ...args]);
    await tool('pg_dump', old, '-Fc', '--table=public.*', '-f', dump, 'plimsoll');
    chmodSync(dump, 0o600);
    expect(await before.stop()).toBe(0);

    const first = await startServe({ directory: fresh, settings });
    await tool('pg_restore', fresh, '--clean', '--if-exists', '--single-transaction', '-d', 'plimsoll', dump);
    expect(await first.stop()).toBe(0);

    const after = await startServe({ directory: fresh, settings, token });
    expect(after.firstToken).toBeNull();
    expect((await after.ask('GET', path)).text).toBe(text);
    expect((await after.ask('GET', `/api/v1/jobs/${job.id}`)).json).toMatchObject({ state: 'done' });
    // The token of the server that was restored into is gone with its tables.
    expect((await after.ask('GET', path, { token: first.firstToken })).status).toBe(401);
    const again = await after.ask('POST', '/api/v1/images', { body: { target } });
    expect(again.status).toBe(202);
  });
});
