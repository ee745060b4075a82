import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Json, pod, podSpec, requestOf, workloadOfKind } from '../../test/support/admission-reviews.ts';
import { admissionSettings } from '../domain/admission/admission-settings.ts';
import type { KnownImage } from '../domain/admission/judged-images.ts';
import { reviewResponse } from '../domain/admission/review-response.ts';
import { LIMITS } from '../domain/limits.ts';
import { DEFAULT_POLICY_SETTINGS } from '../domain/verdict/plan.ts';
import type { Mode, Policy, Rule } from '../domain/verdict/policy.ts';
import type { PolicyInput } from '../domain/verdict/policy-input.ts';
import { policyInput } from '../domain/verdict/policy-input.ts';
import { judgeReview, type ReviewContext } from './judge-review.ts';

const NOW = '2026-03-10T00:00:00Z';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const settings = admissionSettings.parse({ exceptionHelp: 'ask in #security' });

function rule(id: string, changes: Partial<Rule> = {}): Rule {
  return {
    id,
    title: id,
    description: '',
    level: 'error',
    critical: false,
    mode: 'deny',
    needs: ['request'],
    params: {},
    ...changes,
  };
}

type Answer = object[] | { failure: string };

/** A policy that answers the same to all, and what it was asked. */
function context(answer: Answer, changes: Partial<ReviewContext> = {}, rules: Rule[] = [rule('root'), rule('net')]) {
  const policy: Policy = { name: 'p', digest: DIGEST, builtin: true, rules };
  const asked: PolicyInput[] = [];
  const evaluator = {
    policies: [policy],
    evaluate: async (input: PolicyInput) => {
      asked.push(input);
      return [Array.isArray(answer) ? { policy, violations: answer } : { policy, ...answer }];
    },
  };
  const base: ReviewContext = {
    rules: 'all',
    policy: DEFAULT_POLICY_SETTINGS,
    settings,
    evaluator,
    images: { find: async (images) => images.map(() => null) },
    pods: { find: async () => null },
    onFailure: 'deny',
    breakGlass: false,
    now: NOW,
    limits: LIMITS,
  };
  return { asked, context: { ...base, ...changes } };
}

async function judged(
  answer: Answer,
  { object = pod(), request = {}, rules, ...changes }: Partial<ReviewContext> & { object?: Json; request?: Json } = {},
  planned?: Rule[],
) {
  const read = requestOf(object, request);
  const { asked, context: made } = context(answer, { ...changes, ...(rules && { rules }) }, planned);
  const admission = await judgeReview(read, made);
  return { admission, asked, ...reviewResponse(read, admission, settings).response };
}
const found = (id: string, more: object = {}) => ({ rule: id, message: `container "app" is ${id}`, ...more });
const modes = (table: Record<string, Mode>) => {
  const rules = Object.fromEntries(Object.entries(table).map(([id, mode]) => [id, { mode }]));
  return { ...DEFAULT_POLICY_SETTINGS, rules };
};

describe('the answer', () => {
  test('allows what no rule finds', async () => {
    const { allowed, status, warnings, auditAnnotations } = await judged([]);
    expect({ allowed, status, warnings, auditAnnotations }).toEqual({
      allowed: true,
      auditAnnotations: { decision: 'pass' },
    });
  });
  test('denies by name, message and whom to ask', async () => {
    const { allowed, status, auditAnnotations } = await judged([found('root'), found('net')], {
      object: workloadOfKind('Deployment'),
    });
    expect(allowed).toBe(false);
    expect(status).toEqual({
      code: 403,
      reason: 'Forbidden',
      message:
        'Plimsoll denies Deployment shop/web:\n- root: container "app" is root\n- net: container "app" is net\nExceptions: ask in #security',
    });
    expect(auditAnnotations).toEqual({ decision: 'fail', denied: 'root,net' });
  });
  test.each<[Mode, object]>([
    ['deny', { allowed: false }],
    [
      'warn',
      {
        allowed: true,
        warnings: ['root: container "app" is root'],
        auditAnnotations: { decision: 'pass', warned: 'root' },
      },
    ],
    ['audit', { allowed: true, auditAnnotations: { decision: 'pass', recorded: 'root' } }],
    ['off', { allowed: true, auditAnnotations: { decision: 'pass' } }],
  ])('follows the mode %s', async (mode, expected) => {
    expect(await judged([found('root')], { policy: modes({ root: mode }) })).toMatchObject(expected);
  });
  test('follows modes of the namespace', async () => {
    const scopes = [{ name: 's', match: { namespaces: ['shop'] }, rules: { root: { mode: 'warn' as const } } }];
    const policy = { ...DEFAULT_POLICY_SETTINGS, scopes };
    expect(await judged([found('root')], { policy })).toMatchObject({ allowed: true });
    const elsewhere = { object: pod(podSpec(), { namespace: 'shopping' }) };
    expect(await judged([found('root')], { policy, ...elsewhere })).toMatchObject({ allowed: false });
  });
  test('denies what a rule that denies cannot tell', async () => {
    const { status } = await judged([found('root', { level: 'undecided' })]);
    expect(status?.message).toContain('- root: cannot tell: container "app" is root');
  });
  test('has as much as an API server takes, on one line each', async () => {
    const many = Array.from({ length: 500 }, (_, i) =>
      found('root', { message: `${i}\n\u001b[31m${'x'.repeat(5_000)}` }),
    );
    const denied = await judged(many);
    expect(denied.status!.message.length).toBeLessThan(25_000);
    expect(denied.status!.message).toContain('… and 480 more');
    const warned = await judged(many, { policy: modes({ root: 'warn' }) });
    expect(warned.warnings!.join('').length).toBeLessThanOrEqual(4_096);
    for (const text of warned.warnings!) expect(text).toMatch(/^\P{C}{1,256}$/u);
    expect(warned.warnings!.at(-1)).toMatch(/^… and 4\d\d more$/);
  });
});

