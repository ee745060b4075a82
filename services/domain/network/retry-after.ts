/** How many milliseconds from `now` (since 1970) Retry-After asks to wait: seconds or a date (RFC 9110, 10.2.3); null for neither. */
export function retryAfterMs(text: string | null, now: number): number | null {
  if (text === null) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}
