import { z } from 'zod';
import { LIMITS } from '../domain/limits.ts';
import { ruleModes } from '../domain/verdict/rule-changes.ts';
import {
  activateBundle,
  type ChangePoliciesDependencies,
  deactivateBundle,
  type PolicyRequest,
  rollBackBundle,
  uploadBundle,
} from '../pipeline/change-policies.ts';
import type { Job } from '../pipeline/job-ports.ts';
import { type Answer, type Route, route } from './route.ts';
import {
  byDigest,
  changedPolicies,
  judgingPolicy,
  listOf,
  nothing,
  paged,
  pageOf,
  policyChange,
  storedBundle,
} from './shapes.ts';

export interface PolicyRoutesDependencies extends ChangePoliciesDependencies {
  /** See JobRoutesDependencies. */
  readonly wake: (jobs: readonly Job[]) => Promise<void>;
}

const allowing = z.strictObject({
  allowWeaker: z.boolean().default(false).describe('A rule that denies may be dropped, or deny no more'),
});

/** The policies that judge, and bundles of rules that people upload. */
export function policyRoutes({ wake, ...dependencies }: PolicyRoutesDependencies): Route[] {
  const { policies, terms, judge } = dependencies;
  const change = (
    path: `/api/v1/policies/bundles/{digest}/${string}`,
    summary: string,
    audit: string,
    act: (request: PolicyRequest, dependencies: ChangePoliciesDependencies) => ReturnType<typeof activateBundle>,
  ): Route =>
    route({
      method: 'POST',
      path,
      summary: `${summary}; every report is judged again`,
      role: 'admin',
      params: byDigest,
      query: nothing,
      body: allowing,
      status: 200,
      response: changedPolicies,
      audit,
      handle: async ({ params: { digest }, body: { allowWeaker }, caller }): Promise<Answer> => {
        const { change, job } = await act({ digest, allowWeaker, by: caller!.actor }, dependencies);
        await wake([job]);
        return { body: { ...change, job: job.id }, subject: digest };
      },
    });
  return [
    route({
      method: 'GET',
      path: '/api/v1/policies',
      summary: 'The policies that judge, with the mode of each rule everywhere and in each scope of the settings',
      role: 'viewer',
      params: nothing,
      query: nothing,
      body: null,
      status: 200,
      response: z.object({ items: z.array(judgingPolicy) }),
      audit: null,
      handle: async () => {
        const { bundles } = await terms.terms();
        const stored = new Set(bundles.map(({ digest }) => digest));
        const judging = await judge.policies(bundles);
        const rules = Map.groupBy(ruleModes(judging, judge.settings), ({ policy }) => policy);
        const items = judging.map((policy) => ({
          name: policy.name,
          digest: policy.digest,
          origin: policy.builtin ? 'builtin' : stored.has(policy.digest) ? 'store' : 'settings',
          rules: (rules.get(policy) ?? []).map(
            ({ rule: { id, title, description, level, critical }, mode, scopes }) => {
              return { id, title, description, level, critical, mode, scopes };
            },
          ),
        }));
        return { body: { items } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/policies/bundles',
      summary: 'Bundles that were uploaded, the newest first',
      role: 'viewer',
      params: nothing,
      query: paged,
      body: null,
      status: 200,
      response: listOf(storedBundle),
      audit: null,
      handle: async ({ query }) => ({ body: await policies.bundles(pageOf(query)) }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/policies/bundles',
      summary: 'Upload what "plimsoll policy build" wrote; it does not judge before it is activated',
      role: 'admin',
      params: nothing,
      query: nothing,
      body: z.strictObject({
        manifest: z.string().max(LIMITS.policyDocumentBytes).describe('manifest.json, as text'),
        wasm: z.base64().describe('policy.wasm'),
      }),
      bodyBytes: LIMITS.apiBundleBytes,
      status: 201,
      response: storedBundle,
      audit: 'policy.upload',
      handle: async ({ body, caller }): Promise<Answer> => {
        const files = {
          manifest: new TextEncoder().encode(body.manifest),
          wasm: new Uint8Array(Buffer.from(body.wasm, 'base64')),
        };
        const bundle = await uploadBundle(files, caller!.actor, dependencies);
        return { body: bundle, subject: bundle.digest };
      },
    }),
    change(
      '/api/v1/policies/bundles/{digest}/activate',
      'Judge by a bundle from now on, in the place of the one of its name',
      'policy.activate',
      activateBundle,
    ),
    change(
      '/api/v1/policies/bundles/{digest}/deactivate',
      'Judge by no bundle of this name any more',
      'policy.deactivate',
      deactivateBundle,
    ),
    change(
      '/api/v1/policies/bundles/{digest}/roll-back',
      'Put back what the last change of its name took away',
      'policy.roll-back',
      rollBackBundle,
    ),
    route({
      method: 'GET',
      path: '/api/v1/policies/changes',
      summary: 'Which bundles came to judge, by whom, and what that changed of the rules; the newest first',
      role: 'viewer',
      params: nothing,
      query: paged.extend({ name: z.string().max(256).optional().describe('Of the bundles') }),
      body: null,
      status: 200,
      response: listOf(policyChange),
      audit: null,
      handle: async ({ query: { name = null, ...page } }) => ({
        body: await policies.policyChanges(name, pageOf(page)),
      }),
    }),
  ];
}
