import { NO_ENRICHMENT } from '../enrichment.ts';
import type { Feed, FeedReading } from './feed.ts';
import { cveIdOrNull, dayOrNull, momentOrNull } from './foreign-json.ts';
import { RefusalCounter } from './refusals.ts';

/** FIRST's EPSS scores of one day (https://www.first.org/epss/data_stats): a comment with the date, a header, `cve,epss,percentile`. */
export const epss: Feed = {
  id: 'epss',
  recognises: (_name, head) => /^(?:#[^\n]*\n)?cve,epss,percentile\s/.test(head),
  read: (bytes, { name }): FeedReading => {
    const refusals = new RefusalCounter();
    const lines = new TextDecoder().decode(bytes).split('\n');
    const date = dayOrNull(/score_date:(\d{4}-\d\d-\d\d)/.exec(lines[0] ?? '')?.[1]);
    if (date === null) {
      refusals.malformed('EPSS scores of no day', name);
      return { advisories: [], refusals: refusals.list() };
    }
    const enrichment = lines.flatMap((line) => {
      const [cve, first, second] = line.trim().split(',');
      if (cve === '' || cve === 'cve' || cve!.startsWith('#')) return [];
      const cveId = cveIdOrNull(cve);
      const [probability, percentile] = [shareOrNull(first), shareOrNull(second)];
      if (cveId === null || probability === null || percentile === null) {
        refusals.malformed('an EPSS line without CVE or scores from 0 to 1', cveId ?? name);
        return [];
      }
      return [[cveId, { ...NO_ENRICHMENT, epss: { probability, percentile, date } }] as const];
    });
    return { advisories: [], enrichment, covers: ['EPSS'], newest: momentOrNull(date), refusals: refusals.list() };
  },
};

function shareOrNull(text: string | undefined): number | null {
  if (text === undefined || !/^\d+(?:\.\d+)?(?:e-\d+)?$/i.test(text)) return null;
  const share = Number(text);
  return share <= 1 ? share : null;
}