describe('the two paths', () => {
  const rules = [rule('root', { critical: true }), rule('net')];
  test('ask each rule once', async () => {
    const of = (path: ReviewContext['rules']) => judged([found('root'), found('net')], { rules: path }, rules);
    expect((await of('critical')).auditAnnotations).toEqual({ decision: 'fail', denied: 'root' });
    expect((await of('other')).auditAnnotations).toEqual({ decision: 'fail', denied: 'net' });
    expect((await of('all')).auditAnnotations).toEqual({ decision: 'fail', denied: 'root,net' });
  });
  test('answer a failure of a policy each in its way', async () => {
    expect(await judged({ failure: 'too slow' }, { onFailure: 'deny' })).toMatchObject({
      allowed: false,
      status: { message: expect.stringContaining('too slow') },
    });
    expect(await judged({ failure: 'too slow' }, { onFailure: 'allow' })).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('too slow')],
    });
  });
});

describe('what is admitted nevertheless', () => {
  const update = { operation: 'UPDATE', oldObject: pod() };
  test('an update that changes nothing, with a warning', async () => {
    const answer = await judged([found('root')], { request: update });
    expect(answer).toMatchObject({
      allowed: true,
      warnings: ['root: container "app" is root (admitted since this update changes nothing of it)'],
      auditAnnotations: { decision: 'fail', warned: 'root', leniency: 'unchanged' },
    });
    expect(await judged([], { request: update })).not.toHaveProperty('warnings');
    expect(await judged({ failure: 'x' }, { request: update })).toMatchObject({ allowed: true });
    const changed = { object: pod(podSpec({ hostPID: true })), request: update };
    expect(await judged([found('root')], changed)).toMatchObject({ allowed: false });
  });
  test('what break-glass opens', async () => {
    expect(await judged([found('root')], { breakGlass: true })).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('break-glass')],
      auditAnnotations: { leniency: 'break-glass' },
    });
    expect((await judged([], { breakGlass: true })).admission.leniency).toBeNull();
  });
  test('what is exempt by the name of its namespace, unasked', async () => {
    const { asked, allowed, auditAnnotations } = await judged([found('root')], {
      object: pod(podSpec(), { namespace: 'kube-system' }),
    });
    expect([asked, allowed, auditAnnotations?.decision]).toEqual([[], true, 'unjudged']);
    const labelled = pod(podSpec(), { labels: { 'kubernetes.io/metadata.name': 'kube-system' } });
    expect(await judged([found('root')], { object: labelled })).toMatchObject({ allowed: false });
  });
  test('a digest that was admitted here, for the days of grace', async () => {
    const verdict = { digest: DIGEST } as KnownImage['verdict'];
    const answer = (failingSince: string | null, evidence: object = { digest: DIGEST }) => {
      const images = { find: async () => [{ verdict, failingSince }] };
      return judged([found('root', { evidence })], { images });
    };
    expect(await answer('2026-03-03T00:00:01Z')).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('for now')],
    });
    expect(await answer('2026-03-03T00:00:00Z')).toMatchObject({ allowed: false });
    expect(await answer(null)).toMatchObject({ allowed: false });
    expect(await answer('2026-03-09T00:00:00Z', {})).toMatchObject({ allowed: false });
  });
  test('what an exception names, and no other image of the same Pod', async () => {
    const exception = {
      rule: 'root',
      reason: 'r',
      owner: 'o',
      expires: '2026-12-31',
      match: { images: ['registry.example/app:*'] },
    };
    const policy = { ...DEFAULT_POLICY_SETTINGS, exceptions: [exception] };
    const object = pod(podSpec({ initContainers: [{ name: 'x', image: 'evil/x:1' }] }));
    const of = (image: string | null) =>
      judged([found('root', { evidence: image === null ? {} : { image } })], { policy, object });
    expect(await of('registry.example/app:1')).toMatchObject({ allowed: true, auditAnnotations: { recorded: 'root' } });
    expect(await of('evil/x:1')).toMatchObject({ allowed: false });
    expect(await of(null)).toMatchObject({ allowed: false });
  });
});

