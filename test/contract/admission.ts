import { describe, expect, it } from 'vitest';
import type { PostgresAdmission } from '../../services/adapters/store/postgres-admission.ts';
import type { PostgresAdmissionRecords } from '../../services/adapters/store/postgres-admission-records.ts';
import type { PostgresDeliveries } from '../../services/adapters/store/postgres-deliveries.ts';
import type { AdmissionFilter, AdmissionRecord } from '../../services/pipeline/admission-store-ports.ts';
import type { Decision, JudgedImage } from '../../services/pipeline/store-ports.ts';
import { judgedSample, anotherDigest as sha } from '../support/judged-images.ts';
import { sampleReport } from '../support/sample-report.ts';
import type { TestedReports } from './reports.ts';

export interface TestedAdmission extends TestedReports {
  readonly deliveries: PostgresDeliveries;
  readonly admission: PostgresAdmission;
  readonly admissionRecords: PostgresAdmissionRecords;
}

let made = 0;
const fresh = (name: string): string => `${name}-${made++}`;
const UNKNOWN = `sha256:${'f'.repeat(64)}`;

function imageOf(digest: string, decision: Decision): JudgedImage {
  const base = sampleReport();
  const gate = { failOn: null, severities: null, ignoreUnfixed: false, against: null };
  const verdict = { decision, violations: [], reasons: [], policies: [], gate };
  return judgedSample(digest, decision, { report: { ...base, target: { ...base.target, digest }, verdict } });
}

function record(changes: Partial<AdmissionRecord> = {}): AdmissionRecord {
  return {
    at: '2026-03-10T12:00:00.000Z',
    uid: fresh('uid'),
    path: 'critical',
    caller: 'api-server',
    operation: 'CREATE',
    kind: 'Pod',
    namespace: 'shop',
    name: 'web',
    user: 'alice',
    answer: 'denied',
    why: null,
    violations: [{ rule: 'privileged', level: 'error', mode: 'deny', effect: 'denied', message: 'is "privileged"' }],
    images: [{ text: 'registry.example/app:1', digest: null, decision: null }],
    session: null,
    breakGlass: null,
    ms: 3,
    ...changes,
  };
}

