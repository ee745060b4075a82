import { z } from 'zod';
import { LIMITS } from '../domain/limits.ts';
import type { ExpiredImage } from '../domain/registries/image-retention.ts';
import { type Route, route } from './route.ts';
import { byDigest, nothing } from './shapes.ts';

export interface RetentionRoutesDependencies {
  /** The images that would go now. */
  expiring(): Promise<readonly ExpiredImage[]>;
}

/** What the rules of retention come to, before they do. */
export function retentionRoutes({ expiring }: RetentionRoutesDependencies): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/retention',
      summary: 'The images that the rules of retention would take away now, and why; nothing is taken away by asking',
      role: 'viewer',
      params: nothing,
      query: nothing,
      body: null,
      status: 200,
      response: z.object({
        total: z.int(),
        items: z
          .array(byDigest.extend({ reference: z.string(), because: z.array(z.string()) }))
          .describe(`The first ${LIMITS.apiPageItems}, by digest`),
      }),
      audit: null,
      handle: async () => {
        const expired = await expiring();
        return { body: { total: expired.length, items: expired.slice(0, LIMITS.apiPageItems) } };
      },
    }),
  ];
}
