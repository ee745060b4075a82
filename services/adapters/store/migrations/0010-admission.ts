/** What admission reads of reports, and what it remembers: digests that were let in, decisions, break-glass, policies. */
export const ADMISSION = `
-- What admission reads of a report; null: a version of Plimsoll stored it that did not know of admission.
alter table reports add column summary jsonb;

create table admitted_digests (
  namespace text not null,
  digest text not null,
  first_admitted_at timestamptz not null default now(),
  last_admitted_at timestamptz not null default now(),
  -- Since when its verdict is fail, having been another when it was let in.
  failing_since timestamptz,
  primary key (namespace, digest)
);
create index admitted_digests_by_digest on admitted_digests (digest);

create table admission_records (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  uid text not null,
  path text not null,
  caller text not null,
  operation text not null,
  kind text not null,
  namespace text,
  name text,
  username text not null,
  answer text not null check (answer in ('allowed', 'warned', 'denied', 'failed')),
  why text,
  rules text[] not null,
  violations jsonb not null,
  images jsonb not null,
  session jsonb,
  break_glass jsonb,
  ms integer not null
);
create index admission_records_by_namespace on admission_records (namespace, id desc);
create index admission_records_by_answer on admission_records (answer, id desc);
create index admission_records_by_age on admission_records (at);
create index admission_records_of_sessions on admission_records (id desc) where session is not null;
create index admission_records_of_break_glass on admission_records (id desc) where break_glass is not null;

create table break_glass_grants (
  owner_uid text not null,
  template_digest text not null,
  namespace text not null,
  username text not null,
  reason text not null,
  granted_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (owner_uid, template_digest)
);

create table policy_loads (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  source text not null,
  digest text not null,
  author text,
  outcome text not null check (outcome in ('loaded', 'refused')),
  added jsonb not null,
  removed jsonb not null,
  changed jsonb not null,
  weaker boolean not null,
  message text
);
`;
