import { PlimsollError } from '../errors.ts';
import type { LimitName, Limits } from '../limits.ts';

/** For a document of which nothing can be reported. */
export function pastLimit(path: string, limit: LimitName, limits: Limits): PlimsollError {
  return new PlimsollError('LIMIT_EXCEEDED', `${path} goes past the limit ${limit} of ${limits[limit]}`, {
    details: { limit },
  });
}
