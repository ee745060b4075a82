import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { BUILTIN_BUNDLE, ownBundle } from '../support/policy-bundles.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { ociTarget, scratch } from '../support/scan.ts';
import { jobEnded, startServe } from '../support/serve.ts';

/** Policies by the API of a real server: what is activated judges every report again. */

const place = scratch('serve-policies');
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
const target = ociTarget(place, image);

/** A bundle as the API takes it. */
function uploadOf(directory: string) {
  const manifest = readFileSync(join(directory, 'manifest.json'), 'utf8');
  return { manifest, wasm: readFileSync(join(directory, 'policy.wasm')).toString('base64') };
}

describe.skipIf(POSTGRES === null)(
  `policies by the API${POSTGRES === null ? ' (no PostgreSQL installed)' : ''}`,
  () => {
    test('judge what is stored and what is scanned, get no weaker unseen, and are rolled back', async () => {
      const settings = join(place, 'settings.yaml');
      const scope = '{ name: lab, match: { images: ["lab/**"] }, rules: { fixable_vulnerability: { mode: warn } } }';
      writeFileSync(settings, `policy: { rules: { end_of_life: { mode: "off" } }, scopes: [${scope}] }\n`);
      const served = await startServe({
        directory: clusterDirectory(),
        settings: { scan: { db: 'starter', localDirectories: [place], settings } },
      });
      const post = (path: string, body: unknown = {}) => served.ask('POST', `/api/v1/${path}`, { body });
      const { json: scan } = await post('images', { target });
      expect((await jobEnded(served, scan.id)).state).toBe('done');
      const judgedBy = async () => {
        const { json } = await served.ask('GET', `/api/v1/images/${image.manifestDigest}/report`);
        const rules = new Set<string>(json.verdict.violations.map(({ rule }: { rule: string }) => rule));
        return { policies: json.verdict.policies.map(({ digest }: { digest: string }) => digest), rules };
      };
      const before = await judgedBy();
      expect([...before.rules]).toContain('fixable_vulnerability');

      const policies = async () => (await served.ask('GET', '/api/v1/policies')).json.items;
      const [builtin, ...more] = await policies();
      expect([builtin.origin, builtin.digest, more]).toEqual(['builtin', before.policies[0], []]);
      const modes = new Map(builtin.rules.map((rule: { id: string }) => [rule.id, rule]));
      expect(modes.get('end_of_life')).toMatchObject({ mode: 'off', scopes: [] });
      expect(modes.get('fixable_vulnerability')).toMatchObject({
        mode: 'deny',
        scopes: [{ name: 'lab', mode: 'warn' }],
      });

      const uploads = [ownBundle(place), ownBundle(place, { fixable_vulnerabilitx: 'warn' })].map(uploadOf);
      const [strict, lax] = [await post('policies/bundles', uploads[0]), await post('policies/bundles', uploads[1])];
      expect([strict.status, lax.status]).toEqual([201, 201]);
      expect(strict.json).toMatchObject({ name: 'own', active: false, uploadedBy: expect.stringMatching(/^token:/) });
      expect(await policies()).toHaveLength(1);
      const change = (digest: string, what: string, body: object = {}) =>
        post(`policies/bundles/${digest}/${what}`, body);
      const activated = await change(strict.json.digest, 'activate');
      expect(activated.json).toMatchObject({ action: 'activate', previous: null, weaker: false });
      expect(activated.json.rules).toContainEqual({
        rule: 'fixable_vulnerabilitx',
        scope: null,
        before: null,
        after: 'deny',
        redefined: false,
      });
      expect(await jobEnded(served, activated.json.job)).toMatchObject({ state: 'done', result: { judged: 1 } });
      const both = await judgedBy();
      expect(both.policies.toSorted()).toEqual([before.policies[0], strict.json.digest].toSorted());
      expect([...both.rules]).toEqual(expect.arrayContaining(['fixable_vulnerability', 'fixable_vulnerabilitx']));
      const { json: again } = await post('images', { target });
      await jobEnded(served, again.id);
      expect(await judgedBy()).toEqual(both);

      const { apiBundleBytes } = LIMITS;
      // Who sends more is answered amid it, and may find the connection closed before the answer is read.
      const padded = (bytes: number) =>
        post('policies/bundles', '{"manifest":""}'.padEnd(bytes)).then(
          ({ status }) => status,
          () => 'closed',
        );
      expect(await padded(apiBundleBytes)).toBe(400);
      expect([413, 'closed']).toContain(await padded(apiBundleBytes + 1));

      const refused = await change(lax.json.digest, 'activate');
      expect([refused.status, refused.json.code]).toEqual([409, 'CONFLICT']);
      expect(refused.json.detail).toContain('fixable_vulnerabilitx (warn)');
      const allowed = await change(lax.json.digest, 'activate', { allowWeaker: true });
      expect(allowed.json).toMatchObject({ weaker: true, previous: strict.json.digest, digest: lax.json.digest });
      const back = await change(lax.json.digest, 'roll-back');
      expect(back.json).toMatchObject({ action: 'roll-back', digest: strict.json.digest, weaker: false });
      await jobEnded(served, back.json.job);
      expect(await judgedBy()).toEqual(both);
      expect((await change(strict.json.digest, 'deactivate')).json.code).toBe('CONFLICT');
      const gone = await change(strict.json.digest, 'deactivate', { allowWeaker: true });
      await jobEnded(served, gone.json.job);
      expect(await judgedBy()).toEqual(before);

      const { json: changes } = await served.ask('GET', '/api/v1/policies/changes?name=own');
      expect(changes.items.map(({ action, weaker }: Record<string, unknown>) => [action, weaker])).toEqual([
        ['deactivate', true],
        ['roll-back', false],
        ['activate', true],
        ['activate', false],
      ]);
      const { json: audit } = await served.ask('GET', '/api/v1/audit');
      const lines = audit.items.map(({ action, subject, outcome }: Record<string, string>) => [
        action,
        subject,
        outcome,
      ]);
      expect(lines).toContainEqual(['policy.upload', strict.json.digest, 'done']);
      expect(lines).toContainEqual(['policy.roll-back', lax.json.digest, 'done']);
      expect(lines).toContainEqual(['policy.activate', expect.stringContaining(lax.json.digest), 'refused']);
    });

    test('that are none are not kept', async () => {
      const served = await startServe({ directory: clusterDirectory() });
      const post = async (body: unknown) => {
        const { status, json } = await served.ask('POST', '/api/v1/policies/bundles', { body });
        return [status, json.code, json.detail];
      };
      const good = uploadOf(ownBundle(place));
      const cut = Buffer.from(good.wasm, 'base64').subarray(0, 1_000).toString('base64');
      expect(await post({ ...good, wasm: cut })).toEqual([
        422,
        'POLICY_INVALID',
        expect.stringContaining('manifest says'),
      ]);
      expect(await post({ ...good, manifest: '{}' })).toEqual([422, 'POLICY_INVALID', expect.any(String)]);
      expect(await post({ ...good, wasm: 'no base64' })).toEqual([400, 'USAGE', expect.stringContaining('wasm')]);
      expect(await post(uploadOf(BUILTIN_BUNDLE))).toEqual([
        422,
        'POLICY_INVALID',
        expect.stringContaining('another name'),
      ]);
      expect((await served.ask('GET', '/api/v1/policies/bundles')).json.items).toEqual([]);
      const unknown = `policies/bundles/sha256:${'0'.repeat(64)}/activate`;
      expect((await served.ask('POST', `/api/v1/${unknown}`, { body: {} })).status).toBe(404);
    });
  },
);
