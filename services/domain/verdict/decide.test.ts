import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gap } from '../completeness.ts';
import { type DecisionInput, decide } from './decide.ts';
import type { PlannedRule } from './plan.ts';
import type { Policy, PolicyOutcome, Rule } from './policy.ts';
import type { PolicyInput } from './policy-input.ts';
import type { PolicyException } from './settings.ts';

const sha = `sha256:${'a'.repeat(64)}`;

function rule(id: string, changes: Partial<Rule> = {}): Rule {
  return {
    id,
    title: id,
    description: '',
    level: 'error',
    critical: false,
    mode: 'deny',
    needs: [],
    params: {},
    ...changes,
  };
}
const POLICY: Policy = { name: 'plimsoll', digest: sha, builtin: true, rules: ['a', 'b', 'c'].map((id) => rule(id)) };
const INPUT = { now: '2026-03-01T12:00:00Z', report: {} } as unknown as PolicyInput;

const answer = (...violations: object[]): PolicyOutcome => ({ policy: POLICY, violations });
const planned = (modes: Record<string, PlannedRule['mode']>) => {
  return new Map(
    Object.entries({ a: 'deny', b: 'deny', c: 'deny', ...modes } as typeof modes).map(([id, mode]) => [
      id,
      { mode, params: {} },
    ]),
  );
};
function decided(changes: Partial<DecisionInput> = {}) {
  return decide({
    outcomes: [answer()],
    plan: planned({}),
    exceptions: [],
    subject: { stage: 'build', images: [['registry.example/app:1']], namespace: null },
    input: INPUT,
    gaps: [],
    baseline: null,
    ...changes,
  });
}
const found = (id: string, more: object = {}) => ({ rule: id, message: `${id} found`, ...more });

describe('the decision', () => {
  test('pass: every rule answered, and found nothing', () =>
    expect(decided()).toMatchObject({ decision: 'pass', reasons: [] }));

  test('fail: one violation of a rule that denies', () => {
    expect(decided({ outcomes: [answer(found('a'))] })).toMatchObject({
      decision: 'fail',
      violations: [
        { policy: 'plimsoll', rule: 'a', level: 'error', mode: 'deny', message: 'a found', evidence: {}, exempt: null },
      ],
      reasons: [{ code: 'violated', decides: 'fail', message: 'a: a found' }],
    });
  });

  test.each(['warn', 'audit'] as const)('%s: it is shown, and decides nothing', (mode) => {
    const { decision, violations, reasons } = decided({ outcomes: [answer(found('a'))], plan: planned({ a: mode }) });
    expect([decision, violations[0]?.mode, reasons[0]?.decides]).toEqual(['pass', mode, null]);
  });

  test('off: it is dropped', () => {
    expect(decided({ outcomes: [answer(found('a'))], plan: planned({ a: 'off' }) })).toMatchObject({
      decision: 'pass',
      violations: [],
    });
  });

  test('a blocking gap: unknown; a listed one: nothing; and fail stands above unknown', () => {
    const gaps = [gap('layer-unreadable', 'm')];
    expect(decided({ gaps }).decision).toBe('unknown');
    expect(decided({ gaps: [gap('path-escape', 'm')] }).decision).toBe('pass');
    expect(decided({ gaps, outcomes: [answer(found('a'))] }).decision).toBe('fail');
  });

  test.each([
    ['that failed', { failure: 'it took too long' }],
    ['that is undefined', { violations: undefined }],
    ['that is no list', { violations: 'x' }],
    ['with a text in it', { violations: ['x'] }],
    ['with a rule that the bundle does not have', { violations: [found('z')] }],
    ['without a rule', { violations: [{ message: 'm' }] }],
    ['without a message', { violations: [{ rule: 'a' }] }],
    ['with an empty message', { violations: [found('a', { message: '' })] }],
    ['with a level that does not exist', { violations: [found('a', { level: 'fatal' })] }],
    ['with evidence that is no object', { violations: [found('a', { evidence: [] })] }],
    ['with an unknown key', { violations: [found('a', { mode: 'off' })] }],
    ['with one good and one bad violation', { violations: [found('b'), 1] }],
    ['with too many violations', { violations: Array.from({ length: 100_001 }, () => found('a')) }],
  ])('an answer %s: unknown', (_, outcome) => {
    const { decision, reasons, violations } = decided({ outcomes: [{ policy: POLICY, ...outcome } as PolicyOutcome] });
    expect([decision, violations, reasons[0]?.code]).toEqual(['unknown', [], 'policy-failed']);
  });

  test('as many violations as may be are read', () => {
    const outcomes = [answer(...Array.from({ length: 100_000 }, () => found('a')))];
    expect(decided({ outcomes }).violations).toHaveLength(100_000);
  });

  test('undecided: unknown where the rule denies, shown where it warns', () => {
    const outcomes = [answer(found('a', { level: 'undecided' }))];
    expect(decided({ outcomes }).decision).toBe('unknown');
    expect(decided({ outcomes, plan: planned({ a: 'warn' }) }).decision).toBe('pass');
  });

  test('input that is absent or null: unknown where the rule denies, shown where it warns, nothing where it is off', () => {
    const policy = { ...POLICY, rules: [rule('a', { needs: ['report.image.created'] })] };
    const outcomes = [{ policy, violations: [] }];
    for (const report of [{}, { image: {} }, { image: { created: null } }, null]) {
      const input = { ...INPUT, report } as unknown as PolicyInput;
      expect(decided({ outcomes, input })).toMatchObject({ decision: 'unknown', reasons: [{ code: 'input-absent' }] });
      expect(decided({ outcomes, input, plan: planned({ a: 'warn' }) })).toMatchObject({
        decision: 'pass',
        reasons: [{ decides: null }],
      });
      expect(decided({ outcomes, input, plan: planned({ a: 'off' }) })).toMatchObject({
        decision: 'pass',
        reasons: [],
      });
    }
    const there = { ...INPUT, report: { image: { created: '' } } } as unknown as PolicyInput;
    expect(decided({ outcomes, input: there }).decision).toBe('pass');
  });

  test('no policy at all: unknown', () => {
    expect(decided({ outcomes: [] }).reasons.map(({ code }) => code)).toEqual(['no-policy', 'builtin-off']);
    expect(decided({ outcomes: [] }).decision).toBe('unknown');
  });

  test('without the built-in policies it says so', () => {
    const outcomes = [{ policy: { ...POLICY, builtin: false }, violations: [] }];
    expect(decided({ outcomes })).toMatchObject({
      decision: 'pass',
      reasons: [{ code: 'builtin-off', decides: null }],
    });
  });
});

