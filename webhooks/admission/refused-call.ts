/** Why a call is not taken, as metrics and logs name it; each has one status. Of the first two nobody waits for an answer. */
export const REFUSED_CALLS = {
  handshake: 403,
  connections: 503,
  path: 403,
  certificate: 403,
  host: 403,
  'too-large': 413,
  malformed: 400,
  'too-many': 503,
} as const;

export type RefusedCallReason = keyof typeof REFUSED_CALLS;

/** Ends a call. The message is for the log; the caller learns the reason only. */
export class RefusedCall extends Error {
  override readonly name = 'RefusedCall';
  readonly reason: RefusedCallReason;

  constructor(reason: RefusedCallReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
