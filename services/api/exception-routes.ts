import { z } from 'zod';
import { PlimsollError } from '../domain/errors.ts';
import { exception as exceptionContent } from '../domain/vulnerabilities/exceptions.ts';
import { type ChangedException, EXCEPTION_STATES, type ExceptionStore } from '../pipeline/exception-ports.ts';
import type { Job } from '../pipeline/job-ports.ts';
import { type Answer, type Route, route } from './route.ts';
import { byId, changedException, listOf, nothing, paged, pageOf, storedException } from './shapes.ts';

export interface ExceptionRoutesDependencies {
  readonly exceptions: ExceptionStore;
  /** See JobRoutesDependencies. */
  readonly wake: (jobs: readonly Job[]) => Promise<void>;
  now(): number;
}

/** Exceptions from vulnerabilities. Each change is followed by a job that judges again what it touches. */
export function exceptionRoutes({ exceptions, wake, now }: ExceptionRoutesDependencies): Route[] {
  const existing = async (id: string) => {
    const found = await exceptions.exception(id);
    if (found !== null) return found;
    throw new PlimsollError('NOT_FOUND', `There is no exception ${id}.`);
  };
  const changed = async ({ exception, job }: ChangedException): Promise<Answer> => {
    await wake([job]);
    return { body: { ...exception, job: job.id } };
  };
  return [
    route({
      method: 'GET',
      path: '/api/v1/exceptions',
      summary: 'Exceptions from vulnerabilities, the newest first',
      role: 'viewer',
      params: nothing,
      query: paged.extend({
        state: z.enum(EXCEPTION_STATES).optional(),
        vulnerability: z.string().max(256).optional(),
        owner: z.string().max(256).optional(),
      }),
      body: null,
      status: 200,
      response: listOf(storedException),
      audit: null,
      handle: async ({ query: { state, vulnerability, owner, ...page } }) => ({
        body: await exceptions.exceptions({ state, vulnerability, owner }, pageOf(page)),
      }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/exceptions',
      summary: 'Except a vulnerability until a day; what it touches is judged again',
      role: 'editor',
      params: nothing,
      query: nothing,
      body: exceptionContent,
      status: 201,
      response: changedException,
      audit: 'exception.create',
      handle: async ({ body, caller }) => {
        if (body.expires < new Date(now()).toISOString().slice(0, 10)) {
          throw new PlimsollError(
            'USAGE',
            `expires: ${body.expires} is over; name the last day on which it shall hold`,
          );
        }
        return await changed(await exceptions.addException(body, caller!.actor));
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/exceptions/{id}',
      summary: 'One exception',
      role: 'viewer',
      params: byId,
      query: nothing,
      body: null,
      status: 200,
      response: storedException,
      audit: null,
      handle: async ({ params }) => ({ body: await existing(params.id) }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/exceptions/{id}/end',
      summary: 'End an exception now; what it touched is judged again',
      role: 'editor',
      params: byId,
      query: nothing,
      body: null,
      status: 200,
      response: changedException,
      audit: 'exception.end',
      handle: async ({ params, caller }) => {
        const { state } = await existing(params.id);
        const ended = await exceptions.endException(params.id, caller!.actor);
        if (ended !== null) return await changed(ended);
        throw new PlimsollError('CONFLICT', `The exception ${params.id} is ${state}: there is nothing to end.`);
      },
    }),
  ];
}
