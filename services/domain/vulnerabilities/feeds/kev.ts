import { NO_ENRICHMENT } from '../enrichment.ts';
import type { Feed, FeedReading } from './feed.ts';
import { cveIdOrNull, dayOrNull, momentOrNull, objectOrNull, parseForeignJson } from './foreign-json.ts';
import { RefusalCounter } from './refusals.ts';

/** CISA's catalogue of known exploited vulnerabilities (https://www.cisa.gov/known-exploited-vulnerabilities-catalog), JSON. */
export const kev: Feed = {
  id: 'kev',
  recognises: (_name, head) => /"catalogVersion"\s*:/.test(head) && /"vulnerabilities"\s*:/.test(head),
  read: (bytes, { name }): FeedReading => {
    const refusals = new RefusalCounter();
    const catalogue = objectOrNull(parseForeignJson(bytes));
    const entries = catalogue?.vulnerabilities;
    if (!Array.isArray(entries)) {
      refusals.malformed('a KEV catalogue without a list of vulnerabilities', name);
      return { advisories: [], refusals: refusals.list() };
    }
    const enrichment = entries.flatMap((value: unknown) => {
      const entry = objectOrNull(value);
      const cveId = cveIdOrNull(entry?.cveID);
      const added = dayOrNull(entry?.dateAdded);
      if (cveId === null || added === null) {
        refusals.malformed('a KEV entry without CVE or date', cveId ?? name);
        return [];
      }
      const ransomware = entry?.knownRansomwareCampaignUse === 'Known';
      return [[cveId, { ...NO_ENRICHMENT, kev: { added, due: dayOrNull(entry?.dueDate), ransomware } }] as const];
    });
    const newest = momentOrNull(catalogue?.dateReleased);
    return { advisories: [], enrichment, covers: ['KEV'], newest, refusals: refusals.list() };
  },
};
