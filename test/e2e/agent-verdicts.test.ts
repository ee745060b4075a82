import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeVerdicts } from '../../services/domain/runtime/verdict-cache.ts';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { ociTarget, runCommand, scratch } from '../support/scan.ts';
import { startServe } from '../support/serve.ts';

/** From a real scan to the file that the start gate of a node reads. */

const place = scratch('agent-verdicts');
const debian = (version: string) =>
  buildImage({
    architecture: 'amd64',
    layers: [
      {
        entries: [
          file('etc/os-release', OS_RELEASE.debian),
          file('var/lib/dpkg/status', dpkgStatus([{ name: 'curl', version }])),
        ],
      },
    ],
  });
const target = ociTarget(place, await debian('7.88.1-10'));
const output = join(place, 'verdicts');
const verdicts = (...args: string[]) => runCommand(['agent', 'verdicts', '--output', output, ...args]);
const written = () => decodeVerdicts(readFileSync(output, 'utf8'), output);

describe('plimsoll agent verdicts', () => {
  test('reports: by manifest and by config, with the rule; profiles stay when an image is judged again', async () => {
    const report = join(place, 'report.json');
    await runCommand(['scan', target, '--quiet', '--no-cache', '--db', 'starter', '--format', `json=${report}`]);
    const { target: scanned, image, verdict } = JSON.parse(readFileSync(report, 'utf8'));
    expect(await verdicts('--profile', `${scanned.digest}=web`)).toMatchObject({ code: 0 });
    expect(written()).toMatchObject([
      { digest: scanned.digest, decision: 'unknown', profile: 'web', judgedSeconds: 0 },
    ]);
    const { code, stdout } = await verdicts(report);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^.*verdicts: \d allow, \d deny, \d unknown\n$/)]);
    const decision = { pass: 'allow', fail: 'deny', unknown: 'unknown' }[verdict.decision as 'pass'];
    expect(written()).toEqual(
      [scanned.digest, image.id]
        .sort()
        .map((digest) =>
          expect.objectContaining({ digest, decision, profile: digest === scanned.digest ? 'web' : null }),
        ),
    );
    expect(statSync(output).mode & 0o777).toBe(0o644);
    await verdicts(report, '--replace');
    expect(written().map(({ profile }) => profile)).toEqual([null, null]);
  });

  test('what is no report, no file of verdicts or no profile is refused, and nothing is written', async () => {
    const before = readFileSync(output);
    writeFileSync(join(place, 'other'), '{}');
    for (const args of [[join(place, 'other')], ['--profile', 'web'], ['--server', 'http://x'], []]) {
      expect(await verdicts(...args)).toMatchObject({ code: 1 });
    }
    expect(readFileSync(output)).toEqual(before);
    const foreign = join(place, 'foreign');
    writeFileSync(foreign, 'mine');
    expect(
      await runCommand(['agent', 'verdicts', '--output', foreign, '--profile', `sha256:${'a'.repeat(64)}=web`]),
    ).toMatchObject({ code: 1, stderr: expect.stringContaining('is no file of verdicts') });
    expect(readFileSync(foreign, 'utf8')).toBe('mine');
  });

  test.skipIf(POSTGRES === null)('a server (needs PostgreSQL): the newest verdict of each image', async () => {
    const served = await startServe({
      directory: clusterDirectory(),
      settings: { scan: { db: 'starter', localDirectories: [place] } },
    });
    const { json } = await served.ask('POST', '/api/v1/images', { body: { target } });
    await expect
      .poll(async () => (await served.ask('GET', `/api/v1/jobs/${json.id}`)).json.state, { timeout: 60_000 })
      .toBe('done');
    const token = join(place, 'token');
    writeFileSync(token, `${served.firstToken}\n`);
    expect(await verdicts('--replace', '--server', served.address, '--token-file', token)).toMatchObject({ code: 0 });
    const { items } = (await served.ask('GET', '/api/v1/images')).json;
    expect(written().map(({ digest }) => digest)).toContain(items[0].digest);
    expect(written()).toHaveLength(2);
    writeFileSync(token, 'plimsoll_wrong\n');
    expect(await verdicts('--server', served.address, '--token-file', token)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('status 401'),
    });
    expect(written()).toHaveLength(2);
    await served.stop();
  });
});
