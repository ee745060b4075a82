/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505';

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION;
}

const CANNOT_CONNECT_NOW = '57P03';
/** Nobody listens there: no more than a restart takes. */
const ABSENT = ['ECONNREFUSED', 'ENOENT', 'ECONNRESET'];

/** How long to go on asking a server that answers so. Milliseconds. */
export function patienceMs(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === CANNOT_CONNECT_NOW) return 60_000;
  return ABSENT.includes(code) ? 10_000 : 0;
}