/** What every store of admission keeps to. */
export function admissionContract(name: string, open: () => TestedAdmission): void {
  const store = async (
    tested: TestedAdmission,
    images: readonly JudgedImage[],
    { index = null, reference = './app.tar' }: { index?: string | null; reference?: string } = {},
  ) => {
    const [job] = await tested.jobs.request([{ kind: 'scan', key: sha(), payload: {}, priority: 5 }]);
    const running = (await tested.jobs.begin(job!.id, 'worker-1'))!;
    const { revision } = await tested.terms();
    expect(
      await tested.images.storeAndSettle(running, { reference, indexDigest: index, images, revision }, { digests: [] }),
    ).toBe('stored');
  };

  describe(`verdicts for admission: ${name}`, () => {
    it('are those of the newest report; of an index those of all its images', async () => {
      const tested = open();
      const [one, two, index] = [sha(), sha(), sha()];
      await store(tested, [imageOf(one, 'pass'), imageOf(two, 'pass')], { index });
      expect(await tested.admission.verdictOf(one)).toMatchObject({ digest: one, decision: 'pass' });
      expect(await tested.admission.verdictOf(index)).toMatchObject({ digest: index, decision: 'pass' });
      await store(tested, [imageOf(two, 'fail')]);
      expect(await tested.admission.verdictOf(index)).toMatchObject({ decision: 'fail' });
      expect(await tested.admission.verdictOf(UNKNOWN)).toBeNull();
    });

    it('of a report that was stored before there were summaries are read from it', async () => {
      const tested = open();
      const image = imageOf(sha(), 'fail');
      await store(tested, [{ ...image, document: JSON.stringify(image.report) }]);
      await tested.run(`update reports set summary = null where digest = '${image.digest}'`);
      expect(await tested.admission.verdictOf(image.digest)).toMatchObject({ digest: image.digest, decision: 'fail' });
    });
  });

  describe(`admitted digests: ${name}`, () => {
    it('have failed since the first report that says so, in the namespaces that had them', async () => {
      const tested = open();
      const [namespace, digest] = [fresh('shop'), sha()];
      const since = (of = namespace) => tested.admission.failingSince({ namespace: of, digest });
      await store(tested, [imageOf(digest, 'pass')]);
      await tested.admission.remember([{ namespace, digest }]);
      await tested.admission.remember([{ namespace, digest }]);
      expect(await since()).toBeNull();
      await store(tested, [imageOf(digest, 'fail')]);
      const first = await since();
      expect(Date.parse(first!)).toBeGreaterThan(Date.now() - 3_600_000);
      await store(tested, [imageOf(digest, 'fail')]);
      expect(await since()).toBe(first);
      expect(await since(fresh('other'))).toBeNull();
      await store(tested, [imageOf(digest, 'pass')]);
      expect(await since()).toBeNull();
    });

    it('of an index fail with any of its images', async () => {
      const tested = open();
      const [namespace, one, two, index] = [fresh('shop'), sha(), sha(), sha()];
      await store(tested, [imageOf(one, 'pass'), imageOf(two, 'pass')], { index });
      await tested.admission.remember([{ namespace, digest: index }]);
      await store(tested, [imageOf(two, 'fail')]);
      expect(await tested.admission.failingSince({ namespace, digest: index })).not.toBeNull();
    });

    it('whose verdict changed before they were remembered fail from then on', async () => {
      const tested = open();
      const [namespace, digest] = [fresh('shop'), sha()];
      await store(tested, [imageOf(digest, 'fail')]);
      await tested.admission.remember([{ namespace, digest }]);
      expect(await tested.admission.failingSince({ namespace, digest })).not.toBeNull();
    });
  });

  describe(`tags: ${name}`, () => {
    const tagOf = (registry: string | null, repository: string) => {
      return { registry, repository, tag: '1', reference: `registry:r.example/${repository}:1` };
    };
    it('point where the registry told last, else where a scan found them', async () => {
      const tested = open();
      const [repository, registry] = [fresh('team/app'), fresh('ours')];
      const { reference } = tagOf(registry, repository);
      expect(await tested.admission.tagDigest(tagOf(registry, repository))).toBeNull();
      const [one, two, index] = [sha(), sha(), sha()];
      await store(tested, [imageOf(one, 'pass'), imageOf(two, 'pass')], { index, reference });
      expect(await tested.admission.tagDigest(tagOf(registry, repository))).toBe(index);
      const event = { repository, tag: '1', at: '2026-01-01T00:00:00Z' };
      const delivery = { registry, senderId: null, bodyDigest: sha(), ignored: 0 };
      const told = sha();
      await tested.deliveries.record({ ...delivery, events: [{ ...event, action: 'push', digest: told }] }, []);
      expect(await tested.admission.tagDigest(tagOf(registry, repository))).toBe(told);
      expect(await tested.admission.tagDigest(tagOf(null, repository))).toBe(index);
      const gone = { ...event, action: 'delete', digest: null, at: '2026-01-02T00:00:00Z' } as const;
      await tested.deliveries.record({ ...delivery, events: [gone] }, []);
      expect(await tested.admission.tagDigest(tagOf(registry, repository))).toBeNull();
    });
  });

  describe(`records of admission: ${name}`, () => {
    it('are kept as they were, newest first, and found by what they say', async () => {
      const { admissionRecords: records } = open();
      const namespace = fresh('shop');
      const session = { verb: 'exec', container: 'app', command: ['sh'], stdin: true, tty: true, ports: [] };
      const breakGlass = { user: 'bob', reason: 'outage', expiresAt: '2026-03-10T13:00:00.000Z' };
      const kept = [
        record({ namespace }),
        record({ namespace, answer: 'allowed', violations: [], session }),
        record({ namespace, answer: 'warned', user: 'bob', breakGlass }),
      ];
      await records.append(kept);
      const found = async (filter: AdmissionFilter = {}) => {
        const { items } = await records.admissions({ namespace, ...filter }, { limit: 10, after: null });
        return items.map(({ uid }) => kept.findIndex((each) => each.uid === uid));
      };
      const { items } = await records.admissions({ namespace }, { limit: 10, after: null });
      expect(items.toReversed().map(({ id: _, ...each }) => each)).toEqual(kept);
      expect(await found({ answer: 'denied' })).toEqual([0]);
      expect(await found({ rule: 'privileged' })).toEqual([2, 0]);
      expect(await found({ user: 'bob' })).toEqual([2]);
      expect(await found({ sessions: true })).toEqual([1]);
      expect(await found({ breakGlass: true })).toEqual([2]);
    });

    it('come in parts', async () => {
      const { admissionRecords: records } = open();
      const namespace = fresh('shop');
      await records.append(Array.from({ length: 5 }, () => record({ namespace })));
      const first = await records.admissions({ namespace }, { limit: 3, after: null });
      const rest = await records.admissions({ namespace }, { limit: 3, after: first.next });
      expect([first.items.length, rest.items.length, rest.next]).toEqual([3, 2, null]);
      expect(new Set([...first.items, ...rest.items].map(({ id }) => id)).size).toBe(5);
    });

    it('of loads of policies are kept too', async () => {
      const { admissionRecords: records } = open();
      const load = {
        at: '2026-03-10T12:00:00.000Z',
        source: '/policies/ours',
        digest: sha(),
        author: 'uid 1000',
        outcome: 'refused',
        added: [],
        removed: ['privileged'],
        changed: ['net_raw: deny became warn'],
        weaker: true,
        message: 'it is weaker',
      } as const;
      await records.recordLoad(load);
      expect((await records.policyLoads({ limit: 1, after: null })).items).toEqual([load]);
    });
  });

  describe(`break-glass: ${name}`, () => {
    it('holds for one owner and what it runs, until it ends', async () => {
      const { admission } = open();
      const grant = {
        ownerUid: fresh('uid'),
        templateDigest: sha(),
        namespace: 'shop',
        user: 'alice',
        reason: 'outage',
        expiresAt: new Date(Date.now() + 60_000).toISOString(),
      };
      await admission.grant(grant);
      expect(await admission.granted(grant.ownerUid, grant.templateDigest)).toEqual(grant);
      expect(await admission.granted(grant.ownerUid, sha())).toBeNull();
      expect(await admission.granted(fresh('uid'), grant.templateDigest)).toBeNull();
      await admission.grant({ ...grant, expiresAt: new Date(Date.now() - 1_000).toISOString() });
      expect(await admission.granted(grant.ownerUid, grant.templateDigest)).toBeNull();
    });
  });
}
