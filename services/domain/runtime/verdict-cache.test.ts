import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleReport } from '../../../test/support/sample-report.ts';
import { type CachedVerdict, decodeVerdicts, encodeVerdicts, verdictsOfReport } from './verdict-cache.ts';

const digest = (character: string) => `sha256:${character.repeat(64)}`;
const entry = (changes: Partial<CachedVerdict>): CachedVerdict => ({
  digest: digest('a'),
  decision: 'deny',
  judgedSeconds: 5,
  profile: 'web',
  rule: 'p/r',
  text: 'openssl 1.1 has CVE-2024-1',
  ...changes,
});

test('a file is sorted, has one line an image, and is read back', () => {
  const verdicts = [
    entry({ digest: digest('b'), decision: 'allow', profile: null, rule: null, text: '' }),
    entry({}),
    entry({ judgedSeconds: 6 }),
  ];
  const text = encodeVerdicts(verdicts);
  expect(text).toBe(
    `plimsoll-verdicts 1 2\n${digest('a')} deny 6 web p/r openssl 1.1 has CVE-2024-1\n${digest('b')} allow 5 - - \n`,
  );
  expect(decodeVerdicts(text, 'x')).toEqual([verdicts[2], verdicts[0]]);
});

test('whatever rules and texts hold, a line is a line: printable ASCII, and fields that fit the reader', () => {
  const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(hex, fc.option(fc.string()), fc.option(fc.string()), fc.string({ maxLength: 600 })), {
        maxLength: 20,
      }),
      (all) => {
        const text = encodeVerdicts(
          all.map(([id, profile, rule, said]) => entry({ digest: `sha256:${id}`, profile, rule, text: said })),
        );
        expect(text).toMatch(/^[\x20-\x7e\n]+$/);
        for (const line of text.split('\n')) expect(line.length).toBeLessThan(512);
        const read = decodeVerdicts(text, 'x');
        expect(read.map((each) => each.digest)).toEqual([...new Set(all.map(([id]) => `sha256:${id}`))].sort());
        expect(encodeVerdicts(read)).toBe(text);
      },
    ),
  );
});

test.each([
  '',
  'something else\n',
  `plimsoll-verdicts 1 2\n${digest('a')} deny 6 - - x\n`,
  `plimsoll-verdicts 1 1\nsha256:x deny 6 - - \n`,
  'plimsoll-verdicts 1 0',
])('what is no such file is not written over: %j', (text) =>
  expect(() => decodeVerdicts(text, 'x')).toThrow(expect.objectContaining({ code: 'USAGE' })),
);

describe('a report', () => {
  const report = { ...sampleReport(), createdAt: '2026-11-30T12:00:00.000Z' };
  const target = { ...report.target, digest: digest('1') };
  const image = { ...report.image, id: digest('2') };
  const violation = (rule: string, changes: object = {}) =>
    ({
      policy: 'base',
      rule,
      level: 'error',
      mode: 'deny',
      message: `${rule}!`,
      evidence: {},
      exempt: null,
      ...changes,
    }) as const;
  const verdict = (decision: 'pass' | 'fail' | 'unknown', violations: ReturnType<typeof violation>[]) =>
    ({
      decision,
      violations,
      reasons: [{ code: 'gap', decides: 'unknown', message: 'a layer was not read' }],
      policies: [],
      gate: NOTHING,
    }) as const;
  const NOTHING = { failOn: null, severities: null, ignoreUnfixed: false, against: null };

  test('without a verdict says nothing', () => {
    const { verdict: _, ...unjudged } = report;
    expect(verdictsOfReport(unjudged)).toEqual([]);
  });
  test('says it of the manifest and of the config, with the first rule that denies', () => {
    const rows = [
      violation('warned', { mode: 'warn' }),
      violation('excepted', { exempt: { by: 'exception' } }),
      violation('kev'),
    ];
    expect(verdictsOfReport({ ...report, target, image, verdict: verdict('fail', rows) })).toEqual([
      {
        digest: digest('1'),
        decision: 'deny',
        judgedSeconds: 1796040000,
        profile: null,
        rule: 'base/kev',
        text: 'kev!',
      },
      expect.objectContaining({ digest: digest('2'), decision: 'deny' }),
    ]);
  });
  test('that is unknown says why', () => {
    expect(verdictsOfReport({ ...report, target, image, verdict: verdict('unknown', []) })[0]).toMatchObject({
      decision: 'unknown',
      rule: null,
      text: 'a layer was not read',
    });
  });
});