describe('what does not count', () => {
  const exception = (changes: Partial<PolicyException> = {}): PolicyException => {
    return { rule: 'a', reason: 'why', owner: 'me', expires: '2026-03-01', ...changes };
  };
  const outcomes = [answer(found('a', { evidence: { purl: 'pkg:deb/debian/curl@1?arch=amd64' } }))];

  test.each([
    ['by rule', {}],
    ['by image', { match: { images: ['registry.example/*'] } }],
    ['by stage', { match: { stages: ['build' as const] } }],
    ['by package', { packages: ['pkg:deb/debian/curl'] }],
  ])('an exception %s holds, and stays visible', (_, changes) => {
    const { decision, violations } = decided({ outcomes, exceptions: [exception(changes)] });
    expect(decision).toBe('pass');
    expect(violations[0]?.exempt).toEqual({ by: 'exception', reason: 'why', owner: 'me', expires: '2026-03-01' });
  });

  test.each([
    ['another rule', { rule: 'b' }],
    ['another image', { match: { images: ['registry.example/other/*'] } }],
    ['another stage', { match: { stages: ['admission' as const] } }],
    ['a namespace, where there is none', { match: { namespaces: ['*'] } }],
    ['another package', { packages: ['pkg:deb/debian/curl4'] }],
  ])('an exception for %s does not', (_, changes) => {
    expect(decided({ outcomes, exceptions: [exception(changes)] })).toMatchObject({
      decision: 'fail',
      violations: [{ exempt: null }],
    });
  });

  test('an expired exception does not hold, and is named', () => {
    const { decision, reasons } = decided({ outcomes, exceptions: [exception({ expires: '2026-02-28' })] });
    expect(decision).toBe('fail');
    expect(reasons.map(({ code }) => code)).toEqual(['violated', 'exception-expired']);
  });

  test('what an older report shows already, unless the rule cannot tell', () => {
    const baseline = { has: () => true };
    expect(decided({ outcomes, baseline })).toMatchObject({
      decision: 'pass',
      violations: [{ exempt: { by: 'baseline' } }],
    });
    expect(decided({ outcomes: [answer(found('a', { level: 'undecided' }))], baseline }).decision).toBe('unknown');
  });
});

describe('laws', () => {
  const mode = fc.constantFrom<PlannedRule['mode']>('deny', 'warn', 'audit', 'off');
  const violation = fc.record({
    rule: fc.constantFrom('a', 'b', 'c'),
    message: fc.string({ minLength: 1 }),
    level: fc.constantFrom('error', 'note', 'undecided'),
  });
  const situation = fc.record({
    modes: fc.record({ a: mode, b: mode, c: mode }),
    violations: fc.array(violation, { maxLength: 5 }),
    isBlocked: fc.boolean(),
    isFailed: fc.boolean(),
  });
  const decisionOf = ({
    modes,
    violations,
    isBlocked,
    isFailed,
  }: typeof situation extends fc.Arbitrary<infer T> ? T : never) =>
    decided({
      outcomes: [answer(...violations), ...(isFailed ? [{ policy: { ...POLICY, rules: [] }, failure: 'x' }] : [])],
      plan: planned(modes),
      gaps: isBlocked ? [gap('layer-missing', 'm')] : [],
    }).decision;

  test('fail exactly where a deny holds; else unknown exactly where nobody can tell', () => {
    fc.assert(
      fc.property(situation, (each) => {
        const denied = each.violations.filter(({ rule: id }) => each.modes[id as 'a'] === 'deny');
        const isFail = denied.some(({ level }) => level !== 'undecided');
        const isUnknown = denied.length > 0 || each.isBlocked || each.isFailed;
        expect(decisionOf(each)).toBe(isFail ? 'fail' : isUnknown ? 'unknown' : 'pass');
      }),
    );
  });

  test('more violations, gaps or failures never make it better', () => {
    const badness = { pass: 0, unknown: 1, fail: 2 };
    fc.assert(
      fc.property(situation, violation, (each, more) => {
        const before = badness[decisionOf(each)];
        expect(badness[decisionOf({ ...each, violations: [...each.violations, more] })]).toBeGreaterThanOrEqual(before);
        expect(badness[decisionOf({ ...each, isBlocked: true })]).toBeGreaterThanOrEqual(before);
        expect(badness[decisionOf({ ...each, isFailed: true })]).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  test('whatever a policy answers, it never throws, and what cannot be read never passes', () => {
    fc.assert(
      fc.property(fc.anything(), (violations) => {
        const { decision } = decided({ outcomes: [{ policy: POLICY, violations }] });
        if (!Array.isArray(violations) || violations.length > 0) expect(decision).not.toBe('pass');
      }),
    );
  });
});
