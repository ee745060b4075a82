import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { ImageVerdict } from '../../domain/verdict/judged-image.ts';
import type { Rule } from '../../domain/verdict/policy.ts';
import type { RuleChange } from '../../domain/verdict/rule-changes.ts';
import type { Role } from '../../pipeline/access-ports.ts';
import type { AdmissionRecord, PolicyLoad } from '../../pipeline/admission-store-ports.ts';
import type { JobKind, JobPayload, JobProgress, JobResult, JobState } from '../../pipeline/job-ports.ts';
import type { NewPolicyChange } from '../../pipeline/policy-ports.ts';
import type { ChangedVulnerability, ReportChange } from '../../pipeline/rescan-ports.ts';
import type { Decision, SeverityCounts } from '../../pipeline/store-ports.ts';

/** The tables as the migrations leave them. Moments are read as Date and written as either. */
export interface StoreSchema {
  readonly jobs: JobsTable;
  readonly schedules: SchedulesTable;
  readonly deliveries: DeliveriesTable;
  readonly tag_history: TagHistoryTable;
  readonly manifests: ManifestsTable;
  readonly images: ImagesTable;
  readonly index_children: IndexChildrenTable;
  readonly reports: ReportsTable;
  readonly report_packages: ReportPackagesTable;
  readonly changes: ChangesTable;
  readonly api_tokens: ApiTokensTable;
  readonly audit_log: AuditLogTable;
  readonly admitted_digests: AdmittedDigestsTable;
  readonly admission_records: AdmissionRecordsTable;
  readonly break_glass_grants: BreakGlassGrantsTable;
  readonly policy_loads: PolicyLoadsTable;
  readonly judgement_terms: JudgementTermsTable;
  readonly exceptions: ExceptionsTable;
  readonly sessions: SessionsTable;
  readonly policy_bundles: PolicyBundlesTable;
  readonly active_policies: ActivePoliciesTable;
  readonly policy_changes: PolicyChangesTable;
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
  registry: string | null;
  progress: JSONColumnType<JobProgress> | null;
  heartbeat_at: MomentOrNull;
  result: JSONColumnType<JobResult> | null;
  error_code: string | null;
  error_message: string | null;
  created_at: Moment;
  started_at: MomentOrNull;
  finished_at: MomentOrNull;
}

interface SchedulesTable {
  kind: JobKind;
  key: string;
  asked_at: Moment;
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
  unresolved: Generated<boolean>;
  taken_with: Generated<string | null>;
}

interface ManifestsTable {
  registry: string;
  repository: string;
  digest: string;
  pushed_at: Moment;
  deleted_at: MomentOrNull;
  last_deleted_at: MomentOrNull;
}

export interface ImagesTable {
  digest: string;
  seq: Generated<string>;
  is_index: boolean;
  platform: string | null;
  reference: string;
  first_scanned_at: Moment;
  last_scanned_at: Moment;
}

interface IndexChildrenTable {
  index_digest: string;
  child_digest: string;
}

export interface ReportsTable {
  id: string;
  digest: string;
  judged_by: string;
  read_by: Generated<string>;
  judged_with: string | null;
  database_built_at: MomentOrNull;
  left_by: string | null;
  judged_at: Moment;
  decision: Decision;
  counts: JSONColumnType<SeverityCounts>;
  document: string;
  document_digest: string;
  /** null: it was stored before there were summaries. */
  summary: JSONColumnType<ImageVerdict> | null;
  scanned_at: Moment;
}

interface ChangesTable {
  id: Generated<string>;
  digest: string;
  at: Moment;
  database_before: string | null;
  database_after: string | null;
  decision_before: Decision;
  decision_after: Decision;
  appeared: JSONColumnType<ChangedVulnerability[]>;
  vanished: JSONColumnType<ChangedVulnerability[]>;
  altered: JSONColumnType<ReportChange['altered'][number][]>;
}

interface ReportPackagesTable {
  report: string;
  ordinal: number;
  name: string;
  type: string;
  version: string;
  purl: string;
}

export interface ApiTokensTable {
  id: string;
  seq: Generated<string>;
  name: string;
  secret_digest: string;
  role: Role;
  created_at: Moment;
  expires_at: MomentOrNull;
  revoked_at: MomentOrNull;
}

interface AuditLogTable {
  id: Generated<string>;
  at: Moment;
  actor: string;
  action: string;
  subject: string;
  outcome: string;
  address: string | null;
  request_id: string | null;
}

interface JudgementTermsTable {
  /** 64 bits, so text. */
  revision: string;
}

export interface ExceptionsTable {
  id: string;
  seq: Generated<string>;
  vulnerability: string;
  packages: JSONColumnType<string[]> | null;
  paths: JSONColumnType<string[]> | null;
  images: JSONColumnType<string[]> | null;
  reason: string;
  owner: string;
  expires: ColumnType<Date, string, never>;
  created_at: Moment;
  created_by: string;
  ended_at: MomentOrNull;
  ended_by: string | null;
  lapsed: Generated<boolean>;
}

export interface PolicyBundlesTable {
  digest: string;
  seq: Generated<string>;
  name: string;
  rules: JSONColumnType<Rule[]>;
  manifest: Buffer;
  wasm: Buffer;
  uploaded_at: Moment;
  uploaded_by: string;
}

interface ActivePoliciesTable {
  name: string;
  digest: string;
}

export interface PolicyChangesTable {
  id: Generated<string>;
  at: Moment;
  author: string;
  action: NewPolicyChange['action'];
  name: string;
  digest: string | null;
  previous: string | null;
  rules: JSONColumnType<RuleChange[]>;
  weaker: boolean;
}

export interface SessionsTable {
  secret_digest: string;
  subject: string;
  name: string;
  role: Role;
  created_at: Moment;
  expires_at: Moment;
}

interface AdmittedDigestsTable {
  namespace: string;
  digest: string;
  first_admitted_at: Moment;
  last_admitted_at: Moment;
  failing_since: MomentOrNull;
}

export interface AdmissionRecordsTable {
  id: Generated<string>;
  at: ColumnType<Date, Date | string, never>;
  uid: string;
  path: string;
  caller: AdmissionRecord['caller'];
  operation: string;
  kind: string;
  namespace: string | null;
  name: string | null;
  username: string;
  answer: AdmissionRecord['answer'];
  why: string | null;
  rules: string[];
  violations: ColumnType<AdmissionRecord['violations'], string, never>;
  images: ColumnType<AdmissionRecord['images'], string, never>;
  session: ColumnType<AdmissionRecord['session'], string | null, never>;
  break_glass: ColumnType<AdmissionRecord['breakGlass'], string | null, never>;
  ms: number;
}

interface BreakGlassGrantsTable {
  owner_uid: string;
  template_digest: string;
  namespace: string;
  username: string;
  reason: string;
  granted_at: Moment;
  expires_at: ColumnType<Date, Date | string, Date | string>;
}

interface PolicyLoadsTable {
  id: Generated<string>;
  at: ColumnType<Date, Date | string, never>;
  source: string;
  digest: string;
  author: string | null;
  outcome: PolicyLoad['outcome'];
  added: ColumnType<readonly string[], string, never>;
  removed: ColumnType<readonly string[], string, never>;
  changed: ColumnType<readonly string[], string, never>;
  weaker: boolean;
  message: string | null;
}
