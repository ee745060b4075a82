import { type Kysely, type Selectable, sql } from 'kysely';
import type { Policy } from '../../domain/verdict/policy.ts';
import { type Job, PRIORITIES } from '../../pipeline/job-ports.ts';
import type { Page, Part } from '../../pipeline/page.ts';
import type {
  BundleFiles,
  NewPolicyChange,
  PolicyChange,
  PolicyStore,
  StoredBundle,
} from '../../pipeline/policy-ports.ts';
import type { JudgementTerms } from '../../pipeline/terms.ts';
import { countChangeOf } from './judgement-terms.ts';
import { partOf } from './part-of.ts';
import { requestJobs } from './postgres-jobs.ts';
import type { PolicyBundlesTable, PolicyChangesTable, StoreSchema } from './schema.ts';

type BundleRow = Omit<Selectable<PolicyBundlesTable>, 'manifest' | 'wasm'> & { active: boolean };

export class PostgresPolicies implements PolicyStore {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async addBundle({ manifest, wasm }: BundleFiles, { digest, name, rules }: Policy, by: string): Promise<StoredBundle> {
    await this.#database
      .insertInto('policy_bundles')
      .values({
        digest,
        name,
        rules: JSON.stringify(rules),
        manifest: Buffer.from(manifest),
        wasm: Buffer.from(wasm),
        uploaded_by: by,
      })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
    return (await this.bundle(digest))!;
  }

  async bundle(digest: string): Promise<StoredBundle | null> {
    const row = await this.#bundles().where('bundle.digest', '=', digest).executeTakeFirst();
    return row === undefined ? null : bundleOf(row);
  }

  async bundles(page: Page): Promise<Part<StoredBundle>> {
    let query = this.#bundles()
      .orderBy('seq', 'desc')
      .limit(page.limit + 1);
    if (page.after !== null) query = query.where('seq', '<', page.after);
    return partOf(await query.execute(), page, ({ seq }) => seq, bundleOf);
  }

  async files(digest: string): Promise<BundleFiles> {
    const { manifest, wasm } = await this.#database
      .selectFrom('policy_bundles')
      .select(['manifest', 'wasm'])
      .where('digest', '=', digest)
      .executeTakeFirstOrThrow();
    return { manifest: new Uint8Array(manifest), wasm: new Uint8Array(wasm) };
  }

  /** Those that judge, by name. */
  async active(): Promise<JudgementTerms['bundles']> {
    const rows = await this.#database.selectFrom('active_policies').selectAll().orderBy('name').execute();
    return rows.map(({ name, digest }) => ({ name, digest, files: () => this.files(digest) }));
  }

  changePolicies(
    change: NewPolicyChange,
    by: string,
    revision: string,
  ): Promise<{ change: PolicyChange; job: Job } | null> {
    const { name, digest } = change;
    return this.#database.transaction().execute(async (transaction) => {
      if (!(await countChangeOf(transaction, revision))) return null;
      await transaction.deleteFrom('active_policies').where('name', '=', name).execute();
      if (digest !== null) await transaction.insertInto('active_policies').values({ name, digest }).execute();
      const row = await transaction
        .insertInto('policy_changes')
        .values({ ...change, rules: JSON.stringify(change.rules), author: by })
        .returningAll()
        .executeTakeFirstOrThrow();
      const all = { kind: 'rescan', key: 'all', payload: {}, priority: PRIORITIES.rescan } as const;
      const [job] = await requestJobs(transaction, [all]);
      return { change: changeOf(row), job: job! };
    });
  }

  async policyChanges(name: string | null, page: Page): Promise<Part<PolicyChange>> {
    let query = this.#database
      .selectFrom('policy_changes')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(page.limit + 1);
    if (name !== null) query = query.where('name', '=', name);
    if (page.after !== null) query = query.where('id', '<', page.after);
    return partOf(await query.execute(), page, ({ id }) => id, changeOf);
  }

  #bundles() {
    return this.#database
      .selectFrom('policy_bundles as bundle')
      .leftJoin('active_policies as active', 'active.digest', 'bundle.digest')
      .select([
        'bundle.digest',
        'bundle.seq',
        'bundle.name',
        'bundle.rules',
        'bundle.uploaded_at',
        'bundle.uploaded_by',
      ])
      .select(sql<boolean>`active.digest is not null`.as('active'));
  }
}

function bundleOf({ digest, name, rules, uploaded_at, uploaded_by, active }: BundleRow): StoredBundle {
  const uploadedAt = uploaded_at.toISOString();
  return { name, digest, builtin: false, rules, uploadedAt, uploadedBy: uploaded_by, active };
}

function changeOf({ id: _, at, ...change }: Selectable<PolicyChangesTable>): PolicyChange {
  return { at: at.toISOString(), ...change };
}
