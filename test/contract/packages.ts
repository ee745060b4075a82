import { describe, expect, it } from 'vitest';
import type { PostgresDeliveries } from '../../services/adapters/store/postgres-deliveries.ts';
import type { JudgedImage, RegistryEvent } from '../../services/pipeline/store-ports.ts';
import { judgedSample } from '../support/judged-images.ts';
import type { TestedReports } from './reports.ts';

export interface TestedPackages extends TestedReports {
  readonly deliveries: PostgresDeliveries;
}

let made = 0;
const fresh = (): string => `found-${made++}`;
const sha = (): string => `sha256:${(made++).toString(16).padStart(64, 'c')}`;

/** What every store keeps to that finds packages. */
export function packagesContract(store: string, open: () => TestedPackages): void {
  const world = (tested: TestedPackages) => {
    const repository = fresh();
    const name = `pkg:deb/debian/${repository}`;
    const scanned = async (reference: string, images: readonly JudgedImage[], indexDigest: string | null = null) => {
      const [job] = await tested.jobs.request([{ kind: 'scan', key: fresh(), payload: {}, priority: 5 }]);
      const attempt = (await tested.jobs.begin(job!.id, 'worker-1'))!;
      const { revision } = await tested.terms();
      expect(await tested.images.storeAndSettle(attempt, { reference, indexDigest, images, revision }, {})).toBe(
        'stored',
      );
    };
    const told = async (event: Partial<RegistryEvent>) => {
      const whole = { action: 'push', repository, tag: 'v1', digest: null, at: null, ...event } as const;
      const delivery = { registry: 'hub', senderId: null, bodyDigest: sha(), events: [whole], ignored: 0 };
      await tested.deliveries.record(delivery, []);
    };
    const find = async (images: 'current' | 'all') =>
      (await tested.packages.packagesNamed({ name, images }, null, 100)).map(({ digest }) => digest).toSorted();
    const image = () => judgedSample(sha(), 'pass', { packageNames: [name] });
    return { name, scanned, told, find, image };
  };

  describe(`packages: ${store}`, () => {
    it('are found part by part, each once', async () => {
      const tested = open();
      const { name, scanned, image } = world(tested);
      const images = [image(), image(), image()];
      for (const each of images) await scanned(each.digest, [each]);
      const search = { name, images: 'all' } as const;
      const first = await tested.packages.packagesNamed(search, null, 2);
      const second = await tested.packages.packagesNamed(search, first.at(-1)!, 2);
      expect([...first, ...second].map(({ digest }) => digest)).toEqual(images.map(({ digest }) => digest).toSorted());
    });

    it('are those of what a tag points to now, where that is asked', async () => {
      const tested = open();
      const { scanned, told, find, image } = world(tested);
      const [old, now, other] = [image(), image(), image()];
      for (const each of [old, now, other]) await scanned(`hub/app@${each.digest}`, [each]);
      await told({ digest: old.digest });
      await told({ digest: now.digest });
      await told({ digest: other.digest, tag: 'v2' });
      expect(await find('all')).toEqual([old.digest, now.digest, other.digest].toSorted());
      expect(await find('current')).toEqual([now.digest, other.digest].toSorted());
      await told({ action: 'delete', tag: 'v2' });
      expect(await find('current')).toEqual([now.digest]);
      await told({ action: 'delete', tag: null, digest: now.digest });
      expect(await find('current')).toEqual([]);
      await told({ digest: old.digest });
      expect(await find('current')).toEqual([old.digest]);
    });

    it('are those of images whose index a tag points to', async () => {
      const tested = open();
      const { scanned, told, find, image } = world(tested);
      const index = sha();
      const images = [image(), image()];
      await scanned('hub/app:v1', images, index);
      await told({ digest: index });
      expect(await find('current')).toEqual(images.map(({ digest }) => digest).toSorted());
      await told({ digest: sha() });
      expect(await find('current')).toEqual([]);
    });

    it('are those of what was scanned last under its name, where no registry told of it', async () => {
      const tested = open();
      const { scanned, find, image } = world(tested);
      const [old, now, other] = [image(), image(), image()];
      const file = `./${fresh()}.tar`;
      await scanned(file, [old]);
      await scanned(file, [now]);
      await scanned(`${file}.other`, [other]);
      expect(await find('current')).toEqual([now.digest, other.digest].toSorted());
    });
  });
}
