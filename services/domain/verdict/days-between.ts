const MOMENT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Days from one RFC 3339 moment or ISO day (its first moment, UTC) to another, with fractions; null where one is neither. */
export function daysBetween(from: string, to: string): number | null {
  if (!MOMENT.test(from) || !MOMENT.test(to)) return null;
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000;
  return Number.isNaN(days) ? null : days;
}
