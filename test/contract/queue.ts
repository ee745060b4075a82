import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BullQueue } from '../../services/adapters/queue/bull-queue.ts';
import type { Job, JobKind } from '../../services/pipeline/job-ports.ts';

export interface TestedQueue {
  /** A process of its own, as it were: another connection to the same queue. */
  open(): Promise<BullQueue>;
  /** Loses everything that the queue held. */
  lose(): Promise<void>;
}

function jobOf(kind: JobKind, more: Partial<Job> = {}): Job {
  const now = new Date(Date.now() - 1_000).toISOString();
  return {
    id: randomUUID(),
    kind,
    key: 'key',
    payload: {},
    priority: 5,
    registry: null,
    state: 'queued',
    attempts: 0,
    attemptsAllowed: 5,
    runAfter: now,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    progress: null,
    result: null,
    error: null,
    ...more,
  };
}

/** What every backend of the queue keeps to. */
export function queueContract(name: string, tested: () => TestedQueue): void {
  const opened = async (): Promise<BullQueue> => {
    const queue = await tested().open();
    onTestFinished(() => queue.close());
    return queue;
  };
  const waitFor = (check: () => boolean) => expect.poll(check, { timeout: 20_000, interval: 20 }).toBe(true);

  describe(`queue: ${name}`, () => {
    it('wakes one worker for each job, in another process too', async () => {
      const [producer, first, second] = [await opened(), await opened(), await opened()];
      const seen: string[] = [];
      for (const queue of [first, second]) await queue.consume('scan', 2, async (id) => void seen.push(id));
      const jobs = Array.from({ length: 20 }, () => jobOf('scan'));
      await producer.announce(jobs);
      await waitFor(() => seen.length >= 20);
      await sleep(300);
      expect(seen.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
      expect(await producer.depth()).toMatchObject({ scan: 0 });
    });

    it('announced twice while it waits is there once; announced again when it was handled, again', async () => {
      const queue = await opened();
      const job = jobOf('sweep-registry');
      await queue.announce([job]);
      await queue.announce([job, job]);
      expect(await queue.depth()).toMatchObject({ 'sweep-registry': 1 });
      const seen: string[] = [];
      await queue.consume('sweep-registry', 1, async (id) => void seen.push(id));
      await waitFor(() => seen.length === 1);
      await sleep(200);
      await queue.announce([job]);
      await waitFor(() => seen.length === 2);
    });

    it('a handler that fails leaves nothing in the way of the next announcement', async () => {
      const queue = await opened();
      const job = jobOf('sweep-registry');
      let calls = 0;
      await queue.consume('sweep-registry', 1, async () => {
        calls++;
        throw new Error('the store does not answer');
      });
      await queue.announce([job]);
      await waitFor(() => calls === 1);
      await sleep(300);
      expect(await queue.depth()).toMatchObject({ 'sweep-registry': 0 });
      await queue.announce([job]);
      await waitFor(() => calls === 2);
    });

    it('gives the urgent first', async () => {
      const queue = await opened();
      const jobs = [10, 5, 1, 10, 1].map((priority) => jobOf('refresh-advisories', { priority }));
      await queue.announce(jobs);
      const seen: number[] = [];
      await queue.consume('refresh-advisories', 1, async (id) => {
        seen.push(jobs.find((job) => job.id === id)!.priority);
      });
      await waitFor(() => seen.length === 5);
      expect(seen).toEqual([1, 1, 5, 10, 10]);
    });

    it('gives no job before its time, and no more at once than it may', async () => {
      const queue = await opened();
      const later = jobOf('scan', { runAfter: new Date(Date.now() + 1_500).toISOString() });
      const others = Array.from({ length: 6 }, () => jobOf('scan'));
      const at = new Map<string, number>();
      let running = 0;
      let most = 0;
      await queue.consume('scan', 2, async (id) => {
        at.set(id, Date.now());
        most = Math.max(most, ++running);
        await sleep(50);
        running--;
      });
      await queue.announce([later, ...others]);
      await waitFor(() => at.size === 7);
      expect(at.get(later.id)).toBeGreaterThanOrEqual(Date.parse(later.runAfter) - 50);
      expect(most).toBe(2);
    });

    it('stops when what it handles is over, and takes nothing more', async () => {
      const queue = await tested().open();
      const producer = await opened();
      const order: string[] = [];
      await queue.consume('scan', 1, async () => {
        order.push('begun');
        await sleep(500);
        order.push('over');
      });
      await producer.announce([jobOf('scan'), jobOf('scan')]);
      await waitFor(() => order.length === 1);
      await queue.drain();
      order.push('drained');
      await queue.close();
      expect(order).toEqual(['begun', 'over', 'drained']);
      expect(await producer.depth()).toMatchObject({ scan: 1 });
      await tested().lose();
    });

    it('that lost everything is told again, by the workers that it had', async () => {
      const queue = await opened();
      const seen: string[] = [];
      const job = jobOf('scan', { runAfter: new Date(Date.now() + 60_000).toISOString() });
      await queue.consume('scan', 1, async (id) => void seen.push(id));
      await queue.announce([job]);
      await tested().lose();
      await expect
        .poll(
          () =>
            queue.announce([{ ...job, runAfter: job.createdAt }]).then(
              () => seen.length > 0,
              () => false,
            ),
          { timeout: 30_000, interval: 300 },
        )
        .toBe(true);
      expect(new Set(seen)).toEqual(new Set([job.id]));
    });
  });
}
