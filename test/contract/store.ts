import { describe, expect, it } from 'vitest';
import type { PostgresDeliveries } from '../../services/adapters/store/postgres-deliveries.ts';
import type { PostgresJobs } from '../../services/adapters/store/postgres-jobs.ts';
import { type JobRequest, PRIORITIES } from '../../services/pipeline/job-ports.ts';
import type { Delivery, RegistryEvent } from '../../services/pipeline/store-ports.ts';

export interface TestedStore {
  readonly jobs: PostgresJobs;
  readonly deliveries: PostgresDeliveries;
  /** Runs a statement past the store: what time or a crash would do. */
  run(statement: string): Promise<void>;
}

let asked = 0;
const scanOf = (key: string, more: Partial<JobRequest> = {}): JobRequest => {
  return { kind: 'scan', key, payload: { target: key }, priority: 5, ...more };
};
/** Every test has keys of its own: the database is one. */
const fresh = (name: string): string => `${name}-${asked++}`;
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const failure = { code: 'TIMEOUT', message: 'too slow' } as const;
const shaOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** What every store keeps to. */
export function storeContract(name: string, open: () => TestedStore): void {
  const started = async (store: TestedStore, key: string) => {
    const [job] = await store.jobs.request([scanOf(key)]);
    return (await store.jobs.begin(job!.id, 'worker-1'))!;
  };

  describe(`jobs: ${name}`, () => {
    it('is queued, run and done, and keeps what it came to', async () => {
      const { jobs } = open();
      const [queued] = await jobs.request([scanOf(fresh('life'))]);
      expect(queued).toMatchObject({ state: 'queued', attempts: 0, result: null, error: null, startedAt: null });
      const running = await jobs.begin(queued!.id, 'worker-1');
      expect(running).toMatchObject({ id: queued!.id, state: 'running', attempts: 1 });
      expect(await jobs.beat(running!)).toBe(true);
      expect(await jobs.settle(running!, { result: { digests: [shaOf('a')] } })).toBe(true);
      const done = await jobs.job(queued!.id);
      expect(done).toMatchObject({ state: 'done', result: { digests: [shaOf('a')] }, error: null });
      expect(Date.parse(done!.finishedAt!)).toBeGreaterThanOrEqual(Date.parse(done!.startedAt!));
    });

    it('asked for twice before it is begun is one job, as urgent as the more urgent of the two', async () => {
      const { jobs } = open();
      const key = fresh('twice');
      const [first, again] = await jobs.request([scanOf(key), scanOf(key, { priority: 1 })]);
      expect(again!.id).toBe(first!.id);
      const [third] = await jobs.request([scanOf(key, { priority: 10 })]);
      expect(third).toMatchObject({ id: first!.id, priority: 1 });
    });

    it('asked for while it runs is a second job, which waits until the first is over', async () => {
      const store = open();
      const key = fresh('while');
      const running = await started(store, key);
      const [next] = await store.jobs.request([scanOf(key)]);
      expect(next!.id).not.toBe(running.id);
      expect(await store.jobs.begin(next!.id, 'worker-2')).toBeNull();
      await store.jobs.settle(running, { result: {} });
      expect(await store.jobs.begin(next!.id, 'worker-2')).toMatchObject({ state: 'running' });
    });

    it('is begun by one of many workers', async () => {
      const { jobs } = open();
      const [job] = await jobs.request([scanOf(fresh('race'))]);
      const begun = await Promise.all(Array.from({ length: 8 }, (_, i) => jobs.begin(job!.id, `worker-${i}`)));
      expect(begun.filter((each) => each !== null)).toHaveLength(1);
    });

    /** Jobs of one registry, in this order. */
    const ofRegistry = async ({ jobs }: TestedStore, registry: string | null, ...priorities: readonly number[]) =>
      await jobs.request(priorities.map((priority) => scanOf(fresh('of-registry'), { registry, priority })));
    const roomFor = (mostInWorker: number, most: readonly (readonly [string, number])[] = []) => {
      return { mostInWorker, most: new Map(most) };
    };

    it('of a registry runs where there is room: in its worker, and in all together', async () => {
      const store = open();
      const { jobs } = store;
      const registry = fresh('registry');
      const [first, second, third] = await ofRegistry(store, registry, 5, 5, 5);
      const room = roomFor(1, [[registry, 2]]);
      expect(await jobs.begin(first!.id, 'room-1', room)).toMatchObject({ registry, state: 'running' });
      expect(await jobs.begin(second!.id, 'room-1', room)).toBeNull();
      const running = await jobs.begin(second!.id, 'room-2', room);
      expect(running).toMatchObject({ state: 'running' });
      expect(await jobs.begin(third!.id, 'room-3', room)).toBeNull();
      const [other] = await ofRegistry(store, fresh('registry'), 5);
      const [local] = await ofRegistry(store, null, 5);
      expect(await jobs.begin(other!.id, 'room-1', room)).not.toBeNull();
      expect(await jobs.begin(local!.id, 'room-1', room)).not.toBeNull();
      await jobs.settle(running!, { result: {} });
      expect(await jobs.begin(third!.id, 'room-3', room)).not.toBeNull();
    });

    it('of a registry is never begun by more than there is room for, by however many at once', async () => {
      const store = open();
      const registry = fresh('registry');
      const queued = await ofRegistry(store, registry, ...Array.from({ length: 12 }, () => 5));
      const room = roomFor(9, [[registry, 3]]);
      const begun = await Promise.all(queued.map(({ id }, i) => store.jobs.begin(id, `crowd-${i % 4}`, room)));
      expect(begun.filter((each) => each !== null)).toHaveLength(3);
    });

    it('that is next is the most urgent that may begin: admission waits go before pushes, those before sweeps', async () => {
      const store = open();
      const { jobs, run } = store;
      await run(`update jobs set state = 'cancelled' where state = 'queued'`);
      const { sweep, push, admission } = PRIORITIES;
      const [registry, worker] = [fresh('registry'), fresh('worker')];
      const queued = await ofRegistry(store, registry, sweep, push, admission, push);
      const [late] = await ofRegistry(store, null, sweep);
      const order: (string | null)[] = [];
      for (;;) {
        const id = await jobs.next('scan', worker, roomFor(4));
        order.push(id);
        if (id === null) break;
        await jobs.begin(id, worker, roomFor(4));
      }
      const [swept, pushed, admitted, again] = queued.map(({ id }) => id);
      expect(order).toEqual([admitted, pushed, again, swept, late!.id, null]);
      expect(await jobs.next('sweep-registry', worker, roomFor(4))).toBeNull();
    });

    it('that is next is not of a registry without room, not before its time, and no second one of its key', async () => {
      const store = open();
      const { jobs, run } = store;
      await run(`update jobs set state = 'cancelled' where state = 'queued'`);
      const [registry, worker] = [fresh('registry'), fresh('worker')];
      const next = () => jobs.next('scan', worker, roomFor(1));
      const [running, waiting] = await ofRegistry(store, registry, 5, 1);
      await jobs.begin(running!.id, worker, roomFor(1));
      expect(await next()).toBeNull();
      const key = fresh('again');
      const [first] = await jobs.request([scanOf(key)]);
      await jobs.begin(first!.id, worker, roomFor(1));
      await jobs.request([scanOf(key)]);
      expect(await next()).toBeNull();
      await jobs.settle({ id: running!.id, attempts: 1 }, { result: {} });
      expect(await next()).toBe(waiting!.id);
      await run(`update jobs set run_after = now() + interval '1 hour' where id = '${waiting!.id}'`);
      expect(await next()).toBeNull();
    });

    it('of a registry that has thousands hides no other from the queue', async () => {
      const store = open();
      const registry = fresh('registry');
      await ofRegistry(store, registry, ...Array.from({ length: 300 }, () => 5));
      const [other] = await ofRegistry(store, fresh('registry'), 10);
      const waiting = await store.jobs.waiting(10_000);
      expect(waiting.map(({ id }) => id)).toContain(other!.id);
      const told = waiting.filter((job) => job.registry === registry).length;
      expect(told).toBeGreaterThan(8);
      expect(told).toBeLessThan(300);
    });

    it('shows how far it has come, in this attempt', async () => {
      const store = open();
      const running = await started(store, fresh('progress'));
      expect(running.progress).toBeNull();
      await store.jobs.beat(running, { layers: 3, layersDone: 1 });
      expect(await store.jobs.job(running.id)).toMatchObject({ progress: { layers: 3, layersDone: 1 } });
      await store.jobs.beat(running, null);
      expect(await store.jobs.job(running.id)).toMatchObject({ progress: { layers: 3, layersDone: 1 } });
      await store.jobs.retry(running, failure, 0);
      expect(await store.jobs.begin(running.id, 'worker-2')).toMatchObject({ progress: null });
    });

    it('is asked for by many at once, in any order, and is one job', async () => {
      const { jobs } = open();
      const keys = [fresh('many'), fresh('many'), fresh('many')];
      const rounds = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? keys : keys.toReversed()));
      const answers = await Promise.all(rounds.map((round) => jobs.request(round.map((key) => scanOf(key)))));
      expect(new Set(answers.flat().map(({ id }) => id)).size).toBe(3);
      expect(answers[1]!.map(({ key }) => key)).toEqual(keys.toReversed());
    });

    it('is tried again, not before its time, until it has been tried often enough', async () => {
      const { jobs, run } = open();
      const [job] = await jobs.request([scanOf(fresh('again'))]);
      for (let attempt = 1; attempt <= job!.attemptsAllowed; attempt++) {
        const running = (await jobs.begin(job!.id, 'worker-1'))!;
        expect(running.attempts).toBe(attempt);
        expect(await jobs.retry(running, failure, 60_000)).toBe(true);
        expect(await jobs.begin(job!.id, 'worker-1')).toBeNull();
        await run(`update jobs set run_after = now() where id = '${job!.id}'`);
      }
      expect(await jobs.job(job!.id)).toMatchObject({ state: 'failed', error: failure });
    });

    it('is not tried again where the same was asked for meanwhile', async () => {
      const store = open();
      const key = fresh('superseded');
      const running = await started(store, key);
      const [next] = await store.jobs.request([scanOf(key)]);
      expect(await store.jobs.retry(running, failure, 0)).toBe(true);
      expect(await store.jobs.job(running.id)).toMatchObject({ state: 'cancelled', error: failure });
      expect(await store.jobs.begin(next!.id, 'worker-1')).not.toBeNull();
    });

    it('whose worker is gone is queued again, and what that worker still says of it counts for nothing', async () => {
      const store = open();
      const lost = await started(store, fresh('lost'));
      const alive = await started(store, fresh('alive'));
      await store.run(`update jobs set heartbeat_at = now() - interval '1 minute' where id = '${lost.id}'`);
      expect(await store.jobs.recover(30_000)).toEqual([lost.id]);
      expect(await store.jobs.job(alive.id)).toMatchObject({ state: 'running' });
      expect(await store.jobs.job(lost.id)).toMatchObject({ state: 'queued', error: { code: 'WORKER_LOST' } });
      const second = (await store.jobs.begin(lost.id, 'worker-2'))!;
      expect(second.attempts).toBe(2);
      expect(await store.jobs.beat(lost)).toBe(false);
      expect(await store.jobs.settle(lost, { result: {} })).toBe(false);
      expect(await store.jobs.retry(lost, failure, 0)).toBe(false);
      expect(await store.jobs.settle(second, { result: { by: 'second' } })).toBe(true);
      expect(await store.jobs.job(lost.id)).toMatchObject({ state: 'done', result: { by: 'second' } });
    });

    it('that ends every worker fails in the end', async () => {
      const store = open();
      const { id, attemptsAllowed } = await started(store, fresh('poison'));
      for (let attempt = 1; attempt <= attemptsAllowed; attempt++) {
        await store.run(`update jobs set heartbeat_at = now() - interval '1 minute' where id = '${id}'`);
        await store.jobs.recover(30_000);
        await store.jobs.begin(id, 'worker-1');
      }
      expect(await store.jobs.job(id)).toMatchObject({ state: 'failed', error: { code: 'WORKER_LOST' } });
    });

    it('is cancelled while it waits or runs, and no more when it is over', async () => {
      const store = open();
      const [waiting] = await store.jobs.request([scanOf(fresh('cancel'))]);
      expect(await store.jobs.cancel(waiting!.id)).toBe(true);
      expect(await store.jobs.begin(waiting!.id, 'worker-1')).toBeNull();
      const running = await started(store, fresh('cancel'));
      expect(await store.jobs.cancel(running.id)).toBe(true);
      expect(await store.jobs.beat(running)).toBe(false);
      expect(await store.jobs.settle(running, { result: {} })).toBe(false);
      expect(await store.jobs.cancel(running.id)).toBe(false);
      expect(await store.jobs.cancel(UNKNOWN)).toBe(false);
    });

    it('that failed can be replayed, with attempts of its own', async () => {
      const store = open();
      const running = await started(store, fresh('replay'));
      expect(await store.jobs.replay(running.id)).toBeNull();
      await store.jobs.settle(running, { error: failure });
      expect(await store.jobs.replay(running.id)).toMatchObject({ state: 'queued', attempts: 1, attemptsAllowed: 6 });
      expect((await store.jobs.begin(running.id, 'worker-1'))!.attempts).toBe(2);
      expect(await store.jobs.replay(UNKNOWN)).toBeNull();
    });

    it('waits behind what is more urgent, and then behind what came before', async () => {
      const { jobs } = open();
      const [late, soon, first] = await jobs.request([
        scanOf(fresh('order'), { priority: 10 }),
        scanOf(fresh('order'), { priority: 5 }),
        scanOf(fresh('order'), { priority: 1 }),
      ]);
      const ids = (await jobs.waiting(1_000)).map(({ id }) => id);
      const places = [first, soon, late].map((job) => ids.indexOf(job!.id));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(places).not.toContain(-1);
    });

    it('that comes again and again is due when none was asked for so long, and none waits or runs', async () => {
      const { jobs, run } = open();
      const [often, seldom] = [scanOf(fresh('due')), scanOf(fresh('due'))];
      const due = async (minutes: number) => {
        return (await jobs.requestDue([often, seldom], minutes * 60_000)).map(({ key }) => key).toSorted();
      };
      expect(await due(60)).toEqual([often.key, seldom.key].toSorted());
      await run(`update schedules set asked_at = asked_at - interval '61 minutes' where key = '${often.key}'`);
      expect(await due(60)).toEqual([]);
      for (const job of (await jobs.waiting(1_000)).filter(({ key }) => key === often.key)) {
        const running = (await jobs.begin(job.id, 'worker-1'))!;
        expect(await due(60)).toEqual([]);
        await jobs.settle(running, { error: failure });
      }
      expect(await due(62)).toEqual([]);
      expect(await due(60)).toEqual([often.key]);
    });

    it('that is due is had by one of many that ask at once, whatever their order', async () => {
      const { jobs } = open();
      const wanted = [scanOf(fresh('due')), scanOf(fresh('due')), scanOf(fresh('due'))];
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => jobs.requestDue(i % 2 === 0 ? wanted : wanted.toReversed(), 60_000)),
      );
      expect(
        answers
          .flat()
          .map(({ key }) => key)
          .toSorted(),
      ).toEqual(wanted.map(({ key }) => key).toSorted());
    });

    it('is listed page by page, newest first, each once', async () => {
      const { jobs } = open();
      const asked = await jobs.request(Array.from({ length: 5 }, () => scanOf(fresh('page'))));
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const part = await jobs.jobs({ kind: 'scan' }, { limit: 2, after });
        expect(part.items.length).toBeLessThanOrEqual(2);
        seen.push(...part.items.map(({ id }) => id));
        after = part.next;
      } while (after !== null);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.slice(0, 5).toSorted()).toEqual(asked.map(({ id }) => id).toSorted());
      expect((await jobs.jobs({ kind: 'sweep-registry' }, { limit: 2, after: null })).items).toEqual([]);
    });
  });

  describe(`deliveries: ${name}`, () => {
    const push = (repository: string, more: Partial<RegistryEvent> = {}): RegistryEvent => {
      return { action: 'push', repository, tag: 'v1', digest: shaOf('a'), at: null, ...more };
    };
    const deliveryOf = (events: readonly RegistryEvent[], senderId: string | null = null): Delivery => {
      return { registry: 'hub', senderId, bodyDigest: shaOf('0'), events, ignored: 0 };
    };
    const digests = async ({ deliveries }: TestedStore, repository: string) => {
      const { items } = await deliveries.history('hub', repository, 'v1', { limit: 100, after: null });
      return items.map(({ digest }) => digest?.at(-1) ?? null);
    };

    it('are recorded with their jobs and tags', async () => {
      const store = open();
      const repository = fresh('app');
      const recorded = await store.deliveries.record(deliveryOf([push(repository)]), [scanOf(repository)]);
      expect(recorded).toMatchObject({ replay: false, jobs: [{ key: repository, state: 'queued' }] });
      expect(await digests(store, repository)).toEqual(['a']);
    });

    it('sent twice under one name are one, also at the same moment', async () => {
      const store = open();
      const repository = fresh('app');
      const delivery = deliveryOf([push(repository)], fresh('sender'));
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => store.deliveries.record(delivery, [scanOf(repository)])),
      );
      expect(answers.filter(({ replay }) => !replay)).toHaveLength(1);
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
      const elsewhere = await store.deliveries.record({ ...delivery, registry: 'other' }, []);
      expect(elsewhere.replay).toBe(false);
    });

    it('leave nothing behind where a part of them cannot be stored', async () => {
      const store = open();
      const repository = fresh('app');
      const broken = { ...scanOf(repository), priority: 99_999_999 };
      const delivery = deliveryOf([push(repository)], fresh('sender'));
      await expect(store.deliveries.record(delivery, [broken])).rejects.toThrow();
      expect(await digests(store, repository)).toEqual([]);
      expect((await store.deliveries.record(delivery, [])).replay).toBe(false);
    });

    it('that come in the wrong order leave the tag where it pointed last', async () => {
      const store = open();
      const repository = fresh('app');
      const [early, late] = ['2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z'];
      await store.deliveries.record(deliveryOf([push(repository, { digest: shaOf('b'), at: late })]), []);
      await store.deliveries.record(deliveryOf([push(repository, { digest: shaOf('a'), at: early })]), []);
      expect(await digests(store, repository)).toEqual(['b', 'a']);
      await store.deliveries.record(deliveryOf([push(repository, { digest: shaOf('b'), at: late })]), []);
      expect(await digests(store, repository)).toEqual(['b', 'a']);
    });

    it('of a sender whose clock is ahead do not hold the tag', async () => {
      const store = open();
      const repository = fresh('app');
      const ahead = '2199-01-01T00:00:00Z';
      await store.deliveries.record(deliveryOf([push(repository, { digest: shaOf('b'), at: ahead })]), []);
      await store.deliveries.record(deliveryOf([push(repository, { digest: shaOf('c') })]), []);
      expect(await digests(store, repository)).toEqual(['c', 'b']);
    });

    it('keep deletions, and say nothing of a tag that they do not name', async () => {
      const store = open();
      const repository = fresh('app');
      const gone = push(repository, { action: 'delete', digest: null });
      await store.deliveries.record(deliveryOf([gone, push(repository, { digest: null })]), []);
      expect(await digests(store, repository)).toEqual([]);
      await store.deliveries.record(deliveryOf([push(repository), push(repository, { tag: null })]), []);
      await store.deliveries.record(deliveryOf([gone]), []);
      expect(await digests(store, repository)).toEqual([null, 'a']);
    });

    it('say where each tag points now, and which repositories are known', async () => {
      const { deliveries, jobs } = open();
      const repository = fresh('known/app');
      const other = fresh('known/other');
      await deliveries.record(deliveryOf([push(repository), push(repository, { tag: 'v2', digest: shaOf('b') })]), []);
      await deliveries.record(deliveryOf([push(repository, { action: 'delete', tag: 'v2', digest: null })]), []);
      await jobs.request([scanOf(other, { payload: { registry: 'hub', repository: other, tag: 'x', digest: null } })]);
      expect(await deliveries.tags('hub', repository)).toEqual(
        new Map([
          ['v1', shaOf('a')],
          ['v2', null],
        ]),
      );
      expect(await deliveries.tags('elsewhere', repository)).toEqual(new Map());
      expect(await deliveries.repositories('hub')).toEqual(expect.arrayContaining([repository, other]));
      expect(await deliveries.repositories('elsewhere')).not.toContain(other);
    });

    it('give the history of a tag page by page', async () => {
      const store = open();
      const repository = fresh('app');
      for (const digit of ['a', 'b', 'c'])
        await store.deliveries.record(deliveryOf([push(repository, { digest: shaOf(digit) })]), []);
      const first = await store.deliveries.history('hub', repository, 'v1', { limit: 2, after: null });
      const rest = await store.deliveries.history('hub', repository, 'v1', { limit: 2, after: first.next });
      expect([...first.items, ...rest.items].map(({ digest }) => digest?.at(-1))).toEqual(['c', 'b', 'a']);
      expect(rest.next).toBeNull();
    });
  });
}
