import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { JOBS_AND_DELIVERIES } from './migrations/0001-jobs-and-deliveries.ts';
import { IMAGES_AND_REPORTS } from './migrations/0002-images-and-reports.ts';
import { SCHEDULES } from './migrations/0003-schedules.ts';
import { EXCEPTIONS } from './migrations/0004-exceptions.ts';
import { RESCANS } from './migrations/0005-rescans.ts';
import { MANIFESTS } from './migrations/0006-manifests.ts';
import { POLICIES } from './migrations/0007-policies.ts';
import { SESSIONS } from './migrations/0008-sessions.ts';
import { JOB_PROGRESS } from './migrations/0009-job-progress.ts';
import { ADMISSION } from './migrations/0010-admission.ts';
import { TAGS_BY_DIGEST } from './migrations/0011-tags-by-digest.ts';
import { TAKEN_TAGS } from './migrations/0012-taken-tags.ts';

/** Forward only, in this order. One that was released is never changed. */
const MIGRATIONS: readonly (readonly [name: string, statements: string])[] = [
  ['0001-jobs-and-deliveries', JOBS_AND_DELIVERIES],
  ['0002-images-and-reports', IMAGES_AND_REPORTS],
  ['0003-schedules', SCHEDULES],
  ['0004-exceptions', EXCEPTIONS],
  ['0005-rescans', RESCANS],
  ['0006-manifests', MANIFESTS],
  ['0007-policies', POLICIES],
  ['0008-sessions', SESSIONS],
  ['0009-job-progress', JOB_PROGRESS],
  ['0010-admission', ADMISSION],
  ['0011-tags-by-digest', TAGS_BY_DIGEST],
  ['0012-taken-tags', TAKEN_TAGS],
];

export const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map(([name]) => name);

/** All that migrations make, each behind those that it refers to. */
export const STORE_TABLES: readonly string[] = MIGRATIONS.flatMap(([, statements]) => {
  return [...statements.matchAll(/^create table (\w+)/gm)].map((match) => match[1]!);
});

/** One by one. */
export function migrationStatements(name: string): readonly string[] {
  const statements = MIGRATIONS.find(([each]) => each === name)?.[1] ?? '';
  return statements.split(/;\n/).filter((statement) => statement.trim() !== '');
}

/**
 * Brings the schema up to this version, in one transaction and once, however many processes start. Raises STORE_UNUSABLE,
 * also where a newer version of Plimsoll has been here.
 */
export async function migrate<Schema>(database: Kysely<Schema>): Promise<void> {
  const known = Object.fromEntries(MIGRATION_NAMES.map((name) => [name, migration(migrationStatements(name))]));
  const migrator = new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve(known) } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results.find(({ status }) => status === 'Error')?.migrationName;
  const step = failed === undefined ? '' : ` at ${failed}`;
  throw new PlimsollError(
    'STORE_UNUSABLE',
    `The store's schema could not be brought up to date${step}: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
}

function migration(statements: readonly string[]): Migration {
  return {
    async up(database) {
      for (const statement of statements) await sql.raw(statement).execute(database);
    },
  };
}
