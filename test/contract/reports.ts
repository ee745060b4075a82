import { describe, expect, it } from 'vitest';
import type { PostgresAccess } from '../../services/adapters/store/postgres-access.ts';
import type { PostgresImages } from '../../services/adapters/store/postgres-images.ts';
import type { PostgresJobs } from '../../services/adapters/store/postgres-jobs.ts';
import type { PostgresPackages } from '../../services/adapters/store/postgres-packages.ts';
import type { PostgresRetention } from '../../services/adapters/store/postgres-retention.ts';
import type { PostgresSessions } from '../../services/adapters/store/postgres-sessions.ts';
import type { Job } from '../../services/pipeline/job-ports.ts';
import type { Decision, JudgedImage, StoredImage } from '../../services/pipeline/store-ports.ts';
import type { TermsReader } from '../../services/pipeline/terms.ts';
import { anotherDigest, judgedSample } from '../support/judged-images.ts';
import { samplePackage, sampleReport } from '../support/sample-report.ts';

export interface TestedReports extends TermsReader {
  readonly jobs: PostgresJobs;
  readonly images: PostgresImages;
  readonly packages: PostgresPackages;
  readonly access: PostgresAccess;
  readonly sessions: PostgresSessions;
  readonly retention: PostgresRetention;
  run(statement: string): Promise<void>;
}

const sha = anotherDigest;
const judged = judgedSample;
const UNKNOWN = `sha256:${'f'.repeat(64)}`;

