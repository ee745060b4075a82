import { z } from 'zod';
import { ADMISSION_ANSWERS, type AdmissionReader, type PolicyLoads } from '../pipeline/admission-store-ports.ts';
import { type Route, route } from './route.ts';
import { listOf, nothing, paged, pageOf } from './shapes.ts';

export interface AdmissionRoutesDependencies {
  readonly admissions: AdmissionReader & PolicyLoads;
}

const moment = z.iso.datetime();
const yes = z.literal('true').transform(() => true);

const admission = z.object({
  id: z.string(),
  at: moment,
  uid: z.string().describe('Of the review'),
  path: z.string(),
  caller: z.enum(['api-server', 'unauthenticated caller']),
  operation: z.string(),
  kind: z.string().describe('As in Deployment.apps or Pod/exec'),
  namespace: z.string().nullable(),
  name: z.string().nullable(),
  user: z.string(),
  answer: z
    .enum(ADMISSION_ANSWERS)
    .describe('failed: it could not be judged, and the answer to failure of its path held'),
  why: z.string().nullable().describe('Where no rule is why'),
  violations: z.array(
    z.object({ rule: z.string(), level: z.string(), mode: z.string(), effect: z.string(), message: z.string() }),
  ),
  images: z.array(z.object({ text: z.string(), digest: z.string().nullable(), decision: z.string().nullable() })),
  session: z
    .object({
      verb: z.string(),
      container: z.string().nullable(),
      command: z.array(z.string()),
      stdin: z.boolean(),
      tty: z.boolean(),
      ports: z.array(z.int()),
    })
    .nullable()
    .describe('Of exec, attach and portforward'),
  breakGlass: z.object({ user: z.string(), reason: z.string(), expiresAt: moment }).nullable(),
  ms: z.int(),
});

const policyLoad = z.object({
  at: moment,
  source: z.string(),
  digest: z.string(),
  author: z.string().nullable(),
  outcome: z.enum(['loaded', 'refused']),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.string()),
  weaker: z.boolean(),
  message: z.string().nullable(),
});

/** What admission has decided, and by which policies. */
export function admissionRoutes({ admissions }: AdmissionRoutesDependencies): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/admissions',
      summary: 'Reviews of Kubernetes and what was answered, the newest first',
      role: 'viewer',
      params: nothing,
      query: paged.extend({
        namespace: z.string().max(253).optional(),
        answer: z.enum(ADMISSION_ANSWERS).optional(),
        rule: z.string().max(253).optional().describe('That found something'),
        user: z.string().max(1_024).optional(),
        sessions: yes.optional().describe('Only exec, attach and portforward'),
        breakGlass: yes.optional().describe('Only what was let in by break-glass'),
      }),
      body: null,
      status: 200,
      response: listOf(admission),
      audit: null,
      handle: async ({ query: { limit, after, ...filter } }) => {
        return { body: await admissions.admissions(filter, pageOf({ limit, after })) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/admissions/policies',
      summary: 'Policies that admission has loaded or refused, the newest first',
      role: 'viewer',
      params: nothing,
      query: paged,
      body: null,
      status: 200,
      response: listOf(policyLoad),
      audit: null,
      handle: async ({ query }) => ({ body: await admissions.policyLoads(pageOf(query)) }),
    }),
  ];
}
