/** Why a request is not taken, as metrics and logs name it; each has one status. */
export const REFUSALS = {
  'unknown-registration': 401,
  unauthenticated: 401,
  forbidden: 403,
  stale: 403,
  'too-large': 413,
  'unsupported-type': 415,
  'too-many': 429,
  malformed: 400,
  unavailable: 503,
} as const;

export type RefusalReason = keyof typeof REFUSALS;

/** Ends a request. The message is for the log; the sender learns the reason only. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}
