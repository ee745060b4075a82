import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { JobKind, JobPayload, JobResult, JobState } from '../../pipeline/store-ports.ts';

/** The tables as the migrations leave them. Moments are read as Date and written as either. */
export interface StoreSchema {
  readonly jobs: JobsTable;
  readonly deliveries: DeliveriesTable;
  readonly tag_history: TagHistoryTable;
}

type Moment = ColumnType<Date, Date | string | undefined, Date | string>;
type MomentOrNull = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;

export interface JobsTable {
  id: string;
  /** Grows with each row; 64 bits, so text. */
  seq: Generated<string>;
  kind: JobKind;
  key: string;
  payload: JSONColumnType<JobPayload>;
  priority: number;
  state: JobState;
  attempts: Generated<number>;
  attempts_allowed: Generated<number>;
  run_after: Moment;
  worker: string | null;
  heartbeat_at: MomentOrNull;
  result: JSONColumnType<JobResult> | null;
  error_code: string | null;
  error_message: string | null;
  created_at: Moment;
  started_at: MomentOrNull;
  finished_at: MomentOrNull;
}

interface DeliveriesTable {
  id: string;
  registry: string;
  sender_id: string | null;
  body_digest: string;
  events: number;
  ignored: number;
  received_at: Moment;
}

interface TagHistoryTable {
  id: Generated<string>;
  registry: string;
  repository: string;
  tag: string;
  digest: string | null;
  at: ColumnType<Date, Date | string, never>;
  delivery: string | null;
}
