import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../limits.ts';
import { mergeEnrichment, NO_ENRICHMENT } from '../enrichment.ts';
import type { Feed } from './feed.ts';
import { recogniseFeed } from './registry.ts';

const read = (text: string) => {
  const feed = recogniseFeed('x', text) as Feed;
  const reading = feed.read(new TextEncoder().encode(text), { name: 'x', limits: LIMITS });
  return { id: feed.id, ...reading };
};
const reasons = (reading: ReturnType<typeof read>) => reading.refusals.map(({ reason, count }) => [reason, count]);

describe('KEV', () => {
  const catalogue = (vulnerabilities: unknown) =>
    JSON.stringify({
      title: 'KEV',
      catalogVersion: '2025.08.25',
      dateReleased: '2025-08-25T17:04:19Z',
      vulnerabilities,
    });
  test('dates and ransomware by CVE', () => {
    const entry = {
      cveID: 'CVE-2025-48384',
      dateAdded: '2025-08-25',
      dueDate: '2025-09-15',
      knownRansomwareCampaignUse: 'Known',
    };
    expect(
      read(
        catalogue([entry, { ...entry, cveID: 'CVE-2025-1111', dueDate: '', knownRansomwareCampaignUse: 'Unknown' }]),
      ),
    ).toEqual({
      id: 'kev',
      advisories: [],
      enrichment: [
        ['CVE-2025-48384', { ...NO_ENRICHMENT, kev: { added: '2025-08-25', due: '2025-09-15', ransomware: true } }],
        ['CVE-2025-1111', { ...NO_ENRICHMENT, kev: { added: '2025-08-25', due: null, ransomware: false } }],
      ],
      covers: ['KEV'],
      newest: '2025-08-25T17:04:19Z',
      refusals: [],
    });
  });
  test('what is malformed is counted', () => {
    expect(reasons(read(catalogue([7, { cveID: 'CVE-2025-1111' }])))).toEqual([['a KEV entry without CVE or date', 2]]);
    expect(reasons(read(catalogue('all')))).toEqual([['a KEV catalogue without a list of vulnerabilities', 1]]);
  });
});

describe('EPSS', () => {
  const head = '#model_version:v2023.03.01,score_date:2024-10-25T00:00:00+0000\ncve,epss,percentile\n';
  test('probability and percentile by CVE, with the day', () => {
    expect(read(`${head}CVE-1999-0005,0.91963,0.99030\n`).enrichment).toEqual([
      ['CVE-1999-0005', { ...NO_ENRICHMENT, epss: { probability: 0.91963, percentile: 0.9903, date: '2024-10-25' } }],
    ]);
  });
  test('what is malformed is counted', () => {
    const lines = ['CVE-1999-0005,2,0.1', 'CVE-1999-0005,x,0.1', 'nothing', 'CVE-1999-0005,0.1'];
    expect(reasons(read(head + lines.join('\n')))).toEqual([['an EPSS line without CVE or scores from 0 to 1', 4]]);
    expect(reasons(read('cve,epss,percentile\nCVE-1999-0005,0.1,0.1'))).toEqual([['EPSS scores of no day', 1]]);
  });
});

describe('NVD', () => {
  const page = (vulnerabilities: unknown) => JSON.stringify({ format: 'NVD_CVE', version: '2.0', vulnerabilities });
  test('vectors with who states them, and rejections', () => {
    const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H';
    const metrics = {
      cvssMetricV31: [
        { source: 'nvd@nist.gov', cvssData: { vectorString: vector, baseSeverity: 'CRITICAL' } },
        { source: 'cna@example.org', cvssData: { vectorString: vector, baseSeverity: 'LOW' } },
      ],
      cvssMetricV2: [{ source: 'nvd@nist.gov', cvssData: { vectorString: 'AV:N' }, baseSeverity: 'MEDIUM' }],
    };
    const entries = [
      { cve: { id: 'CVE-2016-1', metrics } },
      { cve: { id: 'CVE-2016-0001', metrics } },
      { cve: { id: 'CVE-2016-0002', vulnStatus: 'Rejected' } },
    ];
    const reading = read(page(entries));
    expect(reading.enrichment).toEqual([
      [
        'CVE-2016-0001',
        {
          ...NO_ENRICHMENT,
          severities: [
            { source: 'nvd', level: 'critical', text: 'CRITICAL', vector },
            { source: 'cna:cna@example.org', level: 'low', text: 'LOW', vector },
            { source: 'nvd', level: 'medium', text: 'MEDIUM', vector: 'AV:N' },
          ],
        },
      ],
      ['CVE-2016-0002', { ...NO_ENRICHMENT, rejected: true }],
    ]);
    expect(reasons(reading)).toEqual([['an NVD entry without a CVE', 1]]);
  });
});

describe('end of life', () => {
  test('of Debian and Ubuntu, told by their columns', () => {
    const debian =
      'version,codename,series,created,release,eol,eol-lts,eol-elts\n12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30,2033-06-30\n14,Forky,forky,2025-08-09\n,Sid,sid,1993-08-16\n';
    expect(read(debian).endOfLife).toEqual([
      { ecosystem: 'Debian:12', eol: '2026-07-11', extendedEol: '2028-06-30', source: 'distro-info' },
      { ecosystem: 'Debian:14', eol: null, extendedEol: null, source: 'distro-info' },
    ]);
    const ubuntu =
      'version,codename,series,created,release,eol,eol-server,eol-esm,eol-legacy\n22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-01,2027-06-01,2032-04-21,2034-04-25\n';
    expect(read(ubuntu).endOfLife).toEqual([
      { ecosystem: 'Ubuntu:22.04', eol: '2027-06-01', extendedEol: '2032-04-21', source: 'distro-info' },
    ]);
  });
  test('a day that is none is counted, and no day is made of it', () => {
    const bad = 'version,codename,series,created,release,eol,eol-lts\n12,B,b,2021-08-14,2023-06-10,soon,2028-06-30\n';
    expect(read(bad)).toMatchObject({ endOfLife: [], refusals: [{ reason: 'an end-of-life day that is none' }] });
    const other = 'version,codename,series,created,release,eol\n1,B,b,2021-08-14,2023-06-10,2025-01-01\n';
    expect(reasons(read(other))).toEqual([['end-of-life days of a distribution that is not known', 1]]);
  });
});

test('what two sources say of a CVE comes together; the later day counts', () => {
  const one = { ...NO_ENRICHMENT, epss: { probability: 0.1, percentile: 0.2, date: '2024-01-01' }, rejected: true };
  const other = { ...NO_ENRICHMENT, epss: { probability: 0.3, percentile: 0.4, date: '2024-02-01' } };
  expect(mergeEnrichment(one, other)).toEqual({ ...other, rejected: true });
  expect(mergeEnrichment(other, one)).toEqual({ ...other, rejected: true });
  expect(mergeEnrichment(null, one)).toEqual(one);
});
