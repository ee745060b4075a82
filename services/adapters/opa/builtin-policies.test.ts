import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { documentedRows } from '../../../test/architecture/documentation.ts';
import { REPOSITORY } from '../../../test/support/repository.ts';
import { stagesOf } from '../../domain/verdict/plan.ts';
import { manifest as manifestShape, type Rule } from '../../domain/verdict/policy.ts';
import { policyInput } from '../../domain/verdict/policy-input.ts';
import { type Sample, sample, sampleInput } from '../../domain/verdict/sample.ts';
import { checkSample } from '../../pipeline/check-sample.ts';
import { sourceDigest } from './compile-policy.ts';
import { openPolicies } from './open-policies.ts';

/** The built-in rules as they are shipped: the committed bundle, without opa. test/e2e/policies.test.ts builds it again. */
const POLICIES = join(REPOSITORY, 'policies');
const read = (...path: string[]) => readFileSync(join(POLICIES, ...path), 'utf8');

const manifest = manifestShape.parse(JSON.parse(read('bundle', 'manifest.json')));
const policies = await openPolicies({ builtin: join(POLICIES, 'bundle'), paths: [], opa: 'opa', shared: POLICIES });
afterAll(() => policies.close());

const folders = readdirSync(POLICIES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'lib' && entry.name !== 'bundle')
  .map(({ name }) => name)
  .sort();
const samples = folders.flatMap((folder) =>
  readdirSync(join(POLICIES, folder, 'samples')).map((file): [string, string, Sample] => {
    return [folder, file, sample.parse(JSON.parse(read(folder, 'samples', file)))];
  }),
);

describe('the committed bundle', () => {
  test('was built from these sources (else run: npm run policies)', () => {
    expect(manifest.source).toBe(sourceDigest(POLICIES, POLICIES));
  });
  test('has the rules that there are folders for', () => {
    expect(manifest.rules.map(({ id }) => id.replaceAll('_', '-'))).toEqual(folders);
  });
  test('lets nothing reach the network, the clock or chance', () => {
    const { builtins, allow_net } = JSON.parse(read('capabilities.json'));
    const names: string[] = builtins.map(({ name }: { name: string }) => name);
    expect(names).toContain('plimsoll.version_in_range');
    expect(names.filter((name) => /^(?:http|net\.lookup|opa\.|rand|time|uuid|io\.|crypto|trace)/.test(name))).toEqual(
      [],
    );
    expect(allow_net).toEqual([]);
    expect(builtins.filter(({ nondeterministic }: { nondeterministic?: boolean }) => nondeterministic)).toEqual([]);
  });
});

describe('samples, through the WebAssembly', () => {
  test.each(folders)('%s: some are allowed, some denied, some nearly', (folder) => {
    const names = samples.filter(([of]) => of === folder).map(([, name]) => name);
    for (const kind of ['allow', 'deny', 'near-miss'])
      expect(names.filter((name) => name.startsWith(kind))).not.toEqual([]);
  });
  test.each(samples)('%s/%s', async (folder, file, each) => {
    expect(each.rule).toBe(folder.replaceAll('-', '_'));
    expect(each.violations.length > 0).toBe(file.startsWith('deny'));
    expect(await checkSample(each, policies)).toBeNull();
  });
  const pods = samples.filter(([, , { review }]) => review?.object.kind === 'Pod' && review.operation === 'CREATE');
  test.each([
    ['Deployment', 'apps/v1'],
    ['CronJob', 'batch/v1'],
  ])('of a Pod are judged alike where it is the template of a %s', async (kind, apiVersion) => {
    expect(pods.length).toBeGreaterThan(100);
    for (const [folder, file, each] of pods) {
      const { metadata, spec } = each.review!.object as { metadata: object; spec: object };
      const template = { metadata, spec };
      const inner = kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template };
      const object = { apiVersion, kind, metadata, spec: inner } as NonNullable<Sample['review']>['object'];
      const wrapped = { ...each, review: { ...each.review!, object } };
      expect(await checkSample(wrapped, policies), `${folder}/${file}`).toBeNull();
    }
  });
  test('are what the schema of the input says', () => {
    for (const [folder, file, each] of samples) {
      // Its point is a severity that the schema does not have.
      if (file === 'deny-unheard-of.json') continue;
      const { error } = policyInput.safeParse(sampleInput(each, policies.policies));
      expect(error?.issues, `${folder}/${file}`).toBeUndefined();
    }
  });
  test('a sample that expects something else is told', async () => {
    const [, , denied] = samples.find(([, file]) => file.startsWith('deny'))!;
    expect(await checkSample({ ...denied, violations: [] }, policies)).toContain('expected');
    expect(await checkSample({ ...denied, rule: 'unheard_of' }, policies)).toBe('there is no rule unheard_of');
  });
});

/** The rules of some stages, as the documents list them. */
function documented(file: string): string[][] {
  const rows = documentedRows(read('..', 'docs', file));
  return rows.filter(([, mode]) => /^(?:deny|warn|audit|off)$/.test(mode!));
}
const defaultsOf = ({ params }: Rule) => {
  const defaults = Object.entries(params).map(([name, { default: value }]) => `${name}: ${JSON.stringify(value)}`);
  return defaults.map((text) => `\`${text}\``).join(', ');
};

test('docs/policy.md has every rule of images with its mode, level and parameters, and no other', () => {
  const rules = manifest.rules.filter((rule) => stagesOf(rule).includes('build'));
  const table = rules.map((rule) => [rule.id, rule.mode, rule.level, defaultsOf(rule)]);
  expect(documented('policy.md').map((row) => row.slice(0, 4))).toEqual(table);
});

test('docs/admission-policies.md has every rule of admission, and no other', () => {
  const rules = manifest.rules.filter((rule) => stagesOf(rule).includes('admission'));
  const table = rules.map((rule) => {
    return [rule.id, rule.mode, rule.level, rule.critical ? 'yes' : 'no', defaultsOf(rule)];
  });
  const rows = documented('admission-policies.md');
  expect(rows.map((row) => row.slice(0, 5))).toEqual(table);
  expect(rows.filter((row) => row.length !== 6 || row[5] === '')).toEqual([]);
  // Each rule is in one of the two documents.
  expect(rows.length + documented('policy.md').length).toBe(manifest.rules.length);
});
