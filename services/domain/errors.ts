/**
 * Every error code that Plimsoll raises on purpose, with what the edges do with it.
 * `exit` is the process exit code, `http` the status an API answers, `retry` whether a job may try again.
 * docs/errors.md lists the same codes for users; a test compares both ways.
 */
export const ERROR_TABLE = {
  USAGE: { exit: 1, http: 400, retry: false },
  UNAUTHENTICATED: { exit: 1, http: 401, retry: false },
  FORBIDDEN: { exit: 1, http: 403, retry: false },
  LOGIN_UNAVAILABLE: { exit: 1, http: 502, retry: true },
  NOT_FOUND: { exit: 1, http: 404, retry: false },
  CONFLICT: { exit: 1, http: 409, retry: false },
  RATE_LIMITED: { exit: 1, http: 429, retry: true },
  TARGET_NOT_FOUND: { exit: 1, http: 404, retry: false },
  TARGET_UNREADABLE: { exit: 1, http: 422, retry: false },
  PLATFORM_NOT_FOUND: { exit: 1, http: 404, retry: false },
  MANIFEST_INVALID: { exit: 1, http: 422, retry: false },
  MANIFEST_SCHEMA1: { exit: 1, http: 422, retry: false },
  OBJECT_INVALID: { exit: 1, http: 422, retry: false },
  NOT_AN_IMAGE: { exit: 1, http: 422, retry: false },
  NOT_AN_SBOM: { exit: 1, http: 422, retry: false },
  SBOM_VERSION_UNSUPPORTED: { exit: 1, http: 422, retry: false },
  BLOB_MISSING: { exit: 1, http: 404, retry: true },
  DIGEST_MISMATCH: { exit: 1, http: 422, retry: true },
  ARCHIVE_INVALID: { exit: 1, http: 422, retry: false },
  COMPRESSION_INVALID: { exit: 1, http: 422, retry: false },
  LIMIT_EXCEEDED: { exit: 3, http: 422, retry: false },
  TIMEOUT: { exit: 1, http: 504, retry: true },
  CANCELLED: { exit: 1, http: 499, retry: false },
  CACHE_UNUSABLE: { exit: 1, http: 500, retry: false },
  DATABASE_NOT_FOUND: { exit: 1, http: 503, retry: false },
  DATABASE_UNUSABLE: { exit: 1, http: 503, retry: false },
  FEED_SHRUNK: { exit: 1, http: 422, retry: false },
  DATABASE_REFUSED: { exit: 1, http: 422, retry: false },
  FEED_UNREADABLE: { exit: 1, http: 422, retry: false },
  DOWNLOAD_FAILED: { exit: 1, http: 502, retry: true },
  REGISTRY_UNAVAILABLE: { exit: 1, http: 502, retry: true },
  REGISTRY_DENIED: { exit: 1, http: 403, retry: false },
  EGRESS_REFUSED: { exit: 1, http: 422, retry: false },
  POLICY_INVALID: { exit: 1, http: 422, retry: false },
  EXCEPTIONS_INVALID: { exit: 1, http: 422, retry: false },
  EXCEPTION_EXPIRED: { exit: 1, http: 422, retry: false },
  VEX_INVALID: { exit: 1, http: 422, retry: false },
  SETTINGS_INVALID: { exit: 1, http: 422, retry: false },
  DELIVERY_INVALID: { exit: 1, http: 400, retry: false },
  STORE_UNUSABLE: { exit: 1, http: 503, retry: true },
  BACKUP_INVALID: { exit: 1, http: 422, retry: false },
  QUEUE_UNUSABLE: { exit: 1, http: 503, retry: true },
  WORKER_LOST: { exit: 1, http: 500, retry: true },
  SECRET_UNREADABLE: { exit: 1, http: 500, retry: false },
  LISTEN_FAILED: { exit: 1, http: 500, retry: false },
  PROFILE_INVALID: { exit: 1, http: 422, retry: false },
  SENSOR_MISSING: { exit: 1, http: 503, retry: false },
  SENSOR_FAILED: { exit: 1, http: 500, retry: true },
  KUBERNETES_UNAVAILABLE: { exit: 1, http: 502, retry: true },
  KUBERNETES_DENIED: { exit: 1, http: 403, retry: false },
  OUTPUT_FAILED: { exit: 1, http: 500, retry: false },
  INTERNAL: { exit: 1, http: 500, retry: true },
} as const satisfies Record<string, { exit: 1 | 3; http: number; retry: boolean }>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** Facts for machines beside the message: the limit's name, the digest that was expected, the byte offset. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** The one error class. A message says what was read, where it broke, and what to do. */
export class PlimsollError extends Error {
  override readonly name = 'PlimsollError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
