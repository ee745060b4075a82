import { describe, expect, it } from 'vitest';
import type { PostgresDeliveries } from '../../services/adapters/store/postgres-deliveries.ts';
import type { PostgresImageRetention } from '../../services/adapters/store/postgres-image-retention.ts';
import type { PostgresImages } from '../../services/adapters/store/postgres-images.ts';
import type { PostgresJobs } from '../../services/adapters/store/postgres-jobs.ts';
import { expireImages, imagesToExpire } from '../../services/pipeline/expire-images.ts';
import type { TermsReader } from '../../services/pipeline/terms.ts';
import { anotherDigest, judgedSample } from '../support/judged-images.ts';

export interface TestedImageRetention extends TermsReader {
  readonly jobs: PostgresJobs;
  readonly deliveries: PostgresDeliveries;
  readonly images: PostgresImages;
  readonly imageRetention: PostgresImageRetention;
  run(statement: string): Promise<void>;
}

let made = 0;

/** What every store makes of rules by which images are kept. */
export function imageRetentionContract(name: string, open: () => TestedImageRetention): void {
  /** An image that was pushed and scanned, or an index with one image. */
  const scanned = async (
    { jobs, images, terms, deliveries }: TestedImageRetention,
    repository: string,
    tag: string,
    pushedAt: string,
    indexDigest: string | null = null,
  ): Promise<string> => {
    const image = judgedSample(anotherDigest());
    const digest = indexDigest ?? image.digest;
    const events = [{ action: 'push', repository, tag, digest, at: pushedAt }] as const;
    await deliveries.record({ registry: 'hub', senderId: null, bodyDigest: digest, events, ignored: 0 }, []);
    const [job] = await jobs.request([{ kind: 'scan', key: digest, payload: {}, priority: 5 }]);
    const attempt = (await jobs.begin(job!.id, 'worker-1'))!;
    const { revision } = await terms();
    await images.storeAndSettle(
      attempt,
      { reference: `${repository}:${tag}`, indexDigest, images: [image], revision },
      {},
    );
    return image.digest;
  };
  const day = (of: number): string => new Date(Date.UTC(2024, 0, of)).toISOString();

  describe(`images that are kept: ${name}`, () => {
    it('go by the rules with their reports, and stay where they were admitted; what is known of tags stays', async () => {
      const tested = open();
      const repository = `kept/${made++}`;
      const [old, held, last] = [
        await scanned(tested, repository, 'v1', day(1)),
        await scanned(tested, repository, 'v2', day(2)),
        await scanned(tested, repository, 'v3', day(3)),
      ];
      await tested.run(`insert into admitted_digests (digest, namespace) values ('${held}', 'shop')`);
      const rules = [{ registry: 'hub', repositories: [repository], keepLast: 1 }];
      const planned = await imagesToExpire(rules, tested.imageRetention, day(100));
      expect(planned).toEqual([
        { digest: old, reference: `${repository}:v1`, because: [`hub/${repository}: not among the last 1`] },
      ]);
      expect(await tested.images.report(old)).not.toBeNull();
      expect(await expireImages(rules, tested.imageRetention, day(100))).toBe(1);
      expect(await tested.images.image(old)).toBeNull();
      expect(await tested.images.report(old)).toBeNull();
      for (const digest of [held, last]) expect(await tested.images.report(digest)).not.toBeNull();
      expect((await tested.deliveries.tags('hub', repository)).get('v1')).toBe(old);
      expect(await expireImages(rules, tested.imageRetention, day(100))).toBe(0);
    });

    it('stay where they were pushed or admitted since it was decided', async () => {
      const tested = open();
      const repository = `kept/${made++}`;
      const digests = [
        await scanned(tested, repository, 'v1', day(1)),
        await scanned(tested, repository, 'v2', day(5)),
        await scanned(tested, repository, 'v3', day(1)),
      ];
      await tested.run(`insert into admitted_digests (digest, namespace) values ('${digests[2]}', 'shop')`);
      expect(await tested.imageRetention.removeImages(digests, day(3))).toBe(1);
      expect(await tested.images.image(digests[0]!)).toBeNull();
      for (const digest of digests.slice(1)) expect(await tested.images.image(digest)).not.toBeNull();
    });

    it('know their indexes, their tags and their deletion', async () => {
      const tested = open();
      const [repository, index] = [`kept/${made++}`, anotherDigest()];
      const child = await scanned(tested, repository, 'v1', day(1), index);
      const events = [{ action: 'delete', repository, tag: null, digest: index, at: day(2) }] as const;
      const known = async () => {
        const all = await tested.imageRetention.retainedImages();
        return [index, child].map((digest) => all.find((each) => each.digest === digest)!);
      };
      expect(await known()).toMatchObject([
        { parents: [], held: false, places: [{ registry: 'hub', repository, tags: ['v1'], deletedAt: null }] },
        { parents: [index], held: false },
      ]);
      await tested.deliveries.record({ registry: 'hub', senderId: null, bodyDigest: index, events, ignored: 0 }, []);
      expect((await known())[0]!.places).toMatchObject([{ tags: [], pushedAt: day(1), deletedAt: day(2) }]);
      expect(await expireImages([{ repositories: [repository], deletedDays: 3 }], tested.imageRetention, day(6))).toBe(
        2,
      );
      expect(await tested.images.image(child)).toBeNull();
    });

    it('are many, and go in pieces', async () => {
      const tested = open();
      const repository = `kept/${made++}`;
      await tested.run(`with image as (insert into images (digest, is_index, reference)
          select 'sha256:${repository}-' || i, false, 'many' from generate_series(1, 450) i returning digest)
        insert into manifests (registry, repository, digest, pushed_at) select 'hub', '${repository}', digest, '${day(1)}' from image`);
      expect(await expireImages([{ repositories: [repository], maxAgeDays: 1 }], tested.imageRetention, day(6))).toBe(
        450,
      );
    });
  });
}
