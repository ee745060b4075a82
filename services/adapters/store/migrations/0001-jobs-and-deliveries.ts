/** Jobs are the record of what is to be done; queues only point at them. Tags keep where they pointed. */
export const JOBS_AND_DELIVERIES = `
create table jobs (
  id uuid primary key,
  seq bigint generated always as identity unique,
  kind text not null,
  key text not null,
  payload jsonb not null,
  priority smallint not null,
  state text not null check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
  attempts integer not null default 0,
  attempts_allowed integer not null default 5,
  run_after timestamptz not null default now(),
  worker text,
  heartbeat_at timestamptz,
  result jsonb,
  error_code text,
  error_message text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
-- What is asked for twice before it is begun is one job; what is asked for while it runs waits for its turn.
create unique index jobs_one_queued on jobs (kind, key) where state = 'queued';
create unique index jobs_one_running on jobs (kind, key) where state = 'running';
create index jobs_waiting on jobs (priority, seq) where state = 'queued';

create table deliveries (
  id uuid primary key,
  registry text not null,
  sender_id text,
  body_digest text not null,
  events integer not null,
  ignored integer not null,
  received_at timestamptz not null default now()
);
create unique index deliveries_once on deliveries (registry, sender_id) where sender_id is not null;

create table tag_history (
  id bigint generated always as identity primary key,
  registry text not null,
  repository text not null,
  tag text not null,
  digest text,
  at timestamptz not null,
  delivery uuid references deliveries (id) on delete set null
);
create unique index tag_history_newest on tag_history (registry, repository, tag, at desc, id desc);
`;
