import type { JsonObject } from '../../image/json.ts';
import type { StatedSeverity } from '../advisory.ts';
import { NO_ENRICHMENT } from '../enrichment.ts';
import type { Feed, FeedReading } from './feed.ts';
import { cveIdOrNull, listOrEmpty, objectOrNull, parseForeignJson, textOrNull } from './foreign-json.ts';
import { levelOfWord } from './osv-severity.ts';
import { RefusalCounter } from './refusals.ts';

/** A page of NVD's API 2.0 (https://nvd.nist.gov/developers/vulnerabilities): severities and rejections by CVE; its CPEs are not used. */
export const nvd: Feed = {
  id: 'nvd',
  recognises: (_name, head) => /"format"\s*:\s*"NVD_CVE"/.test(head) && /"version"\s*:\s*"2\.0"/.test(head),
  read: (bytes, { name }): FeedReading => {
    const refusals = new RefusalCounter();
    const entries = objectOrNull(parseForeignJson(bytes))?.vulnerabilities;
    if (!Array.isArray(entries)) {
      refusals.malformed('an NVD page without a list of vulnerabilities', name);
      return { advisories: [], refusals: refusals.list() };
    }
    const enrichment = entries.flatMap((value: unknown) => {
      const cve = objectOrNull(objectOrNull(value)?.cve);
      const cveId = cveIdOrNull(cve?.id);
      if (cve === null || cveId === null) {
        refusals.malformed('an NVD entry without a CVE', name);
        return [];
      }
      const rejected = cve.vulnStatus === 'Rejected';
      return [[cveId, { ...NO_ENRICHMENT, severities: severitiesOf(objectOrNull(cve.metrics)), rejected }] as const];
    });
    return { advisories: [], enrichment, refusals: refusals.list() };
  },
};

/** One severity a vector: NVD's own as `nvd`, another's (the CNA, CISA) under `cna:` and its name. */
function severitiesOf(metrics: JsonObject | null): StatedSeverity[] {
  return ['cvssMetricV40', 'cvssMetricV31', 'cvssMetricV30', 'cvssMetricV2'].flatMap((key) => {
    return listOrEmpty(metrics?.[key]).flatMap((item) => {
      const metric = objectOrNull(item);
      const data = objectOrNull(metric?.cvssData);
      const vector = textOrNull(data?.vectorString, 512);
      if (vector === null) return [];
      const by = textOrNull(metric?.source, 200);
      const text = textOrNull(data?.baseSeverity ?? metric?.baseSeverity, 32);
      const level = text === null ? 'unknown' : levelOfWord(text);
      return [{ source: by === 'nvd@nist.gov' ? 'nvd' : `cna:${by ?? 'unnamed'}`, level, text, vector }];
    });
  });
}
