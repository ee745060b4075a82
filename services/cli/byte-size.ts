import { PlimsollError } from '../domain/errors.ts';

const UNITS = ['', 'K', 'M', 'G', 'T'];

/** `500M`, `2G`, `1048576`; powers of 1,024, bytes. */
export function parseByteSize(text: string, option: string): number {
  const { amount, unit } = /^(?<amount>\d+(?:\.\d+)?)(?<unit>[KMGT]?)(?:i?B)?$/i.exec(text)?.groups ?? {};
  const bytes = Number(amount) * 1024 ** UNITS.indexOf(unit?.toUpperCase() ?? '?');
  if (Number.isSafeInteger(Math.floor(bytes)) && bytes >= 0) return Math.floor(bytes);
  throw new PlimsollError('USAGE', `${option} "${text}" is no size; write 500M or 2G`);
}
