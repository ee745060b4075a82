import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { ociTarget, scratch } from '../support/scan.ts';
import { jobEnded, type Served, startServe } from '../support/serve.ts';

/** Exceptions by the API of a real server: what they touch is judged again, without its image. */

const images = scratch('serve-exceptions-images');
const imageOf = (version: string) =>
  buildImage({
    layers: [
      {
        entries: [
          file('etc/os-release', OS_RELEASE.debian),
          file('var/lib/dpkg/status', dpkgStatus([{ name: 'curl', version }])),
        ],
      },
    ],
  });

const content = (vulnerability: string, more: object = {}) => {
  return { vulnerability, reason: 'not reached', owner: 'team-a', expires: '2199-12-31', ...more };
};

async function reportOf(served: Served, digest: string) {
  const { json } = await served.ask('GET', `/api/v1/images/${digest}/report`);
  return {
    exceptions: json.inputs.exceptions as string | null,
    rows: json.vulnerabilities as { id: string; suppressed?: { source: string; owner: string } }[],
  };
}

describe.skipIf(POSTGRES === null)(
  `exceptions by the API${POSTGRES === null ? ' (no PostgreSQL installed)' : ''}`,
  () => {
    test('suppress what they cover in stored reports and in later scans, until they are ended', async () => {
      const served = await startServe({
        directory: clusterDirectory(),
        settings: { scan: { db: 'starter', localDirectories: [images] } },
      });
      const image = await imageOf('7.88.1-10');
      const target = ociTarget(images, image);
      const scan = async () => {
        const { json } = await served.ask('POST', '/api/v1/images', { body: { target } });
        expect((await jobEnded(served, json.id)).state).toBe('done');
      };
      await scan();
      const before = await reportOf(served, image.manifestDigest);
      expect(before.exceptions).toBeNull();
      const [{ id: covered }] = before.rows as [{ id: string }];

      // Whatever follows needs no image.
      rmSync(target.replace(/^oci-dir:/, '').replace(/[:@].*$/, ''), { recursive: true });
      const made = await served.ask('POST', '/api/v1/exceptions', { body: content(covered) });
      expect(made.status).toBe(201);
      expect(made.json).toMatchObject({
        ...content(covered),
        state: 'in-force',
        createdBy: expect.stringMatching(/^token:/),
      });
      expect(await jobEnded(served, made.json.job)).toMatchObject({ state: 'done', result: { judged: 1, changed: 1 } });
      const excepted = await reportOf(served, image.manifestDigest);
      expect(excepted.exceptions).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(excepted.rows.find(({ id }) => id === covered)?.suppressed).toMatchObject({
        source: `exception ${made.json.id}`,
        owner: 'team-a',
      });
      expect(excepted.rows.filter(({ suppressed }) => suppressed !== undefined)).toHaveLength(1);
      const { json: verdict } = await served.ask('GET', `/api/v1/images/${image.manifestDigest}/verdict`);
      expect(Object.values(verdict.counts as Record<string, number>).reduce((sum, count) => sum + count, 0)).toBe(
        before.rows.length - 1,
      );

      const elsewhere = await served.ask('POST', '/api/v1/exceptions', { body: content('CVE-1999-0001') });
      expect(await jobEnded(served, elsewhere.json.job)).toMatchObject({ result: { judged: 0 } });
      const another = await imageOf('7.88.1-9');
      const asked = await served.ask('POST', '/api/v1/images', { body: { target: ociTarget(images, another) } });
      await jobEnded(served, asked.json.id);
      const later = await reportOf(served, another.manifestDigest);
      expect(later.rows.find(({ id }) => id === covered)?.suppressed).toMatchObject({ owner: 'team-a' });
      expect(later.exceptions).not.toBe(excepted.exceptions);

      const ended = await served.ask('POST', `/api/v1/exceptions/${made.json.id}/end`, { body: {} });
      expect(ended.json).toMatchObject({ state: 'ended', endedBy: made.json.createdBy });
      expect(await jobEnded(served, ended.json.job)).toMatchObject({
        state: 'done',
        result: { judged: 2, changed: 2 },
      });
      const after = await reportOf(served, image.manifestDigest);
      expect(after.rows).toEqual(before.rows);
      expect((await served.ask('POST', `/api/v1/exceptions/${made.json.id}/end`, { body: {} })).json.code).toBe(
        'CONFLICT',
      );

      const list = async (query: string) => (await served.ask('GET', `/api/v1/exceptions?${query}`)).json.items;
      expect((await list('state=ended')).map(({ id }: { id: string }) => id)).toEqual([made.json.id]);
      expect((await list('state=in-force&owner=team-a')).map(({ id }: { id: string }) => id)).toEqual([
        elsewhere.json.id,
      ]);
      const { json: audit } = await served.ask('GET', '/api/v1/audit');
      const lines = audit.items.map(({ action, subject, outcome }: Record<string, string>) => [
        action,
        subject,
        outcome,
      ]);
      expect(lines).toContainEqual(['exception.create', made.json.id, 'done']);
      expect(lines).toContainEqual(['exception.end', made.json.id, 'done']);
    });

    test('are refused where they are no exceptions, or over', async () => {
      const served = await startServe({ directory: clusterDirectory() });
      const post = async (body: unknown) => {
        const { status, json } = await served.ask('POST', '/api/v1/exceptions', { body });
        return [status, json.code, json.detail];
      };
      expect(await post(content('CVE-1', { expires: '2001-01-01' }))).toEqual([
        400,
        'USAGE',
        expect.stringContaining('over'),
      ]);
      expect(await post(content('CVE-1', { expires: undefined }))).toEqual([
        400,
        'USAGE',
        expect.stringContaining('expires'),
      ]);
      expect(await post(content('CVE-1', { packages: ['curl'] }))).toEqual([
        400,
        'USAGE',
        expect.stringContaining('package URL'),
      ]);
      expect(await post(content('CVE-1', { more: 1 }))).toEqual([400, 'USAGE', expect.any(String)]);
      expect((await served.ask('GET', '/api/v1/exceptions')).json.items).toEqual([]);
    });
  },
);
