/** Bundles of rules that people uploaded, which of them judge, and how that came to be. */
export const POLICIES = `
create table policy_bundles (
  -- Of the manifest, which has that of the WebAssembly.
  digest text primary key,
  seq bigint generated always as identity unique,
  name text not null,
  rules jsonb not null,
  manifest bytea not null,
  wasm bytea not null,
  uploaded_at timestamptz not null default now(),
  uploaded_by text not null
);

-- Of one name at most one judges.
create table active_policies (
  name text primary key,
  digest text not null references policy_bundles
);

create table policy_changes (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  author text not null,
  action text not null check (action in ('activate', 'deactivate', 'roll-back')),
  name text not null,
  digest text,
  previous text,
  rules jsonb not null,
  weaker boolean not null
);
create index policy_changes_of_name on policy_changes (name, id desc);
`;
