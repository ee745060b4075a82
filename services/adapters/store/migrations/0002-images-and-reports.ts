/** What was scanned and what was found, each image with at most one report for all that shaped it. */
export const IMAGES_AND_REPORTS = `
create table images (
  digest text primary key,
  seq bigint generated always as identity unique,
  is_index boolean not null,
  platform text,
  reference text not null,
  first_scanned_at timestamptz not null default now(),
  last_scanned_at timestamptz not null default now()
);
create table index_children (
  index_digest text not null references images on delete cascade,
  child_digest text not null references images on delete cascade,
  primary key (index_digest, child_digest)
);
create index index_children_of_child on index_children (child_digest);

create table reports (
  id uuid primary key,
  digest text not null references images on delete cascade,
  -- Of everything beside the image that shaped the report: analyzers, advisories, policy, settings, exceptions, VEX.
  judged_by text not null,
  decision text not null check (decision in ('pass', 'fail', 'unknown')),
  counts jsonb not null,
  document text not null,
  document_digest text not null,
  scanned_at timestamptz not null default now(),
  unique (digest, judged_by)
);
create index reports_newest on reports (digest, scanned_at desc);

create table report_packages (
  report uuid not null references reports on delete cascade,
  ordinal integer not null,
  -- pkg:type/namespace/name
  name text not null,
  type text not null,
  version text not null,
  purl text not null,
  primary key (report, ordinal)
);
create index report_packages_by_name on report_packages (name);

create table api_tokens (
  id uuid primary key,
  seq bigint generated always as identity unique,
  name text not null,
  -- SHA-256 of 256 random bits: nothing to guess, so nothing to slow down.
  secret_digest text not null unique,
  role text not null check (role in ('admin', 'editor', 'viewer')),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subject text not null,
  outcome text not null,
  address text,
  request_id text
);
`;
