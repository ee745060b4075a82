import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { samplePackage, sampleReport, sampleVulnerability } from '../../../test/support/sample-report.ts';
import * as schema from './report.ts';
import { KEYS, serializeReport } from './serialize.ts';

const text = serializeReport(sampleReport());

describe('serializeReport', () => {
  it('writes what the schema accepts', () => {
    expect(schema.report.parse(JSON.parse(text))).toEqual(JSON.parse(text));
    const index = {
      schemaVersion: '1',
      index: { kind: 'oci-dir', reference: 'x', digest: null },
      reports: [],
    } as const;
    expect(serializeReport({ ...index, reports: [sampleReport()] })).toContain('"kind": "oci-dir"');
    expect(schema.reportDocument.parse(JSON.parse(serializeReport(index)))).toEqual(index);
  });

  it('ends with one newline and indents by two spaces', () => {
    expect(text.startsWith('{\n  "schemaVersion": "1",\n  "tool": {\n    "name"')).toBe(true);
    expect(text.endsWith('\n}\n')).toBe(true);
  });

  it('gives the same bytes whatever order the facts came in', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (random) => {
        expect(serializeReport(shuffled(sampleReport(), random) as schema.Report)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it('sorts packages by type, name, version, arch and layer', () => {
    const packages = [
      samplePackage({ name: 'b', version: '1' }),
      samplePackage({ name: 'a', version: '2' }),
      samplePackage({ name: 'a', version: '10', arch: 'i386' }),
      samplePackage({ name: 'a', version: '10', arch: null }),
      samplePackage({ name: 'a', version: '10', layer: 3 }),
      samplePackage({ name: 'a', version: '10', layer: 2 }),
      samplePackage({ type: 'apk', name: 'z', version: '1' }),
    ];
    const sorted = JSON.parse(serializeReport({ ...sampleReport(), packages })).packages as schema.ReportPackage[];
    expect(sorted.map((each) => `${each.type} ${each.name} ${each.version} ${each.arch} ${each.layer}`)).toEqual([
      'apk z 1 amd64 0',
      'deb a 10 null 0',
      'deb a 10 amd64 2',
      'deb a 10 amd64 3',
      'deb a 10 i386 0',
      'deb a 2 amd64 0',
      'deb b 1 amd64 0',
    ]);
  });

  it('keeps the order of entrypoint and cmd', () => {
    expect(JSON.parse(text).image.config).toMatchObject({
      entrypoint: ['/usr/bin/tini', '--'],
      cmd: ['node', 'server.js'],
      exposedPorts: ['443/tcp', '8080/tcp'],
    });
  });

  it('spells bytes that are no UTF-8, and writes only well-formed text', () => {
    const { image } = sampleReport();
    const bytes = serializeReport({
      ...sampleReport(),
      image: { ...image, config: { ...image.config!, labels: { 'a\udcff': 'b\ud800', '😀': '😀\udc80' } } },
      packages: [samplePackage({ name: 'x', version: '1', paths: ['lib/\udce9t\udce9'] })],
    });
    expect(bytes).not.toMatch(/\\ud[89a-f]/);
    const { packages, image: read } = JSON.parse(bytes) as schema.Report;
    expect(packages[0]!.paths).toEqual(['lib/\\xe9t\\xe9']);
    expect(read.config!.labels).toEqual({ 'a\\xff': 'b\ufffd', '😀': '😀\\x80' });
  });

  it('keeps a label called __proto__', () => {
    const { image } = sampleReport();
    const labels = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    const bytes = serializeReport({ ...sampleReport(), image: { ...image, config: { ...image.config!, labels } } });
    expect(bytes).toContain('"__proto__": "x"');
  });

  it('writes the verdict with what decides first, and violations by policy, rule and message', () => {
    const reason = (decides: 'fail' | 'unknown' | null, message: string) =>
      ({ code: 'violated', decides, message }) as const;
    const violation = (rule: string, message: string) => {
      return {
        policy: 'p',
        rule,
        level: 'error',
        mode: 'deny',
        message,
        evidence: { b: 1, a: 2 },
        exempt: null,
      } as const;
    };
    const verdict = {
      gate: { against: null, failOn: null, severities: ['low', 'high'], ignoreUnfixed: false },
      decision: 'fail',
      violations: [violation('b', 'x'), violation('a', 'y'), violation('a', 'x')],
      reasons: [reason(null, 'a'), reason('unknown', 'b'), reason('fail', 'd'), reason('fail', 'c')],
      policies: [],
    } as const;
    const written = JSON.parse(serializeReport({ ...sampleReport(), verdict }));
    expect(schema.report.safeParse(written).error).toBeUndefined();
    expect(Object.keys(written.verdict)).toEqual(['decision', 'violations', 'reasons', 'policies', 'gate']);
    expect(written.verdict.reasons.map(({ message }: { message: string }) => message)).toEqual(['c', 'd', 'b', 'a']);
    expect(
      written.verdict.violations.map((each: { rule: string; message: string }) => each.rule + each.message),
    ).toEqual(['ax', 'ay', 'bx']);
    expect(JSON.stringify(written.verdict.violations[0].evidence)).toBe('{"a":2,"b":1}');
    expect(written.verdict.gate.severities).toEqual(['high', 'low']);
  });

  it('sorts vulnerabilities by package and id', () => {
    const vulnerabilities = [
      sampleVulnerability({ id: 'CVE-2', aliases: ['b', 'a'] }),
      sampleVulnerability({ id: 'CVE-1', packageId: 'a' }),
      sampleVulnerability({ id: 'CVE-1' }),
    ];
    const bytes = serializeReport({
      ...sampleReport(),
      vulnerabilities,
    });
    const written = JSON.parse(bytes);
    expect(
      written.vulnerabilities.map((each: schema.Vulnerability) => [each.packageId, each.id, each.aliases]),
    ).toEqual([
      ['a', 'CVE-1', []],
      [vulnerabilities[0]!.packageId, 'CVE-1', []],
      [vulnerabilities[0]!.packageId, 'CVE-2', ['a', 'b']],
    ]);
    expect(schema.report.safeParse(written).success).toBe(true);
  });

  it.each<[keyof typeof KEYS, z.ZodObject]>([
    ['indexReport', schema.indexReport],
    ['index', schema.indexReport.shape.index],
    ['report', schema.report],
    ['tool', schema.report.shape.tool],
    ['target', schema.target],
    ['inputs', schema.inputs],
    ['engine', schema.engine],
    ['sandbox', schema.sandbox],
    ['image', schema.image],
    ['os', schema.os],
    ['layer', schema.layer],
    ['imageConfig', schema.imageConfig],
    ['package', schema.reportPackage],
    ['source', schema.source],
    ['vulnerability', schema.vulnerability],
    ['statedSeverity', schema.statedSeverity],
    ['cvssScore', schema.cvssScore],
    ['epss', schema.epss],
    ['kev', schema.kev],
    ['advisorySource', schema.advisorySource],
    ['suppression', schema.suppression],
    ['completeness', schema.completeness],
    ['gap', schema.reportGap],
    ['feed', schema.feed],
    ['verdict', schema.verdict],
    ['violation', schema.verdict.shape.violations.element],
    ['exempt', schema.verdict.shape.violations.element.shape.exempt.unwrap()],
    ['verdictReason', schema.verdict.shape.reasons.element],
    ['judgingPolicy', schema.verdict.shape.policies.element],
    ['gate', schema.verdict.shape.gate],
  ])('has the keys of %s in the order of the schema', (name, object) => {
    expect(KEYS[name]).toEqual(Object.keys(object.shape));
  });
});

/** Every object's keys and every list that is a set, in another order. */
function shuffled(value: unknown, random: fc.Stream<number>): unknown {
  const shuffle = <T>(items: T[]) =>
    items
      .map((item) => [random.next().value, item] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, item]) => item);
  if (Array.isArray(value)) return shuffle(value.map((item) => shuffled(item, random)));
  if (typeof value !== 'object' || value === null) return value;
  const isOrdered = (key: string) => key === 'entrypoint' || key === 'cmd';
  return Object.fromEntries(
    shuffle(Object.entries(value)).map(([key, item]) => [key, isOrdered(key) ? item : shuffled(item, random)]),
  );
}
