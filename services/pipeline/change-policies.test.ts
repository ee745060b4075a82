import { beforeEach, describe, expect, it } from 'vitest';
import { PlimsollError } from '../domain/errors.ts';
import { DEFAULT_POLICY_SETTINGS } from '../domain/verdict/plan.ts';
import type { Mode, Policy } from '../domain/verdict/policy.ts';
import { activateBundle, deactivateBundle, rollBackBundle, uploadBundle } from './change-policies.ts';
import type { Job } from './job-ports.ts';
import type { BundleFiles, NewPolicyChange, PolicyChange, PolicyStore, StoredBundle } from './policy-ports.ts';

const policyOf = (digest: string, name: string, modes: Record<string, Mode>): Policy => ({
  name,
  digest,
  builtin: name === 'builtin',
  rules: Object.entries(modes).map(([id, mode]) => {
    return { id, title: id, description: '', level: 'error', critical: false, mode, needs: [], params: {} };
  }),
});
const BUILTIN = policyOf('b0', 'builtin', { fixable: 'deny' });
/** A bundle's manifest is its policy here. */
const filesOf = (policy: Policy): BundleFiles => {
  return { manifest: new TextEncoder().encode(JSON.stringify(policy)), wasm: new Uint8Array() };
};
const policyIn = ({ manifest }: BundleFiles): Policy => JSON.parse(new TextDecoder().decode(manifest));

class World implements PolicyStore {
  readonly uploaded = new Map<string, Policy>();
  readonly active = new Map<string, string>();
  readonly made: PolicyChange[] = [];
  revision = 0;
  /** What somebody else does before the next change is stored. */
  meanwhile: (() => void) | null = null;
  /** A bundle that cannot be loaded any more. */
  broken: string | null = null;

  readonly dependencies = {
    policies: this,
    terms: {
      terms: async () => ({
        revision: String(this.revision),
        exceptions: [],
        bundles: [...this.active].map(([name, digest]) => ({ name, digest, files: () => this.files(digest) })),
      }),
    },
    judge: {
      settings: DEFAULT_POLICY_SETTINGS,
      open: () => Promise.reject(new Error('nothing is judged')),
      policies: async (bundles: readonly { files(): Promise<BundleFiles> }[]) =>
        this.dependencies.judge.check(await Promise.all(bundles.map((each) => each.files()))),
      check: async (files: readonly BundleFiles[]): Promise<readonly Policy[]> => {
        const found = files.map(policyIn);
        if (found.some(({ digest }) => digest === this.broken)) throw new PlimsollError('POLICY_INVALID', 'broken');
        return [BUILTIN, ...found];
      },
    },
  };
  async addBundle(_: BundleFiles, policy: Policy): Promise<StoredBundle> {
    this.uploaded.set(policy.digest, policy);
    return (await this.bundle(policy.digest))!;
  }
  async bundle(digest: string): Promise<StoredBundle | null> {
    const policy = this.uploaded.get(digest);
    const active = policy !== undefined && this.active.get(policy.name) === digest;
    return policy === undefined ? null : { ...policy, uploadedAt: '', uploadedBy: '', active };
  }
  bundles = () => Promise.reject(new Error('nobody lists'));
  async files(digest: string) {
    return filesOf(this.uploaded.get(digest)!);
  }
  async changePolicies(change: NewPolicyChange, author: string, revision: string) {
    const first = this.meanwhile;
    this.meanwhile = null;
    first?.();
    if (revision !== String(this.revision)) return null;
    this.revision++;
    if (change.digest === null) this.active.delete(change.name);
    else this.active.set(change.name, change.digest);
    this.made.unshift({ ...change, at: '', author });
    return { change: this.made[0]!, job: { id: 'job' } as Job };
  }
  async policyChanges(name: string | null) {
    return { items: this.made.filter((each) => each.name === name), next: null };
  }
}

let world: World;
const strict = policyOf('v1', 'own', { ours: 'deny' });
const lax = policyOf('v2', 'own', { ours: 'warn' });
const other = policyOf('o1', 'other', { theirs: 'deny' });
const ask = (digest: string, allowWeaker = false) => ({ digest, allowWeaker, by: 'token:1' });
const activate = (digest: string, allowWeaker = false) => activateBundle(ask(digest, allowWeaker), world.dependencies);

beforeEach(async () => {
  world = new World();
  for (const policy of [strict, lax, other]) await uploadBundle(filesOf(policy), 'token:1', world.dependencies);
});

describe('policies in the store', () => {
  it('judge once they are activated, in the place of the one of their name', async () => {
    expect(await activate('v1')).toMatchObject({
      change: { action: 'activate', digest: 'v1', previous: null, author: 'token:1', weaker: false },
      job: { id: 'job' },
    });
    expect(world.made[0]!.rules).toMatchObject([{ rule: 'ours', before: null, after: 'deny' }]);
    await activate('o1');
    expect([...world.active]).toEqual([
      ['own', 'v1'],
      ['other', 'o1'],
    ]);
    await expect(activate('v1')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(activate('v9')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('let a rule deny no more only where that is said', async () => {
    await activate('v1');
    await expect(activate('v2')).rejects.toThrow(/ours \(warn\).*allowWeaker/);
    await expect(deactivateBundle(ask('v1'), world.dependencies)).rejects.toThrow(/ours \(dropped\)/);
    expect([...world.active]).toEqual([['own', 'v1']]);
    expect((await activate('v2', true)).change).toMatchObject({ weaker: true, previous: 'v1' });
    // It warns only: nothing that denies is lost.
    expect((await deactivateBundle(ask('v2'), world.dependencies)).change).toMatchObject({
      digest: null,
      weaker: false,
    });
  });

  it('are rolled back to what was before: another bundle, or none', async () => {
    await activate('v1');
    await activate('v2', true);
    await expect(rollBackBundle(ask('v1'), world.dependencies)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await rollBackBundle(ask('v2'), world.dependencies)).change).toMatchObject({
      action: 'roll-back',
      digest: 'v1',
      previous: 'v2',
      weaker: false,
    });
    await activate('o1');
    await expect(rollBackBundle(ask('o1'), world.dependencies)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await rollBackBundle(ask('o1', true), world.dependencies)).change).toMatchObject({ digest: null });
  });

  it('are compared with what judges when the change is stored, not with what judged before', async () => {
    world.meanwhile = () => {
      world.revision++;
      world.active.set('own', 'v1');
    };
    await expect(activate('v2')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect([...world.active]).toEqual([['own', 'v1']]);
  });

  it('that cannot be loaded any more are put right by whoever allows less', async () => {
    await activate('v1');
    world.broken = 'v1';
    await expect(activate('v2')).rejects.toMatchObject({ code: 'POLICY_INVALID' });
    await deactivateBundle(ask('v1', true), world.dependencies);
    expect([...world.active]).toEqual([]);
    await expect(uploadBundle(filesOf(strict), 'token:1', world.dependencies)).rejects.toThrow('broken');
  });
});
