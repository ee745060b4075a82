import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Advisory, AffectedPackage, Enrichment, StatedSeverity } from '../../domain/vulnerabilities/advisory.ts';
import {
  fromValue,
  packAffected,
  packEnrichment,
  packRecord,
  toValue,
  unpackAffected,
  unpackEnrichment,
  unpackRecord,
} from './packing.ts';

const text = fc.string();
const maybe = fc.option(text);
const texts = fc.array(text, { maxLength: 3 });
const severity: fc.Arbitrary<StatedSeverity> = fc.record({
  source: text,
  level: fc.constantFrom('critical', 'high', 'medium', 'low', 'negligible', 'none', 'unknown'),
  text: maybe,
  vector: maybe,
});
const severities = fc.array(severity, { maxLength: 2 });
const affected: fc.Arbitrary<AffectedPackage> = fc.record({
  ecosystem: text,
  channel: maybe,
  name: text,
  nameOf: fc.constantFrom('source', 'binary', 'package'),
  ranges: fc.array(
    fc.record({
      type: fc.constantFrom('SEMVER', 'ECOSYSTEM'),
      events: fc.array(
        fc.oneof(
          text.map((introduced) => ({ introduced })),
          text.map((fixed) => ({ fixed })),
          text.map((lastAffected) => ({ lastAffected })),
          text.map((limit) => ({ limit })),
        ),
      ),
    }),
    { maxLength: 3 },
  ),
  versions: texts,
  status: fc.constantFrom(
    'affected',
    'fixed',
    'will_not_fix',
    'fix_deferred',
    'end_of_life',
    'under_investigation',
    'not_affected',
  ),
  vendorStatus: maybe,
  severities,
  module: maybe,
  architectures: texts,
  contentSets: texts,
  imports: texts,
});
const advisory: fc.Arbitrary<Advisory> = fc.record({
  id: text,
  aliases: texts,
  source: text,
  url: maybe,
  summary: maybe,
  published: maybe,
  modified: maybe,
  withdrawn: maybe,
  severities,
  affected: fc.array(affected, { maxLength: 2 }),
});
const enrichment: fc.Arbitrary<Enrichment> = fc.record({
  kev: fc.option(fc.record({ added: text, due: maybe, ransomware: fc.boolean() })),
  epss: fc.option(
    fc.record({ probability: fc.double({ min: 0.001, max: 1 }), percentile: fc.constant(0.5), date: text }),
  ),
  severities,
  rejected: fc.boolean(),
});
const throughJson = (packed: unknown) => fromValue(toValue(packed)) as readonly unknown[];

test('what is packed comes back', () => {
  fc.assert(
    fc.property(advisory, (each) => {
      const entries = each.affected.map((entry) => {
        return unpackAffected(throughJson(packAffected(entry)), entry.ecosystem, entry.name);
      });
      expect({ ...unpackRecord(throughJson(packRecord(each))), affected: entries }).toEqual(each);
    }),
  );
  fc.assert(
    fc.property(enrichment, (each) => {
      expect(unpackEnrichment(throughJson(packEnrichment(each)))).toEqual(each);
    }),
  );
});

test('long values are compressed, short ones are not', () => {
  expect(toValue(['x'])).toEqual(Buffer.from('\0["x"]'));
  const long = Array(10_000).fill('1.2.3');
  expect(toValue(long).length).toBeLessThan(500);
  expect(fromValue(toValue(long))).toEqual(long);
});
