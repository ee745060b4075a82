import { describe, expect, it } from 'vitest';
import type { PostgresDeliveries } from '../../services/adapters/store/postgres-deliveries.ts';
import type { PostgresImages } from '../../services/adapters/store/postgres-images.ts';
import type { PostgresJobs } from '../../services/adapters/store/postgres-jobs.ts';
import type { RegistryEvent } from '../../services/pipeline/store-ports.ts';
import type { TermsReader } from '../../services/pipeline/terms.ts';
import { anotherDigest, judgedSample } from '../support/judged-images.ts';

export interface TestedEvents extends TermsReader {
  readonly jobs: PostgresJobs;
  readonly deliveries: PostgresDeliveries;
  readonly images: PostgresImages;
}

type Told = Partial<RegistryEvent> & Pick<RegistryEvent, 'action'>;

let made = 0;
const [T1, T2, T3] = ['2024-01-01T00:00:00.000Z', '2024-01-02T00:00:00.000Z', '2024-01-03T00:00:00.000Z'] as const;

/** What every store makes of tags and manifests that come and go. */
export function registryEventsContract(name: string, open: () => TestedEvents): void {
  const repository = (): string => `events/${made++}`;
  const tell = async ({ deliveries }: TestedEvents, repo: string, ...events: readonly Told[]) => {
    const whole = events.map((event) => ({ repository: repo, tag: null, digest: null, at: null, ...event }));
    const bodyDigest = anotherDigest();
    await deliveries.record({ registry: 'hub', senderId: null, bodyDigest, events: whole, ignored: 0 }, []);
  };
  const history = async ({ deliveries }: TestedEvents, repo: string, tag = 'v1') =>
    (await deliveries.history('hub', repo, tag, { limit: 100, after: null })).items.map(({ digest, at }) => [
      digest,
      at,
    ]);
  const place = async ({ deliveries }: TestedEvents, digest: string) => (await deliveries.places(digest))[0];

  describe(`tags and manifests: ${name}`, () => {
    it('a push by digest is known, one with a tag points it there', async () => {
      const tested = open();
      const [repo, one, two] = [repository(), anotherDigest(), anotherDigest()];
      await tell(tested, repo, { action: 'push', digest: one, at: T1 });
      await tell(tested, repo, { action: 'push', digest: two, tag: 'v1', at: T2 });
      expect(await tested.deliveries.places(one)).toEqual([
        { registry: 'hub', repository: repo, tags: [], pushedAt: T1, deletedAt: null },
      ]);
      expect(await place(tested, two)).toMatchObject({ tags: ['v1'], pushedAt: T2 });
      await tell(tested, repo, { action: 'push', digest: one, tag: 'v1', at: T3 });
      expect(await place(tested, one)).toMatchObject({ tags: ['v1'], pushedAt: T3 });
      expect(await place(tested, two)).toMatchObject({ tags: [], deletedAt: null });
    });

    it('a deleted manifest takes its tags with it, and leaves those that point elsewhere', async () => {
      const tested = open();
      const [repo, gone, stays] = [repository(), anotherDigest(), anotherDigest()];
      const push = { action: 'push', digest: gone, at: T1 } as const;
      await tell(tested, repo, { ...push, tag: 'v1' }, { ...push, tag: 'v2' }, { ...push, digest: stays, tag: 'v3' });
      await tell(tested, repo, { action: 'push', digest: stays, tag: 'v2', at: T2 });
      await tell(tested, repo, { action: 'delete', digest: gone, at: T3 });
      expect(await place(tested, gone)).toMatchObject({ tags: [], deletedAt: T3 });
      expect(await tested.deliveries.tags('hub', repo)).toEqual(
        new Map([
          ['v1', null],
          ['v2', stays],
          ['v3', stays],
        ]),
      );
      expect(await history(tested, repo)).toEqual([
        [null, T3],
        [gone, T1],
      ]);
    });

    it('a deleted tag leaves its manifest', async () => {
      const tested = open();
      const [repo, digest] = [repository(), anotherDigest()];
      await tell(tested, repo, { action: 'push', digest, tag: 'v1', at: T1 });
      await tell(tested, repo, { action: 'delete', digest, tag: 'v1', at: T2 });
      expect(await place(tested, digest)).toMatchObject({ tags: [], deletedAt: null });
    });

    it('what is pushed again is there again', async () => {
      const tested = open();
      const [repo, digest] = [repository(), anotherDigest()];
      const push = { action: 'push', digest, tag: 'v1' } as const;
      await tell(tested, repo, { ...push, at: T1 });
      await tell(tested, repo, { action: 'delete', digest, at: T2 });
      await tell(tested, repo, { ...push, at: T3 });
      expect(await place(tested, digest)).toMatchObject({ tags: ['v1'], deletedAt: null });
      // Once more, late, what was told before: it changes nothing.
      await tell(tested, repo, { action: 'delete', digest, at: T2 }, { ...push, at: T1 });
      expect(await place(tested, digest)).toMatchObject({ tags: ['v1'], pushedAt: T3, deletedAt: null });
    });

    it('a deletion that is told before its push holds', async () => {
      const tested = open();
      const [repo, digest] = [repository(), anotherDigest()];
      await tell(tested, repo, { action: 'delete', digest, at: T2 });
      await tell(tested, repo, { action: 'push', digest, tag: 'v1', at: T1 });
      expect(await place(tested, digest)).toMatchObject({ tags: [], deletedAt: T2 });
      expect(await history(tested, repo)).toEqual([
        [null, T2],
        [digest, T1],
      ]);
    });

    it('a tag that was pushed without a digest points to what its scan found, from the push on', async () => {
      const tested = open();
      const [repo, before, found] = [repository(), anotherDigest(), anotherDigest()];
      await tell(tested, repo, { action: 'push', digest: before, tag: 'v1', at: T1 });
      await tell(tested, repo, { action: 'push', tag: 'v1', at: T2 }, { action: 'push', tag: 'v1', at: T3 });
      expect(await history(tested, repo)).toEqual([[before, T1]]);
      const payload = { registry: 'hub', repository: repo, tag: 'v1', digest: null };
      const [job] = await tested.jobs.request([{ kind: 'scan', key: repo, payload, priority: 5 }]);
      const attempt = (await tested.jobs.begin(job!.id, 'worker-1'))!;
      const { revision } = await tested.terms();
      const target = { reference: 'x', indexDigest: null, images: [judgedSample(found)], revision };
      expect(await tested.images.storeAndSettle(attempt, target, {})).toBe('stored');
      expect(await history(tested, repo)).toEqual([
        [found, T3],
        [before, T1],
      ]);
      expect(await place(tested, found)).toMatchObject({ tags: ['v1'], deletedAt: null });
    });

    it('what no tag points to is listed for sweeps, but for images of indexes that one does', async () => {
      const tested = open();
      const [repo, index, child, lone, gone] = [repository(), ...Array.from({ length: 4 }, anotherDigest)] as [
        string,
        string,
        string,
        string,
        string,
      ];
      const payload = { registry: 'hub', repository: repo, tag: null, digest: index };
      const [job] = await tested.jobs.request([{ kind: 'scan', key: repo, payload, priority: 5 }]);
      const attempt = (await tested.jobs.begin(job!.id, 'worker-1'))!;
      const { revision } = await tested.terms();
      const target = { reference: 'x', indexDigest: index, images: [judgedSample(child)], revision };
      await tested.images.storeAndSettle(attempt, target, {});
      await tell(tested, repo, { action: 'push', digest: lone }, { action: 'push', digest: gone, at: T1 });
      await tell(tested, repo, { action: 'delete', digest: gone });
      expect(await tested.deliveries.untagged('hub', repo, [index])).toEqual([lone]);
      expect(await tested.deliveries.untagged('hub', repo, [])).toEqual([index, child, lone].toSorted());
      expect(await tested.deliveries.untagged('elsewhere', repo, [])).toEqual([]);
    });
  });
}
