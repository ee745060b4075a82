import { PlimsollError } from '../../errors.ts';
import type { LimitName, Limits } from '../../limits.ts';

/** ARCHIVE_INVALID: `what` is wrong, at byte `offset` of the tar stream. */
export function invalidTar(what: string, offset: number): PlimsollError {
  return new PlimsollError('ARCHIVE_INVALID', `the tar stream is broken at byte ${offset}: ${what}`, {
    details: { offset },
  });
}

/** LIMIT_EXCEEDED where `value` is more than the limit allows. */
export function checkLimit(limits: Limits, limit: LimitName, value: number, what: string, offset: number): void {
  if (value <= limits[limit]) return;
  throw new PlimsollError(
    'LIMIT_EXCEEDED',
    `${what} exceeds the limit ${limit} of ${limits[limit]}, at byte ${offset}`,
    {
      details: { limit, offset },
    },
  );
}
