/**
 * `node rescan-known.ts BEFORE AFTER REPORTS`: what a rescan takes, of all reports of a folder in a private PostgreSQL, which
 * were judged with the database BEFORE and are judged again with AFTER and the built-in policies. Prints RescanTimes as JSON.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LmdbAdvisories } from '../../services/adapters/advisories/lmdb-advisories.ts';
import { openPolicies } from '../../services/adapters/opa/open-policies.ts';
import { openStore } from '../../services/adapters/store/open-store.ts';
import { PrivatePostgres } from '../../services/adapters/store/private-postgres.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { DEFAULT_POLICY_SETTINGS } from '../../services/domain/verdict/plan.ts';
import { judgeDocument } from '../../services/pipeline/judge-document.ts';
import { judgedImage, judgedWith } from '../../services/pipeline/judged-image.ts';
import { rescanReports } from '../../services/pipeline/rescan-reports.ts';
import type { Judgement } from '../../services/pipeline/scan-and-store.ts';
import { samplePackage } from '../support/sample-report.ts';

export interface RescanTimes {
  readonly judged: number;
  readonly changed: number;
  readonly bytes: number;
  readonly ms: number;
}

const [before, after, folder] = process.argv.slice(2) as [string, string, string];
const policies = fileURLToPath(new URL('../../policies/', import.meta.url));
const evaluator = await openPolicies({ builtin: `${policies}bundle`, paths: [], opa: 'opa', shared: policies });
const scan = {
  version: '0.0.0',
  sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex'),
  breathe: () => setImmediate(),
  clock: { moment: () => new Date().toISOString(), elapsed: () => performance.now() },
};
const judgement = async (directory: string): Promise<Judgement> => {
  const database = (await LmdbAdvisories.open(directory))!;
  const given = { exceptions: [], vex: [], digests: { exceptions: null, vex: null } };
  const gate = { severities: null, ignoreUnfixed: false };
  const options = { settings: DEFAULT_POLICY_SETTINGS, settingsDigest: null, failOn: null, against: null };
  return {
    matching: { database, suppressions: given, bundleVerifier: () => Promise.reject(new Error('there is no VEX')) },
    judging: { evaluator, options: { ...options, stage: 'ship', gate } },
    given,
    revision: (await store.terms()).revision,
    close: () => database.close(),
  };
};
const directory = mkdtempSync(join(tmpdir(), 'plimsoll-rescan-'));
chmodSync(directory, 0o711);
const postgres = await PrivatePostgres.start({
  directory,
  binaries: null,
  account: null,
  path: process.env.PATH,
  onLine: () => {},
  onCrash: (message) => process.stderr.write(`${message}\n`),
});
const store = await openStore(postgres.connection, () => {});
try {
  let bytes = 0;
  const old = await judgement(before);
  for (const [i, name] of readdirSync(folder).entries()) {
    const read = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Report;
    // Each an image of its own.
    const digest = `sha256:${i.toString(16).padStart(64, '0')}`;
    const report = {
      ...read,
      target: { ...read.target, digest },
      packages: [...read.packages, samplePackage({ name, version: '1' })],
    };
    const judged = (await judgeDocument(report, old, scan)) as Report;
    const by = judgedWith(old, scan.clock.moment(), scan.version, scan.sha256);
    const image = judgedImage(judged, digest, digest, by, scan.sha256);
    bytes += image.document.length;
    const [job] = await store.jobs.request([{ kind: 'scan', key: name, payload: {}, priority: 5 }]);
    const begun = (await store.jobs.begin(job!.id, 'bench'))!;
    const { revision } = old;
    await store.images.storeAndSettle(begun, { reference: name, indexDigest: null, images: [image], revision }, {});
  }
  await old.close();
  const started = performance.now();
  const { judged, changed } = await rescanReports(null, new AbortController().signal, {
    scan,
    openJudgement: () => judgement(after),
    reports: store.rescans,
    giveWay: () => Promise.resolve(),
  });
  const ms = performance.now() - started;
  const times: RescanTimes = { judged: Number(judged), changed: Number(changed), bytes, ms };
  process.stdout.write(`${JSON.stringify(times)}\n`);
} finally {
  await evaluator.close();
  await store.close();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}
