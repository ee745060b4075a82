import type { Enrichment } from './advisory.ts';

/** Nothing known. */
export const NO_ENRICHMENT: Enrichment = { kev: null, epss: null, severities: [], rejected: false };

/** What two sources say of one CVE. Where both say the same kind of thing, the later day counts. */
export function mergeEnrichment(one: Enrichment | null, other: Enrichment): Enrichment {
  if (one === null) return other;
  const severities = new Map(
    [...one.severities, ...other.severities].map((severity) => [
      `${severity.source}\0${severity.vector ?? ''}`,
      severity,
    ]),
  );
  return {
    kev: later(one.kev, other.kev, (kev) => kev.added),
    epss: later(one.epss, other.epss, (epss) => epss.date),
    severities: [...severities].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, severity]) => severity),
    rejected: one.rejected || other.rejected,
  };
}

function later<Value>(one: Value | null, other: Value | null, dateOf: (value: Value) => string): Value | null {
  if (one === null || other === null) return one ?? other;
  return dateOf(one) > dateOf(other) ? one : other;
}

/** Feeds that say more of CVEs, whatever those are in: without one, a rule that goes by it can tell nothing. */
export const CATALOGUES: readonly string[] = ['EPSS', 'KEV'];
