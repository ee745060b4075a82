import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import * as schema from '../../services/domain/report/report.ts';
import { readExceptions } from '../../services/domain/vulnerabilities/exceptions.ts';
import { suppress } from '../../services/domain/vulnerabilities/suppress.ts';
import { parseVex } from '../../services/domain/vulnerabilities/vex/read-vex.ts';
import { mutated } from '../support/mutation.ts';
import { samplePackage, sampleReport, sampleVulnerability } from '../support/sample-report.ts';
import { VEX_SAMPLES } from '../support/vex-samples.ts';

const curl = samplePackage({ name: 'curl', version: '7.88.1-10' });
const bash = samplePackage({ name: 'bash', version: '5.2' });
const rowOf = (item: typeof curl) =>
  sampleVulnerability({ id: 'CVE-2024-0001', packageId: item.id, purl: item.purl, installedVersion: item.version });
const report = { ...sampleReport(), packages: [curl, bash], vulnerabilities: [rowOf(curl), rowOf(bash)] };
const EXPECTED = ['VEX_INVALID', 'LIMIT_EXCEEDED'];

test.each(Object.entries(VEX_SAMPLES))('damaged %s: refused by name, or a valid report', (format, sample) => {
  expect(suppress(report, [], [{ file: 'v', document: parseVex(JSON.stringify(sample), 'v', LIMITS) }])).toMatchObject({
    vulnerabilities: [{ suppressed: { by: 'vex' } }, {}],
    findings: [{ format, applied: 1, flaws: [] }],
  });
  const bytes = new TextEncoder().encode(JSON.stringify(sample));
  fc.assert(
    fc.property(mutated([bytes]), (damaged) => {
      try {
        const text = new TextDecoder().decode(damaged);
        const judged = suppress(report, [], [{ file: 'v', document: parseVex(text, 'v', LIMITS) }]);
        schema.report.parse(judged);
        // Nothing in the samples names this package: no damage makes a statement one for everything.
        if (!text.includes('bash') && !/pkg:oci|hashes/.test(text)) {
          expect(judged.vulnerabilities![1]!.suppressed).toBeUndefined();
        }
        expect(judged.vulnerabilities).toHaveLength(2);
      } catch (error) {
        expect(EXPECTED).toContain(Object(error).code);
      }
    }),
    { numRuns: 2_000 },
  );
});

/** Values in the places of a document, of any type. */
test.each(Object.entries(VEX_SAMPLES))('%s with any value in any place never throws anything else', (_, sample) => {
  const paths = placesOf(sample);
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.anything({ maxDepth: 2, withNullPrototype: false }), (path, value) => {
      const text = JSON.stringify(replaced(sample, path, value)) ?? 'null';
      try {
        const judged = suppress(report, [], [{ file: 'v', document: parseVex(text, 'v', LIMITS) }]);
        schema.report.parse(judged);
        expect(judged.vulnerabilities![1]!.suppressed).toBeUndefined();
      } catch (error) {
        expect(EXPECTED).toContain(Object(error).code);
      }
    }),
    { numRuns: 2_000 },
  );
});

type Path = readonly (string | number)[];

function placesOf(value: unknown, at: Path = []): Path[] {
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(Object(value) as object);
  return typeof value === 'object'
    ? entries.flatMap(([key, item]) => [[...at, key], ...placesOf(item, [...at, key])])
    : [];
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

test('an exceptions file of any shape is refused by name, or covers what it names', () => {
  const glob = fc.string({ minLength: 1, maxLength: 40 });
  const exception = fc.record(
    {
      vulnerability: fc.constantFrom('CVE-2024-0001', '', '*', 1),
      packages: fc.oneof(
        fc.array(fc.constantFrom('pkg:deb/debian/curl', 'pkg:deb/*', 'curl', 'pkg:'), { maxLength: 2 }),
      ),
      paths: fc.array(glob, { maxLength: 3 }),
      images: fc.array(glob, { maxLength: 3 }),
      reason: fc.constantFrom('r', '', null),
      owner: fc.constantFrom('o', undefined),
      expires: fc.constantFrom('2999-01-01', '2999-13-01', '2000-01-01', 'never', 20_990_101),
    },
    { requiredKeys: [] },
  );
  const file = fc.oneof(fc.anything({ maxDepth: 3 }), fc.record({ exceptions: fc.array(exception, { maxLength: 3 }) }));
  fc.assert(
    fc.property(file, (document) => {
      try {
        const exceptions = readExceptions(document, 'x.yaml', '2026-03-01');
        const judged = suppress(report, exceptions, []);
        schema.report.parse(judged);
        for (const row of judged.vulnerabilities!.filter(({ suppressed }) => suppressed)) {
          expect(row.suppressed).toMatchObject({ by: 'exception', owner: 'o', expires: '2999-01-01' });
        }
      } catch (error) {
        expect(['EXCEPTIONS_INVALID', 'EXCEPTION_EXPIRED']).toContain(Object(error).code);
      }
    }),
    { numRuns: 3_000 },
  );
});
