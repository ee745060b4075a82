import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlimsollError } from '../../services/domain/errors.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import * as schema from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { formatCycloneDx } from '../../services/domain/sbom/cyclonedx-writer.ts';
import { readSbom } from '../../services/domain/sbom/read-sbom.ts';
import { formatSpdxJson, formatSpdxTagValue } from '../../services/domain/sbom/spdx-writer.ts';
import { scanSbom } from '../../services/pipeline/scan-sbom.ts';
import { mutated } from '../support/mutation.ts';
import { oddReport, sampleReport } from '../support/sample-report.ts';
import { cdx, cdxXml, library, spdx, spdxPackage } from '../support/sboms.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const REPORTS = [sampleReport(), oddReport()];
const encoder = new TextEncoder();
const trivy = { properties: [{ name: 'aquasecurity:trivy:LayerDiffID', value: `sha256:${'a'.repeat(64)}` }] };
const dependencies = [{ ref: 'a', dependsOn: ['b'] }];
const relationships = [{ spdxElementId: 'SPDXRef-a', relationshipType: 'DEPENDS_ON', relatedSpdxElement: 'SPDXRef-b' }];

const CORPORA: Readonly<Record<string, readonly string[]>> = {
  'CycloneDX in JSON': [
    ...REPORTS.map((report) => formatCycloneDx(report, sha256)),
    cdx({ components: [library('a', trivy), library('b')], dependencies }),
  ],
  'CycloneDX in XML': [
    cdxXml(
      '<metadata><tools><tool><name>t</name></tool></tools></metadata><components><component type="library" bom-ref="a"><name>é</name><version>1</version><licenses><license><id>MIT</id></license><expression>MIT</expression></licenses><purl>pkg:npm/a@1</purl><properties><property name="syft:location:0:path">/a</property></properties></component></components><dependencies><dependency ref="a"><dependency ref="a"/></dependency></dependencies><compositions><composition><aggregate>incomplete</aggregate></composition></compositions>',
    ),
  ],
  'SPDX in JSON': [
    ...REPORTS.map((report) => formatSpdxJson(report, sha256)),
    spdx({ packages: [spdxPackage('a'), spdxPackage('b')], relationships }),
  ],
  'SPDX in tag-value': REPORTS.map((report) => formatSpdxTagValue(report, sha256)),
  reports: REPORTS.map(serializeReport),
};

const clock = { moment: () => '2024-01-01T00:00:00.000Z', elapsed: () => 0 };
const target = { kind: 'sbom', text: 'sbom:x', path: 'x' } as const;
const EXPECTED = ['NOT_AN_SBOM', 'SBOM_VERSION_UNSUPPORTED', 'LIMIT_EXCEEDED'];

describe.each(Object.entries(CORPORA))('damaged %s', (_, texts) => {
  test('is refused by name, or gives a valid report', { timeout: 120_000 }, () => {
    const corpus = texts.map((text) => encoder.encode(text));
    for (const bytes of corpus) expect(readSbom('x', bytes, LIMITS).packages).not.toEqual([]);
    fc.assert(
      fc.property(mutated(corpus), (bytes) => {
        try {
          const report = scanSbom(bytes, { target, limits: LIMITS }, { clock, version: '0.0.0' });
          schema.report.parse(JSON.parse(serializeReport(report)));
          const ids = report.packages.map(({ id }) => id);
          expect(new Set(ids).size).toBe(ids.length);
          expect(report.completeness.gaps.length).toBeLessThan(200);
          if (report.packages.length === 0) expect(report.completeness.status).toBe('partial');
        } catch (error) {
          if (!(error instanceof PlimsollError)) throw error;
          expect(EXPECTED).toContain(error.code);
        }
      }),
      { numRuns: 600 },
    );
  });
});
