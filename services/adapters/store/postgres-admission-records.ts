import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type {
  AdmissionFilter,
  AdmissionReader,
  AdmissionRecord,
  AdmissionRecorder,
  PolicyLoad,
  PolicyLoads,
  StoredAdmission,
} from '../../pipeline/admission-store-ports.ts';
import type { Page, Part } from '../../pipeline/page.ts';
import { partOf } from './part-of.ts';
import type { AdmissionRecordsTable, StoreSchema } from './schema.ts';

/** What admission has decided, and by which policies. */
export class PostgresAdmissionRecords implements AdmissionRecorder, AdmissionReader, PolicyLoads {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async append(records: readonly AdmissionRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#database.insertInto('admission_records').values(records.map(rowOf)).execute();
  }

  async admissions(filter: AdmissionFilter, page: Page): Promise<Part<StoredAdmission>> {
    const { namespace, answer, rule, user, sessions, breakGlass } = filter;
    let query = this.#database
      .selectFrom('admission_records')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(page.limit + 1);
    if (page.after !== null) query = query.where('id', '<', page.after);
    if (namespace !== undefined) query = query.where('namespace', '=', namespace);
    if (answer !== undefined) query = query.where('answer', '=', answer);
    if (user !== undefined) query = query.where('username', '=', user);
    if (rule !== undefined) query = query.where(sql<boolean>`${rule} = any (rules)`);
    if (sessions === true) query = query.where('session', 'is not', null);
    if (breakGlass === true) query = query.where('break_glass', 'is not', null);
    return partOf(await query.execute(), page, ({ id }) => id, recordOf);
  }

  async recordLoad({ added, removed, changed, ...load }: PolicyLoad): Promise<void> {
    const lists = { added: JSON.stringify(added), removed: JSON.stringify(removed), changed: JSON.stringify(changed) };
    await this.#database
      .insertInto('policy_loads')
      .values({ ...load, ...lists })
      .execute();
  }

  async policyLoads(page: Page): Promise<Part<PolicyLoad>> {
    let query = this.#database
      .selectFrom('policy_loads')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(page.limit + 1);
    if (page.after !== null) query = query.where('id', '<', page.after);
    return partOf(
      await query.execute(),
      page,
      ({ id }) => id,
      ({ id: _, at, ...load }) => ({ ...load, at: at.toISOString() }),
    );
  }
}

function rowOf({
  user,
  violations,
  images,
  session,
  breakGlass,
  ...rest
}: AdmissionRecord): Insertable<AdmissionRecordsTable> {
  return {
    ...rest,
    username: user,
    rules: [...new Set(violations.map(({ rule }) => rule))],
    violations: JSON.stringify(violations),
    images: JSON.stringify(images),
    session: session === null ? null : JSON.stringify(session),
    break_glass: breakGlass === null ? null : JSON.stringify(breakGlass),
  };
}

function recordOf({
  at,
  username: user,
  rules: _,
  break_glass: breakGlass,
  ...rest
}: Selectable<AdmissionRecordsTable>): StoredAdmission {
  return { ...rest, at: at.toISOString(), user, breakGlass };
}
