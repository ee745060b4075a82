import type { ChangeReader } from '../pipeline/rescan-ports.ts';
import { type Route, route } from './route.ts';
import { byDigest, change, decision, listOf, nothing, paged, pageOf } from './shapes.ts';

export interface ChangeRoutesDependencies {
  readonly changes: ChangeReader;
}

/** What became of images that were judged again. */
export function changeRoutes({ changes }: ChangeRoutesDependencies): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/changes',
      summary: 'What appeared, vanished or changed in reports that were judged again, the newest first',
      role: 'viewer',
      params: nothing,
      query: paged.extend({
        digest: byDigest.shape.digest.optional().describe('Of this image'),
        decision: decision.optional().describe('Only images whose verdict became this'),
      }),
      body: null,
      status: 200,
      response: listOf(change),
      audit: null,
      handle: async ({ query: { digest, decision, ...page } }) => {
        return { body: await changes.changes({ digest, decision }, pageOf(page)) };
      },
    }),
  ];
}