describe('what policies see', () => {
  test('is what the schema of the input says', async () => {
    const { asked } = await judged([], { object: workloadOfKind('CronJob') });
    expect(policyInput.safeParse(asked[0]).error?.issues).toBeUndefined();
    expect(asked[0]).toMatchObject({
      stage: 'admission',
      images: [
        { registry: 'registry.example', repository: 'app', tag: '1', usedBy: ['app'], verdict: null, binding: false },
      ],
      request: { operation: 'CREATE', user: { name: 'alice' }, session: null },
    });
  });
  test('of a session is the Pod, and who asks for what', async () => {
    const object = {
      kind: 'PodExecOptions',
      apiVersion: 'v1',
      command: ['sh'],
      stdin: true,
      tty: true,
      container: 'app',
    };
    const request = {
      operation: 'CONNECT',
      subResource: 'exec',
      name: 'web',
      namespace: 'shop',
      resource: { resource: 'pods' },
    };
    const pods = {
      find: async (namespace: string, name: string) => (namespace === 'shop' && name === 'web' ? pod() : null),
    };
    const { asked } = await judged([], { object, request, pods });
    expect(asked[0]).toMatchObject({
      images: [],
      workload: { kind: 'Pod', name: 'web' },
      request: { session: { verb: 'exec', container: 'app', command: ['sh'], stdin: true, tty: true, ports: [] } },
    });
    expect(policyInput.safeParse(asked[0]).error?.issues).toBeUndefined();
    const needing = [rule('root', { needs: ['request', 'workload'], stages: ['admission'] })];
    const unknown = await judged([], { object, request }, needing);
    expect(unknown.status?.message).toContain('root needs workload, which is not there');
  });
  test('has no verdict of another digest than the reference names', async () => {
    const object = pod(podSpec({}, { image: `registry.example/app@sha256:${'b'.repeat(64)}` }));
    const verdict = { digest: DIGEST } as KnownImage['verdict'];
    const { asked } = await judged([], { object, images: { find: async () => [{ verdict, failingSince: null }] } });
    expect(asked[0]!.images).toMatchObject([{ verdict: null, binding: true }]);
  });
});

test('deleting is not judged; an object past a limit is not admitted', async () => {
  expect(
    await judged([found('root')], { request: { operation: 'DELETE', object: null, oldObject: pod() } }),
  ).toMatchObject({
    allowed: true,
    asked: [],
  });
  await expect(judged([], { limits: { ...LIMITS, reviewContainers: 0 } })).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
  });
  await expect(judged([], { object: pod({ containers: 7 }) })).rejects.toMatchObject({ code: 'OBJECT_INVALID' });
});

test('allowed is never more than the modes say', async () => {
  const effects = fc.array(
    fc.tuple(fc.constantFrom('root', 'net'), fc.constantFrom<Mode>('deny', 'warn', 'audit', 'off')),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(effects, fc.boolean(), async (table, isOpen) => {
      const policy = modes(Object.fromEntries(table));
      const violations = table.map(([id]) => found(id));
      const { allowed, admission } = await judged(violations, { policy, breakGlass: isOpen });
      const denies = table.some(([id]) => policy.rules[id]?.mode === 'deny');
      expect(allowed).toBe(isOpen || !denies);
      expect(admission.violations.some(({ effect }) => effect === 'denied')).toBe(denies && !isOpen);
    }),
  );
});
