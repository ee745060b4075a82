/** Numbers for people, the same in every locale. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Decimal units, as image registries and Docker show sizes. */
export function byteCount(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.95 and more would show as 1000.0.
  while (value >= (unit === 0 ? 1_000 : 999.95) && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

export function wholeNumber(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 layer`, `3 layers`. */
export function counted(count: number, noun: string): string {
  return `${wholeNumber(count)} ${noun}${count === 1 ? '' : 's'}`;
}
