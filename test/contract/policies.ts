import { describe, expect, it } from 'vitest';
import type { PostgresPolicies } from '../../services/adapters/store/postgres-policies.ts';
import type { Policy } from '../../services/domain/verdict/policy.ts';
import type { NewPolicyChange } from '../../services/pipeline/policy-ports.ts';
import type { TestedReports } from './reports.ts';

export interface TestedPolicies extends TestedReports {
  readonly policies: PostgresPolicies;
}

let made = 0;
const rule = { id: 'ours', title: 'Ours', description: '', level: 'error', critical: false, mode: 'deny' } as const;
const fresh = (name: string): Policy => {
  const digest = `sha256:${(made++).toString(16).padStart(64, 'd')}`;
  return { name, digest, builtin: false, rules: [{ ...rule, needs: [], params: {} }] };
};
const files = { manifest: new TextEncoder().encode('{"ü":1}'), wasm: new Uint8Array([0, 1, 2, 255]) };
const changeOf = (name: string, digest: string | null, previous: string | null = null): NewPolicyChange => ({
  action: digest === null ? 'deactivate' : 'activate',
  name,
  digest,
  previous,
  rules: [{ rule: 'ours', scope: null, before: null, after: 'deny', redefined: false }],
  weaker: false,
});

/** What every store of policies keeps to. */
export function policiesContract(name: string, open: () => TestedPolicies): void {
  describe(`policies: ${name}`, () => {
    it('keep a bundle to the byte, once', async () => {
      const { policies } = open();
      const policy = fresh('kept');
      const bundle = await policies.addBundle(files, policy, 'token:1');
      expect(bundle).toEqual({ ...policy, active: false, uploadedBy: 'token:1', uploadedAt: expect.any(String) });
      expect(await policies.addBundle(files, policy, 'token:2')).toEqual(bundle);
      expect(await policies.files(policy.digest)).toEqual(files);
      expect(await policies.bundle('sha256:unknown')).toBeNull();
      await expect(policies.files('sha256:unknown')).rejects.toThrow();
    });

    it('let one bundle of a name judge, tell of each change, and judge every report again', async () => {
      const { policies, terms } = open();
      const own = `own-${made}`;
      const [first, second] = [fresh(own), fresh(own)];
      for (const policy of [first, second]) await policies.addBundle(files, policy, 'token:1');
      const change = async (next: NewPolicyChange) =>
        (await policies.changePolicies(next, 'token:1', (await terms()).revision))!;
      const judging = async () =>
        (await terms()).bundles.filter((each) => each.name === own).map(({ digest }) => digest);
      const { job } = await change(changeOf(own, first.digest));
      expect(job).toMatchObject({ kind: 'rescan', key: 'all', payload: {}, state: 'queued' });
      const replaced = await change(changeOf(own, second.digest, first.digest));
      expect(replaced.change).toMatchObject({ ...changeOf(own, second.digest, first.digest), author: 'token:1' });
      expect(await judging()).toEqual([second.digest]);
      expect(await policies.bundle(second.digest)).toMatchObject({ active: true });
      expect(await policies.bundle(first.digest)).toMatchObject({ active: false });
      const [bundle] = (await terms()).bundles.filter((each) => each.name === own);
      expect(await bundle!.files()).toEqual(files);
      await change(changeOf(own, null, second.digest));
      expect(await judging()).toEqual([]);

      const newest = await policies.policyChanges(own, { limit: 2, after: null });
      expect(newest.items.map(({ digest }) => digest)).toEqual([null, second.digest]);
      const rest = await policies.policyChanges(own, { limit: 2, after: newest.next });
      expect(rest.items.map(({ digest }) => digest)).toEqual([first.digest]);
      expect((await policies.policyChanges(null, { limit: 1, after: null })).items).toEqual([newest.items[0]]);
      const listed = await policies.bundles({ limit: 2, after: null });
      expect(listed.items.map(({ digest }) => digest)).toEqual([second.digest, first.digest]);
    });

    it('are not changed by who compared with what no longer judges', async () => {
      const { policies, terms } = open();
      const policy = fresh(`late-${made}`);
      await policies.addBundle(files, policy, 'token:1');
      const { revision } = await terms();
      const change = changeOf(policy.name, policy.digest);
      const both = await Promise.all([
        policies.changePolicies(change, 'token:1', revision),
        policies.changePolicies(change, 'token:2', revision),
      ]);
      expect(both.filter((each) => each === null)).toHaveLength(1);
      expect((await policies.policyChanges(policy.name, { limit: 10, after: null })).items).toHaveLength(1);
      await policies.changePolicies(changeOf(policy.name, null), 'token:1', (await terms()).revision);
    });
  });
}
