import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { osv } from '../../services/domain/vulnerabilities/feeds/osv.ts';
import { normalName } from '../../services/domain/vulnerabilities/package-name.ts';
import { mutated } from '../support/mutation.ts';

const encoder = new TextEncoder();
const record = (ecosystem: string, i: number, more: object = {}) =>
  encoder.encode(
    JSON.stringify({
      schema_version: '1.7.0',
      id: `GHSA-${i}`,
      modified: '2024-01-01T00:00:00Z',
      aliases: ['CVE-2024-1'],
      summary: 'Important: é',
      severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N' }],
      affected: Array.from({ length: i }, (_, n) => ({
        package: { ecosystem, name: `Name.${n}` },
        ranges: [
          {
            type: 'ECOSYSTEM',
            events: [{ introduced: '0' }, { fixed: `${n}` }, { last_affected: '3' }, { limit: '*' }],
          },
        ],
        versions: ['1', '2'],
        ecosystem_specific: { urgency: 'low', imports: [{ path: 'a/b' }] },
        database_specific: { last_known_affected_version_range: '<= 3' },
      })),
      references: [{ type: 'ADVISORY', url: 'https://example.org' }],
      database_specific: { severity: 'HIGH' },
      ...more,
    }),
  );
const CORPUS = [
  record('npm', 1),
  record('Ubuntu:Pro:22.04:LTS', 3, { upstream: ['CVE-2024-2'] }),
  record('Red Hat:rhel_eus:9.2::baseos', 2, { withdrawn: '2024-01-01T00:00:00Z' }),
];

test('a damaged OSV record never throws, and is read in the normal form or refused by name', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(mutated(CORPUS), (bytes) => {
      const { advisories, refusals } = osv.read(bytes, { name: 'x.json', limits: LIMITS });
      expect(advisories.length).toBeLessThanOrEqual(1);
      if (advisories.length === 0) expect(refusals).not.toEqual([]);
      expect(refusals.length).toBeLessThan(20);
      for (const { id, affected, published, modified, aliases } of advisories) {
        expect(affected.length).toBeGreaterThan(0);
        for (const text of [
          id,
          ...aliases,
          ...affected.flatMap((entry) => [entry.ecosystem, entry.name, ...entry.versions]),
        ]) {
          expect(text).toMatch(/^[^\p{Cc}]+$/u);
        }
        for (const moment of [published, modified]) {
          if (moment !== null) expect(Number.isNaN(Date.parse(moment))).toBe(false);
        }
        for (const { ecosystem, name, ranges, versions, status } of affected) {
          expect(normalName(ecosystem, name)).toBe(name);
          // What says nothing of versions would never match: such an entry is refused, or says "not affected".
          if (status !== 'not_affected') expect(ranges.length + versions.length).toBeGreaterThan(0);
          for (const { events } of ranges) expect(events.some((event) => 'introduced' in event)).toBe(true);
        }
      }
    }),
    { numRuns: 3_000 },
  );
});

test('any JSON is read or refused', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const { advisories, refusals } = osv.read(encoder.encode(json), { name: 'x.json', limits: LIMITS });
      expect(advisories.length === 0 && refusals.length === 0).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});
