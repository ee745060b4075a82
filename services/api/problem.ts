import { ERROR_TABLE, type ErrorCode, messageOf, PlimsollError } from '../domain/errors.ts';

/** An answer that is no success: RFC 9457, with our code. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly requestId: string;
}

const TITLES: Readonly<Partial<Record<number, string>>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** What is answered to whatever was thrown. What is no fault of the caller is told to the log, not to the caller. */
export function problemOf(thrown: unknown, requestId: string): Problem {
  const [code, status, detail] = meaningOf(thrown);
  return { type: 'about:blank', title: TITLES[status] ?? 'Error', status, code, detail, requestId };
}

function meaningOf(thrown: unknown): [ErrorCode, number, string] {
  if (thrown instanceof PlimsollError) {
    const { http } = ERROR_TABLE[thrown.code];
    // The store's own words may hold names of hosts and users.
    return [thrown.code, http, http >= 500 ? 'The server cannot answer now; its log says why.' : thrown.message];
  }
  if (isOutage(thrown)) return ['STORE_UNUSABLE', 503, 'The server cannot answer now; its log says why.'];
  const status = thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : 500;
  // Of the HTTP library: a body that is too large, no JSON, of another media type.
  if (status >= 400 && status < 500) return ['USAGE', status, messageOf(thrown)];
  return ['INTERNAL', 500, 'The server failed; its log says why.'];
}

/** The store is being started, or cannot be reached: classes 08 and 57P of PostgreSQL, codes of the system, words of `pg`. */
function isOutage(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const code = 'code' in thrown ? String(thrown.code) : '';
  return (
    /^(?:08...|57P..|ECONN\w+|ENOENT|EPIPE)$/.test(code) ||
    /Connection terminated|timeout exceeded when/.test(thrown.message)
  );
}