/** What every store of reports, tokens and the audit log keeps to. */
export function reportsContract(name: string, open: () => TestedReports): void {
  const running = async ({ jobs }: TestedReports): Promise<Job> => {
    const [job] = await jobs.request([{ kind: 'scan', key: sha(), payload: {}, priority: 5 }]);
    return (await jobs.begin(job!.id, 'worker-1'))!;
  };
  const store = async (tested: TestedReports, images: readonly JudgedImage[], indexDigest: string | null = null) =>
    tested.images.storeAndSettle(
      await running(tested),
      { reference: './app.tar', indexDigest, images, revision: (await tested.terms()).revision },
      { digests: [] },
    );

  describe(`reports: ${name}`, () => {
    it('are stored with the end of their job', async () => {
      const tested = open();
      const image = judged(sha(), 'fail');
      const job = await running(tested);
      const target = {
        reference: './app.tar',
        indexDigest: null,
        images: [image],
        revision: (await tested.terms()).revision,
      };
      expect(await tested.images.storeAndSettle(job, target, { digests: [image.digest] })).toBe('stored');
      expect(await tested.jobs.job(job.id)).toMatchObject({ state: 'done', result: { digests: [image.digest] } });
      expect(await tested.images.report(image.digest)).toEqual({
        document: image.document,
        documentDigest: image.documentDigest,
      });
      expect(await tested.images.verdict(image.digest)).toMatchObject({ decision: 'fail', counts: { high: 1 } });
      expect(await tested.images.image(image.digest)).toMatchObject({
        kind: 'image',
        platform: 'linux/amd64',
        reference: './app.tar',
        verdict: { decision: 'fail' },
      });
    });

    it('of an attempt that lost its job are not stored', async () => {
      const tested = open();
      const image = judged(sha());
      const lost = await running(tested);
      await tested.run(`update jobs set heartbeat_at = now() - interval '1 hour' where id = '${lost.id}'`);
      await tested.jobs.recover(1_000);
      const target = {
        reference: './app.tar',
        indexDigest: null,
        images: [image],
        revision: (await tested.terms()).revision,
      };
      expect(await tested.images.storeAndSettle(lost, target, { digests: [] })).toBe('lost');
      expect(await tested.images.image(image.digest)).toBeNull();
      const second = (await tested.jobs.begin(lost.id, 'worker-2'))!;
      expect(await tested.images.storeAndSettle(second, target, { digests: [] })).toBe('stored');
    });

    it('that cannot be stored leave the job running', async () => {
      const tested = open();
      const job = await running(tested);
      const image = judged(sha(), 'maybe' as Decision);
      const target = {
        reference: './app.tar',
        indexDigest: null,
        images: [image],
        revision: (await tested.terms()).revision,
      };
      await expect(tested.images.storeAndSettle(job, target, { digests: [] })).rejects.toThrow();
      expect(await tested.images.image(image.digest)).toBeNull();
      expect(await tested.jobs.job(job.id)).toMatchObject({ state: 'running' });
    });

    it('are one for all that shaped them, the newest of the same; of others the newest counts', async () => {
      const tested = open();
      const first = judged(sha(), 'pass');
      await store(tested, [first]);
      await store(tested, [{ ...first, decision: 'fail', document: '{"again":true}' }]);
      expect(await tested.images.report(first.digest)).toMatchObject({ document: '{"again":true}' });
      await store(tested, [judged(first.digest, 'unknown')]);
      expect(await tested.images.verdict(first.digest)).toMatchObject({ decision: 'unknown' });
      const rows = await tested.packages.packagesNamed({ name: 'pkg:deb/debian/curl', images: 'all' }, null, 1_000);
      expect(rows.filter(({ digest }) => digest === first.digest)).toHaveLength(1);
    });

    it.each([
      [['pass', 'pass'], 'pass'],
      [['pass', 'unknown'], 'unknown'],
      [['unknown', 'fail', 'pass'], 'fail'],
    ] as const)('of an index with %s make it %s', async (decisions, worst) => {
      const tested = open();
      const index = sha();
      const images = decisions.map((decision) => judged(sha(), decision));
      await store(tested, images, index);
      const digests = images.map(({ digest }) => digest).toSorted();
      expect(await tested.images.image(index)).toMatchObject({ kind: 'index', verdict: { decision: worst } });
      expect((await tested.images.children(index)).map(({ digest }) => digest)).toEqual(digests);
      expect(await tested.images.verdict(index)).toBeNull();
      // One without a report cannot make it better.
      await tested.run(
        `delete from reports where digest = '${images.find((each) => each.decision !== worst || worst === 'pass')!.digest}'`,
      );
      const left = await tested.images.image(index);
      expect(left?.verdict?.decision).toBe(worst === 'pass' ? 'unknown' : worst);
    });

    it('name the images that hold a package, and only that one', async () => {
      const tested = open();
      const packages = ['1.0', '2.0'].map((version) => samplePackage({ name: 'zlib', version }));
      const names = [`pkg:deb/debian/zlib-${sha()}`, null];
      const image = judged(sha(), 'pass', { report: { ...sampleReport(), packages }, packageNames: names });
      await store(tested, [image]);
      expect(await tested.packages.packagesNamed({ name: names[0]!, images: 'all' }, null, 10)).toEqual([
        {
          digest: image.digest,
          reference: './app.tar',
          platform: 'linux/amd64',
          ordinal: 0,
          type: 'deb',
          version: '1.0',
          purl: packages[0]!.purl,
        },
      ]);
      expect(await tested.packages.packagesNamed({ name: 'pkg:deb/debian/zlib%', images: 'all' }, null, 10)).toEqual(
        [],
      );
    });

    it('of images with very many packages are stored whole', async () => {
      const tested = open();
      const packages = Array.from({ length: 12_000 }, (_, i) => samplePackage({ name: `p${i}`, version: '1' }));
      const name = `pkg:deb/debian/many-${sha()}`;
      const image = judged(sha(), 'pass', {
        report: { ...sampleReport(), packages },
        packageNames: packages.map(() => name),
      });
      await store(tested, [image]);
      expect(await tested.packages.packagesNamed({ name, images: 'all' }, null, 20_000)).toHaveLength(12_000);
    });

    it('that nobody made are absent', async () => {
      const { images } = open();
      expect(await images.image(UNKNOWN)).toBeNull();
      expect(await images.verdict(UNKNOWN)).toBeNull();
      expect(await images.report(UNKNOWN)).toBeNull();
      expect(await images.children(UNKNOWN)).toEqual([]);
    });

    it('list their images page by page, the newest first', async () => {
      const tested = open();
      const digests = [sha(), sha(), sha()];
      for (const digest of digests) await store(tested, [judged(digest)]);
      const first = await tested.images.images({ limit: 2, after: null });
      const second = await tested.images.images({ limit: 2, after: first.next });
      const seen = [...first.items, ...second.items].map(({ digest }: StoredImage) => digest);
      expect(seen.slice(0, 3)).toEqual(digests.toReversed());
    });
  });

  describe(`retention: ${name}`, () => {
    const kept = {
      jobsDays: 30,
      reportsDays: 90,
      changesDays: 365,
      deliveriesDays: 90,
      auditDays: 365,
      admissionDays: 90,
    };

    it('takes away what is over and old, and nothing else', async () => {
      const tested = open();
      const { jobs, images, access, retention, run } = tested;
      await retention.expire(kept);
      const digest = sha();
      await store(tested, [judged(digest, 'fail')]);
      await run(`update reports set scanned_at = now() - interval '200 days' where digest = '${digest}'`);
      // Old, and the only one: it is what the verdict is read from.
      expect(await retention.expire(kept)).toMatchObject({ reports: 0 });
      expect(await images.verdict(digest)).toMatchObject({ decision: 'fail' });
      await store(tested, [judged(digest, 'pass')]);
      expect(await retention.expire({ ...kept, reportsDays: 201 })).toMatchObject({ reports: 0 });
      expect(await retention.expire(kept)).toMatchObject({ reports: 1 });
      expect(await images.verdict(digest)).toMatchObject({ decision: 'pass' });
      expect(
        await tested.packages.packagesNamed({ name: 'pkg:deb/debian/curl', images: 'all' }, null, 10_000),
      ).toContainEqual(expect.objectContaining({ digest }));

      const [over, alive] = [await running(tested), await running(tested)];
      await jobs.settle(over, { result: {} });
      await run(`update jobs set finished_at = now() - interval '31 days' where id = '${over.id}'`);
      await run(`update jobs set created_at = now() - interval '31 days' where id = '${alive.id}'`);
      await run(`insert into changes (digest, at, decision_before, decision_after, appeared, vanished, altered)
        select '${digest}', now() - age * interval '1 day', 'pass', 'fail', '[]', '[]', '[]' from unnest(array[364, 366]) age`);
      const entry = {
        actor: 'system',
        action: 'old',
        subject: 's',
        outcome: 'done',
        address: null,
        requestId: null,
      } as const;
      await access.audit(entry);
      await run("update audit_log set at = now() - interval '366 days' where action = 'old'");
      expect(await retention.expire(kept)).toEqual({
        jobs: 1,
        reports: 0,
        changes: 1,
        deliveries: 0,
        audit: 1,
        admission: 0,
      });
      expect(await jobs.job(over.id)).toBeNull();
      expect(await jobs.job(alive.id)).toMatchObject({ state: 'running' });
    });

    it('takes away many, in pieces', async () => {
      const { retention, run } = open();
      await run(`insert into deliveries (id, registry, body_digest, events, ignored, received_at)
        select gen_random_uuid(), 'hub', 'x', 0, 0, now() - interval '100 days' from generate_series(1, 2500)`);
      expect(await retention.expire(kept)).toMatchObject({ deliveries: 2_500 });
    });
  });

  describe(`access: ${name}`, () => {
    const token = (more: object = {}) => {
      return { name: 'ci', role: 'viewer' as const, secretDigest: sha().slice(7), expiresAt: null, ...more };
    };

    it('makes one first token, however many ask at once', async () => {
      const { access, run } = open();
      await run('delete from api_tokens');
      const made = await Promise.all(Array.from({ length: 5 }, () => access.addFirstToken(token())));
      expect(made.filter((each) => each !== null)).toHaveLength(1);
      await run('update api_tokens set revoked_at = now()');
      expect(await access.addFirstToken(token())).toBeNull();
    });

    it('knows a token by its digest until it expires or is revoked', async () => {
      const { access, run } = open();
      const given = token({ expiresAt: '2199-01-01T00:00:00Z', role: 'editor' });
      const { id } = await access.addToken(given);
      expect(await access.holder(given.secretDigest)).toMatchObject({ id, role: 'editor' });
      expect(await access.holder(sha().slice(7))).toBeNull();
      await run(`update api_tokens set expires_at = now() - interval '1 second' where id = '${id}'`);
      expect(await access.holder(given.secretDigest)).toBeNull();
      await run(`update api_tokens set expires_at = null where id = '${id}'`);
      expect(await access.holder(given.secretDigest)).not.toBeNull();
      expect(await access.revoke(id)).toBe(true);
      expect(await access.revoke(id)).toBe(false);
      expect(await access.holder(given.secretDigest)).toBeNull();
      const { items } = await access.tokens({ limit: 1, after: null });
      expect(items[0]).toMatchObject({ id, name: 'ci' });
      expect(JSON.stringify(items)).not.toContain(given.secretDigest);
    });

    it('knows a session by its digest until it expires or is ended', async () => {
      const { sessions, run } = open();
      const given = { subject: 'alice', name: 'Alice', role: 'editor' as const, minutes: 5 };
      const [one, other] = [sha().slice(7), sha().slice(7)];
      for (const secretDigest of [one, other]) await sessions.addSession({ ...given, secretDigest });
      const { minutes: _, ...kept } = given;
      const stored = await sessions.session(one);
      expect(stored).toEqual({ ...kept, expiresAt: expect.any(String) });
      expect(await sessions.session(sha().slice(7))).toBeNull();
      expect(await sessions.endSession(one)).toBe(true);
      expect(await sessions.endSession(one)).toBe(false);
      expect(await sessions.session(one)).toBeNull();
      await run(`update sessions set expires_at = now() - interval '1 second' where secret_digest = '${other}'`);
      expect(await sessions.session(other)).toBeNull();
      // What is over is taken away with the next one.
      await sessions.addSession({ ...given, secretDigest: one });
      expect(await sessions.endSession(other)).toBe(false);
    });

    it('keeps who did what', async () => {
      const { access } = open();
      const entry = {
        actor: 'system',
        action: 'a',
        subject: 's',
        outcome: 'done',
        address: null,
        requestId: null,
      } as const;
      await access.audit(entry);
      await access.audit({ ...entry, outcome: 'refused' });
      const { items, next } = await access.audited({ limit: 1, after: null });
      expect(items).toEqual([{ ...entry, outcome: 'refused', at: expect.any(String) }]);
      expect((await access.audited({ limit: 1, after: next })).items[0]).toMatchObject(entry);
    });
  });
}
