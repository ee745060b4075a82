import { describe, expect, it } from 'vitest';
import type { PostgresExceptions } from '../../services/adapters/store/postgres-exceptions.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import type { NewException } from '../../services/pipeline/exception-ports.ts';
import type { JudgedImage } from '../../services/pipeline/store-ports.ts';
import { judgedSample } from '../support/judged-images.ts';
import type { TestedReports } from './reports.ts';

export interface TestedExceptions extends TestedReports {
  readonly exceptions: PostgresExceptions;
}

let made = 0;
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const fresh = (): string => `CVE-2024-${90_000 + made++}`;
const exceptionOf = (vulnerability: string, more: Partial<NewException> = {}): NewException => {
  return { vulnerability, reason: 'not reached', owner: 'team-a', expires: '2199-12-31', ...more };
};

/** What every store of exceptions, and of reports that are judged again, keeps to. */
export function exceptionsContract(name: string, open: () => TestedExceptions): void {
  const scanned = async (tested: TestedExceptions, image: JudgedImage, revision?: string) => {
    const [job] = await tested.jobs.request([{ kind: 'scan', key: image.documentDigest, payload: {}, priority: 5 }]);
    const attempt = (await tested.jobs.begin(job!.id, 'worker-1'))!;
    const target = { reference: './app.tar', indexDigest: null, images: [image] };
    const now = revision ?? (await tested.terms()).revision;
    return await tested.images.storeAndSettle(attempt, { ...target, revision: now }, { digests: [] });
  };
  const naming = (vulnerability: string): JudgedImage => {
    const image = judgedSample(`sha256:${(made++).toString(16).padStart(64, 'e')}`, 'fail');
    return { ...image, document: JSON.stringify({ of: image.digest, vulnerabilities: [{ id: vulnerability }] }) };
  };

  describe(`exceptions: ${name}`, () => {
    it('are kept as they were made, with who made them, and are in force until somebody ends them', async () => {
      const { exceptions, terms } = open();
      const scope = { packages: ['pkg:deb/debian/curl'], images: ['app/**'] };
      const content = exceptionOf(fresh(), scope);
      const { exception } = await exceptions.addException(content, 'token:1');
      expect(exception).toMatchObject({ ...content, state: 'in-force', createdBy: 'token:1', endedAt: null });
      expect(exception).not.toHaveProperty('paths');
      expect(await exceptions.exception(exception.id)).toEqual(exception);
      const { id } = exception;
      expect((await terms()).exceptions).toContainEqual({ ...content, name: `exception ${id}` });
      const ended = await exceptions.endException(id, 'token:2');
      expect(ended?.exception).toMatchObject({ state: 'ended', endedBy: 'token:2', endedAt: expect.any(String) });
      expect((await terms()).exceptions.map((each) => each.name)).not.toContain(`exception ${id}`);
      expect(await exceptions.endException(id, 'token:2')).toBeNull();
      expect(await exceptions.endException(UNKNOWN, 'token:2')).toBeNull();
      expect(await exceptions.exception(UNKNOWN)).toBeNull();
    });

    it('are followed by the job that judges again what they touch, one for several changes', async () => {
      const { exceptions, jobs } = open();
      const vulnerability = fresh();
      const { exception, job } = await exceptions.addException(exceptionOf(vulnerability), 'token:1');
      expect(job).toMatchObject({ kind: 'rescan', key: vulnerability, payload: { vulnerability }, state: 'queued' });
      expect((await exceptions.endException(exception.id, 'token:1'))!.job.id).toBe(job.id);
      const running = (await jobs.begin(job.id, 'worker-1'))!;
      const next = await exceptions.addException(exceptionOf(vulnerability), 'token:1');
      expect(next.job.id).not.toBe(running.id);
    });

    it('hold through their last day, and are then followed by one job', async () => {
      const { exceptions, terms, run } = open();
      const vulnerability = fresh();
      const today = new Date().toISOString().slice(0, 10);
      const { exception } = await exceptions.addException(exceptionOf(vulnerability, { expires: today }), 'token:1');
      const revision = async () => (await terms()).revision;
      const before = await revision();
      expect(await exceptions.lapse()).toEqual([]);
      expect(await revision()).toBe(before);
      await run(`update exceptions set expires = expires - 1 where id = '${exception.id}'`);
      expect((await terms()).exceptions.map(({ name: each }) => each)).not.toContain(`exception ${exception.id}`);
      expect(await exceptions.exception(exception.id)).toMatchObject({ state: 'expired' });
      expect(await exceptions.endException(exception.id, 'token:1')).toBeNull();
      expect((await exceptions.lapse()).map(({ kind, key }) => [kind, key])).toEqual([['rescan', vulnerability]]);
      expect(await exceptions.lapse()).toEqual([]);
      expect(await revision()).not.toBe(before);
    });

    it('are listed page by page, by state, vulnerability and owner', async () => {
      const { exceptions } = open();
      const [vulnerability, owner] = [fresh(), `team-${made}`];
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) {
        ids.push((await exceptions.addException(exceptionOf(vulnerability, { owner }), 'token:1')).exception.id);
      }
      await exceptions.addException(exceptionOf(vulnerability), 'token:1');
      await exceptions.endException(ids[0]!, 'token:1');
      const first = await exceptions.exceptions({ vulnerability, owner }, { limit: 2, after: null });
      const second = await exceptions.exceptions({ vulnerability, owner }, { limit: 2, after: first.next });
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids.toReversed());
      expect(second.next).toBeNull();
      const page = { limit: 10, after: null };
      expect((await exceptions.exceptions({ owner, state: 'ended' }, page)).items.map(({ id }) => id)).toEqual([
        ids[0],
      ]);
      expect((await exceptions.exceptions({ owner, state: 'in-force' }, page)).items).toHaveLength(2);
      expect((await exceptions.exceptions({ owner, state: 'expired' }, page)).items).toEqual([]);
    });

    it('are at most storedExceptions in force', async () => {
      const { exceptions, terms, run } = open();
      const missing = LIMITS.storedExceptions - 1 - (await terms()).exceptions.length;
      await run(`insert into exceptions (id, vulnerability, reason, owner, expires, created_by)
        select gen_random_uuid(), 'CVE-1', 'many', 'many', '2199-12-31', 'x' from generate_series(1, ${missing})`);
      await exceptions.addException(exceptionOf(fresh()), 'token:1');
      await expect(exceptions.addException(exceptionOf(fresh()), 'token:1')).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
        details: { limit: 'storedExceptions' },
      });
      await run("delete from exceptions where owner = 'many'");
    });
  });

  describe(`scans that were judged by what holds no more: ${name}`, () => {
    it('are not stored', async () => {
      const tested = open();
      const image = naming(fresh());
      await scanned(tested, image);
      const { revision } = await tested.terms();
      await tested.exceptions.addException(exceptionOf(fresh()), 'token:1');
      const second = { ...naming(fresh()), documentDigest: 'sha256:second' };
      expect(await scanned(tested, second, revision)).toBe('overtaken');
      expect(await tested.images.image(second.digest)).toBeNull();
    });
  });
}
