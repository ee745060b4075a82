import { z } from 'zod';
import { PlimsollError } from '../domain/errors.ts';
import { JOB_KINDS, JOB_STATES, type Job, type JobControl, type JobReader } from '../pipeline/job-ports.ts';
import { type Route, route } from './route.ts';
import { byId, job, listOf, nothing, paged, pageOf } from './shapes.ts';

export interface JobRoutesDependencies {
  readonly jobs: JobReader & JobControl;
  /** Tells the queue, or says that it cannot be told: then the job waits for the next round. */
  readonly wake: (jobs: readonly Job[]) => Promise<void>;
}

/** What is to be done, is being done, and was done; what failed can be replayed. */
export function jobRoutes({ jobs, wake }: JobRoutesDependencies): Route[] {
  const existing = async (id: string) => {
    const found = await jobs.job(id);
    if (found !== null) return found;
    throw new PlimsollError('NOT_FOUND', `There is no job ${id}.`);
  };
  return [
    route({
      method: 'GET',
      path: '/api/v1/jobs',
      summary: 'Jobs, the newest first',
      role: 'viewer',
      params: nothing,
      query: paged.extend({ kind: z.enum(JOB_KINDS).optional(), state: z.enum(JOB_STATES).optional() }),
      body: null,
      status: 200,
      response: listOf(job),
      audit: null,
      handle: async ({ query: { kind, state, ...page } }) => ({ body: await jobs.jobs({ kind, state }, pageOf(page)) }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/jobs/{id}',
      summary: 'One job',
      role: 'viewer',
      params: byId,
      query: nothing,
      body: null,
      status: 200,
      response: job,
      audit: null,
      handle: async ({ params }) => ({ body: await existing(params.id) }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/jobs/{id}/cancel',
      summary: 'Stop a job that waits or runs',
      role: 'editor',
      params: byId,
      query: nothing,
      body: null,
      status: 200,
      response: job,
      audit: 'job.cancel',
      handle: async ({ params }) => {
        const { state } = await existing(params.id);
        if (await jobs.cancel(params.id)) return { body: await existing(params.id) };
        throw new PlimsollError('CONFLICT', `Job ${params.id} is ${state}: there is nothing to cancel.`);
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/jobs/{id}/replay',
      summary: 'Do a failed or cancelled job again',
      role: 'editor',
      params: byId,
      query: nothing,
      body: null,
      status: 202,
      response: job,
      audit: 'job.replay',
      handle: async ({ params }) => {
        const { state } = await existing(params.id);
        const replayed = await jobs.replay(params.id);
        if (replayed === null) {
          const why = 'Only a failed or cancelled job is replayed, and none of which the like already waits.';
          throw new PlimsollError('CONFLICT', `Job ${params.id} is ${state}. ${why}`);
        }
        await wake([replayed]);
        return { body: replayed };
      },
    }),
  ];
}
