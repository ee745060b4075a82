import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { ociTarget, runCommand, scratch } from '../support/scan.ts';
import { type Served, startServe } from '../support/serve.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { zip } from '../support/zip-builder.ts';

/** Stored reports are judged again when the advisory database is another, without their images. */

const images = scratch('serve-rescan-images');
const lodash = await buildImage({
  layers: [
    {
      entries: [file('app/node_modules/lodash/package.json', JSON.stringify({ name: 'lodash', version: '1.0.0' }))],
    },
  ],
});
const target = ociTarget(images, lodash);
const record = (id: string) => ({
  name: `${id}.json`,
  content: JSON.stringify({
    id,
    modified: '2024-01-01T00:00:00Z',
    affected: [{ package: { ecosystem: 'npm', name: 'lodash' }, versions: ['1.0.0'] }],
  }),
});
const [FIRST, SECOND, THIRD] = ['GHSA-aaaa-aaaa-aaaa', 'GHSA-bbbb-bbbb-bbbb', 'GHSA-cccc-cccc-cccc'] as const;
const COPIES = 400;

async function ended(served: Served, id: string) {
  const now = async () => (await served.ask('GET', `/api/v1/jobs/${id}`)).json;
  await expect.poll(async () => (await now()).state, { timeout: 90_000, interval: 100 }).toMatch(/^(?:done|failed)$/);
  return await now();
}

async function jobOf(served: Served, kind: string) {
  const { items } = (await served.ask('GET', `/api/v1/jobs?kind=${kind}`)).json;
  return items[0];
}

describe.skipIf(POSTGRES === null)(`stored reports${POSTGRES ? '' : ' (no PostgreSQL)'}`, () => {
  test('are judged again after a refresh, each once, also where the server is killed amid it', {
    timeout: 300_000,
  }, async () => {
    const db = join(await temporaryDirectory(), 'db');
    let npm = zip([record(FIRST)]);
    const { url } = await loopbackServer((request, response) => {
      if (request.url!.endsWith('/npm/all.zip')) response.end(npm);
      else response.writeHead(404).end();
    });
    const environment = { NO_PROXY: '*' };
    const update = ['db', 'update', '--mirror', url, '--feeds', 'osv:npm', '--db', db, '--quiet'];
    expect(await runCommand(update, undefined, { environment })).toMatchObject({ code: 0 });
    const advisories = { refreshMinutes: 60, mirrors: [url], feeds: ['osv:npm'] };
    const settings = { scan: { db, localDirectories: [images] }, advisories };
    const directory = clusterDirectory();
    const served = await startServe({ directory, settings, environment });
    const token = served.firstToken!;
    await expect.poll(async () => (await jobOf(served, 'refresh-advisories'))?.state, { timeout: 60_000 }).toBe('done');
    const asked = await served.ask('POST', '/api/v1/images', { body: { target } });
    expect(await ended(served, asked.json.id)).toMatchObject({ state: 'done' });
    const path = `/api/v1/images/${lodash.manifestDigest}`;
    const before = (await served.ask('GET', `${path}/report`)).json;

    // A refresh that finds something else, by hand: what is due in an hour is due now.
    const refresh = async (server: Served, ...ids: readonly string[]) => {
      npm = zip(ids.map(record));
      await pool.query("update schedules set asked_at = now() - interval '2 hours' where kind = 'refresh-advisories'");
      const last = (await jobOf(server, 'refresh-advisories')).id;
      await expect.poll(async () => (await jobOf(server, 'refresh-advisories')).id, { timeout: 60_000 }).not.toBe(last);
    };
    const socket = { host: join(directory, 'data/socket'), user: 'plimsoll', database: 'plimsoll' };
    const pool = new pg.Pool({ ...socket, max: 1 });
    pool.on('error', () => {});
    onTestFinished(() => pool.end());
    await refresh(served, FIRST, SECOND);
    const changes = async (server: Served) => (await server.ask('GET', '/api/v1/changes')).json.items;
    await expect.poll(async () => (await changes(served)).length, { timeout: 60_000 }).toBe(1);
    const [change] = await changes(served);
    expect(change).toMatchObject({
      digest: lodash.manifestDigest,
      database: { before: before.inputs.db },
      appeared: [{ id: SECOND }],
      vanished: [],
      altered: [],
    });
    const after = (await served.ask('GET', `${path}/report`)).json;
    expect(after.vulnerabilities.map(({ id }: { id: string }) => id)).toEqual([FIRST, SECOND]);
    expect(after.inputs.db).toBe(change.database.after);
    const verdict = (await served.ask('GET', `${path}/verdict`)).json;
    expect(verdict.decision).toBe(change.decision.after);
    expect(Date.parse(verdict.judgedAt)).toBeGreaterThan(Date.parse(verdict.scannedAt));

    // Many images, and a kill amid their rescan.
    await pool.query(
      `with copy as (select i, 'sha256:' || encode(sha256(i::text::bytea), 'hex') as digest from generate_series(1, ${COPIES}) i),
      image as (insert into images (digest, is_index, platform, reference)
        select digest, false, 'linux/amd64', 'copy-' || i from copy returning digest)
      insert into reports (id, digest, judged_by, read_by, judged_with, database_built_at, decision, counts, document, document_digest)
      select gen_random_uuid(), copy.digest, judged_by, read_by, judged_with, database_built_at, decision, counts,
        replace(document, $1, copy.digest), copy.digest from reports, copy where reports.digest = $1`,
      [lodash.manifestDigest],
    );
    const rejudged = async () => {
      const { rows } = await pool.query(
        "select count(*)::int as count from reports where document like '%' || $1 || '%'",
        [THIRD],
      );
      return rows[0].count as number;
    };
    await refresh(served, FIRST, SECOND, THIRD);
    await expect.poll(rejudged, { timeout: 60_000, interval: 5 }).toBeGreaterThan(0);
    served.command.kill('SIGKILL');
    await served.command.result;
    const atKill = await rejudged().catch(() => null);
    expect(atKill).not.toBe(COPIES + 1);

    const next = await startServe({ directory, settings, environment, token });
    await expect.poll(() => rejudged().catch(() => 0), { timeout: 120_000, interval: 500 }).toBe(COPIES + 1);
    await expect.poll(async () => (await jobOf(next, 'rescan')).state, { timeout: 60_000 }).toBe('done');
    const { rows } = await pool.query(
      `select count(*)::int as changes, count(distinct digest)::int as images from changes
      where appeared @> jsonb_build_array(jsonb_build_object('id', $1::text))`,
      [THIRD],
    );
    expect(rows).toEqual([{ changes: COPIES + 1, images: COPIES + 1 }]);
    const all = await pool.query('select count(*)::int as reports, count(distinct digest)::int as images from reports');
    expect(all.rows).toEqual([{ reports: COPIES + 1, images: COPIES + 1 }]);
  });
});
