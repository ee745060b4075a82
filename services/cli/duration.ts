import { PlimsollError } from '../domain/errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `30m`, `2h`, `1d`, `500ms`; milliseconds. */
export function parseDuration(text: string, option: string): number {
  const { amount, unit } = /^(?<amount>\d+(?:\.\d+)?)(?<unit>ms|s|m|h|d)$/.exec(text)?.groups ?? {};
  const milliseconds = Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN);
  if (milliseconds > 0 && milliseconds <= 2 ** 31 - 1) return milliseconds;
  throw new PlimsollError('USAGE', `${option} "${text}" is no duration; write 90s, 30m or 2h, up to 24 days`);
}
