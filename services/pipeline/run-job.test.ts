import { describe, expect, it } from 'vitest';
import { PlimsollError } from '../domain/errors.ts';
import type { Job, JobLedger } from './job-ports.ts';
import { type JobHandler, runJob, runJobs } from './run-job.ts';

const ROOM = { mostInWorker: 1, most: new Map() };
const job = { id: 'job-1', kind: 'scan', key: 'k', attempts: 2, attemptsAllowed: 5 } as Job;

/** A ledger that writes down what it is told; `held`: whether the job is still ours. */
function ledgerOf({ held = true, given = job as Job | null } = {}) {
  const calls: unknown[][] = [];
  const ledger: JobLedger = {
    begin: async () => given,
    next: async () => null,
    beat: async () => held,
    settle: async (_, outcome) => {
      calls.push(['settle', outcome]);
      return held;
    },
    retry: async (_, error, delayMs) => {
      calls.push(['retry', error.code, delayMs]);
      return held;
    },
  };
  return { ledger, calls };
}

async function run(handle: JobHandler, options: Parameters<typeof ledgerOf>[0] = {}, stopped = new AbortController()) {
  const { ledger, calls } = ledgerOf(options);
  const ends: unknown[] = [];
  let beating = 0;
  const outcome = await runJob('job-1', handle, {
    ledger,
    worker: 'w',
    room: ROOM,
    every: (_, call) => {
      beating++;
      call();
      return () => {
        beating--;
      };
    },
    stopped: stopped.signal,
    onEnd: (_, ended, error) => ends.push([ended, error?.code ?? null]),
  });
  expect(beating).toBe(0);
  return { outcome, calls, ends };
}

const fails = (error: unknown): JobHandler => {
  return () => Promise.reject(error);
};

describe('an attempt at a job', () => {
  it('ends in the store, with its result', async () => {
    const { outcome, calls, ends } = await run(async () => ({ result: { digests: ['d'] } }));
    expect(calls).toEqual([['settle', { result: { digests: ['d'] } }]]);
    expect([outcome, ends]).toEqual(['done', [['done', null]]]);
  });

  it('that stored its end itself is not ended twice', async () => {
    expect(await run(async () => 'stored')).toMatchObject({ outcome: 'done', calls: [] });
  });

  it('says how far it is when it says that it goes on', async () => {
    const { ledger } = ledgerOf();
    const said: unknown[] = [];
    let beat = (): void => {};
    await runJob(
      'job-1',
      async (_, __, onProgress) => {
        beat();
        onProgress({ layers: 3, layersDone: 1 });
        beat();
        return 'stored';
      },
      {
        ledger: {
          ...ledger,
          beat: async (_, progress) => {
            said.push(progress);
            return true;
          },
        },
        worker: 'w',
        room: ROOM,
        every: (_, call) => {
          beat = call;
          return () => {};
        },
        stopped: new AbortController().signal,
        onEnd: () => {},
      },
    );
    expect(said).toEqual([null, { layers: 3, layersDone: 1 }]);
  });

  it('on a job that another has, or that is over, does nothing', async () => {
    const handled: string[] = [];
    const handle: JobHandler = async ({ id }) => {
      handled.push(id);
      return 'stored';
    };
    expect(await run(handle, { given: null })).toMatchObject({ outcome: 'nothing', calls: [], ends: [] });
    expect(handled).toEqual([]);
  });

  it('is tried again for what may pass, later each time', async () => {
    const { outcome, calls } = await run(fails(new PlimsollError('TIMEOUT', 'slow')));
    expect([outcome, calls]).toEqual(['retried', [['retry', 'TIMEOUT', 10_000]]]);
    const first = await run(fails(new Error('a fault')), { given: { ...job, attempts: 1 } });
    expect(first.calls).toEqual([['retry', 'INTERNAL', 5_000]]);
    const late = await run(fails(new PlimsollError('TIMEOUT', 'slow')), {
      given: { ...job, attempts: 30, attemptsAllowed: 40 },
    });
    expect(late.calls).toEqual([['retry', 'TIMEOUT', 600_000]]);
    const last = await run(fails(new PlimsollError('TIMEOUT', 'slow')), { given: { ...job, attempts: 5 } });
    expect(last.outcome).toBe('failed');
  });

  it('fails for good for what will not pass', async () => {
    const { outcome, calls } = await run(fails(new PlimsollError('NOT_AN_IMAGE', 'no image')));
    expect([outcome, calls]).toEqual([
      'failed',
      [['settle', { error: { code: 'NOT_AN_IMAGE', message: 'no image' } }]],
    ]);
  });

  it('on a job that was cancelled is stopped, and stores nothing', async () => {
    const handle: JobHandler = async (_, signal) => {
      await Promise.resolve();
      await Promise.resolve();
      signal.throwIfAborted();
      throw new Error('it was not stopped');
    };
    expect(await run(handle, { held: false })).toMatchObject({ outcome: 'lost', calls: [] });
  });

  it('that lost its job at the very end says so', async () => {
    const { ledger } = ledgerOf();
    const outcome = await runJob('job-1', async () => ({ result: {} }), {
      ledger: { ...ledger, settle: async () => false },
      worker: 'w',
      room: ROOM,
      every: () => () => {},
      stopped: new AbortController().signal,
      onEnd: () => {},
    });
    expect(outcome).toBe('lost');
  });

  it('in a worker that is stopped gives the job back at once', async () => {
    const stopped = new AbortController();
    const handle: JobHandler = async (_, signal) => {
      stopped.abort(new PlimsollError('CANCELLED', 'stopped'));
      signal.throwIfAborted();
      return 'stored';
    };
    const { outcome, calls } = await run(handle, {}, stopped);
    expect([outcome, calls]).toEqual(['retried', [['retry', 'CANCELLED', 0]]]);
  });

  it('raises where the store does not answer: the job is recovered', async () => {
    const { ledger } = ledgerOf();
    const broken: JobLedger = { ...ledger, settle: () => Promise.reject(new Error('no store')) };
    const running = runJob('job-1', async () => ({ result: {} }), {
      ledger: broken,
      worker: 'w',
      room: ROOM,
      every: () => () => {},
      stopped: new AbortController().signal,
      onEnd: () => {},
    });
    await expect(running).rejects.toThrow('no store');
  });
});

describe('an announcement', () => {
  const worked = async (waiting: string[], isLeaving: () => boolean = () => false) => {
    const { ledger } = ledgerOf();
    const done: string[] = [];
    const own: JobLedger = {
      ...ledger,
      begin: async (id) => (waiting.includes(id) ? ({ ...job, id } as Job) : null),
      next: async () => waiting[0] ?? null,
    };
    const handle: JobHandler = async ({ id }) => {
      done.push(id);
      waiting.splice(waiting.indexOf(id), 1);
      return 'stored';
    };
    const rest = { worker: 'w', room: ROOM, every: () => () => {}, stopped: new AbortController().signal };
    await runJobs('scan', 'announced', handle, isLeaving, { ledger: own, ...rest, onEnd: () => {} });
    return done;
  };

  it('is of one job, after which all that waits is done, also where that one is taken', async () => {
    expect(await worked(['first', 'announced', 'last'])).toEqual(['announced', 'first', 'last']);
    expect(await worked(['first', 'last'])).toEqual(['first', 'last']);
    expect(await worked([])).toEqual([]);
  });

  it('brings a worker that is to end no further job', async () => {
    let asked = 0;
    expect(await worked(['announced', 'next'], () => asked++ > 0)).toEqual(['announced']);
  });
});
