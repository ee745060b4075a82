import fc from 'fast-check';
import { Kysely, PostgresDialect } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../services/adapters/store/migrate.ts';
import { storeIn } from '../../services/adapters/store/open-store.ts';
import type { StoreSchema } from '../../services/adapters/store/schema.ts';
import { acceptDelivery } from '../../services/pipeline/accept-delivery.ts';
import { PglitePool } from '../support/pglite-pool.ts';
import { HOOK_SECRET, testReceiver } from '../support/webhook-receiver.ts';

/*
 * A registry's deliveries through the receiver into a store: in any order, any number of times, what is known at the end is the
 * same as after each of them once and in order.
 */

let database: Kysely<StoreSchema>;
beforeAll(async () => {
  database = new Kysely<StoreSchema>({ dialect: new PostgresDialect({ pool: new PglitePool() }) });
  await migrate(database);
});
afterAll(() => database.destroy());

const TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const digestOf = (n: number) => `sha256:${n.toString(16).repeat(64)}`;

interface Step {
  readonly tag: string;
  /** null: deleted. */
  readonly digest: string | null;
}

/** What happened to two tags of one repository, in order. */
const timeline: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    tag: fc.constantFrom('1.0', 'latest'),
    digest: fc.option(fc.integer({ min: 1, max: 3 }).map(digestOf), { freq: 3 }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** Indexes into it: each at least once, in any order. */
const arrivals = (length: number): fc.Arbitrary<readonly number[]> => {
  const all = Array.from({ length }, (_, index) => index);
  const again = fc.array(fc.nat(length - 1), { maxLength: 4 });
  return again.chain((more) => fc.shuffledSubarray([...all, ...more], { minLength: length + more.length }));
};

type Format = 'distribution' | 'harbor';

/**
 * Where each tag points in the end, and of each step the digest that its event names. Distribution deletes a tag. Harbor deletes the
 * artifact that it points to, with all its tags, and names it; what points nowhere it cannot delete: undefined.
 */
function lived(steps: readonly Step[], format: Format) {
  const points = new Map<string, string | null>();
  const named = steps.map(({ tag, digest }) => {
    const gone = points.get(tag) ?? null;
    if (digest !== null || format === 'distribution') {
      points.set(tag, digest);
      return digest;
    }
    for (const [other, at] of points) if (at === gone) points.set(other, null);
    return gone ?? undefined;
  });
  return { points, named };
}

let worlds = 0;

/** Sends the steps as Harbor or distribution would, and answers with where each tag points, and which scans are asked for. */
async function outcomeOf(steps: readonly Step[], order: readonly number[], format: Format) {
  const repository = `world-${worlds++}/app`;
  const { deliveries, jobs } = storeIn(database);
  const queue = { announce: async () => {} };
  const warnings: string[] = [];
  const receiver = testReceiver({
    accept: (delivery) => acceptDelivery(delivery, { deliveries, queue, onWarning: (text) => warnings.push(text) }),
  });
  const { named } = lived(steps, format);
  for (const index of order) {
    const { tag, digest } = steps[index]!;
    const told = named[index];
    if (told === undefined) continue;
    const at = Date.UTC(2026, 0, 1) + index * 1_000;
    const target = digest === null ? { repository, tag } : { repository, tag, digest, mediaType: TYPE };
    const action = digest === null ? 'delete' : 'push';
    const timestamp = new Date(at).toISOString();
    const event = { id: `${repository}-${index}`, timestamp, action, target };
    const resources = [{ tag, digest: told }];
    const harbor = {
      type: digest === null ? 'DELETE_ARTIFACT' : 'PUSH_ARTIFACT',
      occur_at: at / 1_000,
      event_data: { resources, repository: { repo_full_name: repository } },
    };
    const contentType = format === 'harbor' ? 'application/json' : 'application/vnd.docker.distribution.events.v1+json';
    const response = await receiver.app.inject({
      method: 'POST',
      url: `/webhooks/registry/${format}/${format}`,
      headers: { authorization: `Bearer ${HOOK_SECRET}`, 'content-type': contentType },
      payload: JSON.stringify(format === 'harbor' ? harbor : { events: [event] }),
    });
    expect(response.statusCode).toBe(202);
  }
  expect(warnings).toEqual([]);
  const tags: Record<string, readonly (string | null)[]> = {};
  for (const tag of ['1.0', 'latest']) {
    const { items } = await deliveries.history(format, repository, tag, { limit: 100, after: null });
    tags[tag] = items.map(({ digest }) => digest).reverse();
  }
  const { items } = await jobs.jobs({ kind: 'scan', state: 'queued' }, { limit: 500, after: null });
  const scans = items.map(({ key }) => key).filter((key) => key.includes(`/${repository}@`));
  return { tags, scans: scans.map((key) => key.slice(key.indexOf('@') + 1)).toSorted() };
}

test.each(['distribution', 'harbor'] as const)(
  '%s: reordered and repeated deliveries change nothing',
  async (format) => {
    await fc.assert(
      fc.asyncProperty(
        timeline.chain((steps) => fc.tuple(fc.constant(steps), arrivals(steps.length))),
        async ([steps, order]) => {
          const expected = await outcomeOf(steps, [...steps.keys()], format);
          const { points } = lived(steps, format);
          for (const [tag, known] of Object.entries(expected.tags)) {
            expect(known.at(-1) ?? null).toBe(points.get(tag) ?? null);
          }
          const known = await outcomeOf(steps, order, format);
          // That an artifact was gone for a while is not told of tags which came back before anybody heard of it.
          if (format === 'harbor') {
            const ends = ({ tags, scans }: typeof known) => [
              Object.values(tags).map((each) => each.at(-1) ?? null),
              scans,
            ];
            expect(ends(known)).toEqual(ends(expected));
          } else expect(known).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  },
);
