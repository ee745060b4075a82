import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GAP_CLASSES } from '../../services/domain/completeness.ts';
import { PlimsollError } from '../../services/domain/errors.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import * as schema from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { formatCycloneDx } from '../../services/domain/sbom/cyclonedx-writer.ts';
import { foundSboms } from '../../services/domain/sbom/found-sboms.ts';
import { readSbom } from '../../services/domain/sbom/read-sbom.ts';
import { sbomContents } from '../../services/domain/sbom/sbom-contents.ts';
import { formatSpdxJson, formatSpdxTagValue } from '../../services/domain/sbom/spdx-writer.ts';
import { scanSbom } from '../../services/pipeline/scan-sbom.ts';
import { mutated } from '../support/mutation.ts';
import { readContext } from '../support/read-context.ts';
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
  'a statement of in-toto': [
    `{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://spdx.dev/Document","predicate":${formatSpdxJson(REPORTS[0]!, sha256)}}`,
  ],
  'SPDX in tag-value': REPORTS.map((report) => formatSpdxTagValue(report, sha256)),
  reports: REPORTS.map(serializeReport),
};

const clock = { moment: () => '2024-01-01T00:00:00.000Z' };
const target = { kind: 'sbom', text: 'sbom:x', path: 'x' } as const;
const EXPECTED = ['NOT_AN_SBOM', 'SBOM_VERSION_UNSUPPORTED', 'LIMIT_EXCEEDED'];

describe.each(Object.entries(CORPORA))('damaged %s', (_, texts) => {
  test('is refused by name, or gives a valid report', { timeout: 120_000 }, () => {
    const corpus = texts.map((text) => encoder.encode(text));
    for (const bytes of corpus) expect(readSbom('x', bytes, LIMITS).packages).not.toEqual([]);
    fc.assert(
      fc.property(mutated(corpus), (bytes) => {
        try {
          const report = scanSbom(readSbom('x', bytes, LIMITS), { target, readMs: 0 }, { clock, version: '0.0.0' });
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

const context = readContext();

/** What an analyzer makes of one file, as it streams by in pieces. */
function unitsOf(analyzer: typeof foundSboms, path: string, bytes: Uint8Array) {
  const entry = { path, type: 'file', mode: 0o644, size: bytes.length } as const;
  expect(analyzer.wants(entry, () => bytes.subarray(0, 512))).toBe('extract');
  const extractor = analyzer.extract!(entry, context);
  for (let at = 0; at < bytes.length; at += 1_000) extractor.push(bytes.subarray(at, at + 1_000));
  const extract = extractor.finish();
  return extract === null ? [] : analyzer.readDatabase([{ path, bytes: extract }], context).units;
}

describe.each(Object.entries(CORPORA))('damaged %s in an image', (_, texts) => {
  test('is listed, and used as a whole or with a gap', { timeout: 120_000 }, () => {
    const corpus = texts.map((text) => encoder.encode(text));
    const path = 'srv/app.cdx.json';
    for (const bytes of corpus) expect(unitsOf(sbomContents, path, bytes)[0]!.packages).not.toEqual([]);
    fc.assert(
      fc.property(mutated(corpus), (bytes) => {
        const [listed, ...others] = unitsOf(foundSboms, path, bytes);
        expect(others).toEqual([]);
        const { format, specVersion, entries, ...rest } = JSON.parse(listed!.text!);
        expect(rest).toEqual({});
        expect(format === null || typeof format === 'string').toBe(true);
        expect(specVersion === null || specVersion.length <= 20).toBe(true);
        expect(entries === null || entries >= 0).toBe(true);
        expect(listed!.gaps).toEqual([]);
        const { packages, gaps, text } = unitsOf(sbomContents, path, bytes)[0]!;
        for (const { purl } of packages) expect(purl).toMatch(/^pkg:/);
        expect(gaps.length).toBeLessThan(200);
        if (text === null) expect(gaps.some(({ code }) => GAP_CLASSES[code] === 'blocking')).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
