/** Sessions of people who logged in at an identity provider. */
export const SESSIONS = `
create table sessions (
  -- SHA-256 of 256 random bits.
  secret_digest text primary key,
  subject text not null,
  name text not null,
  role text not null check (role in ('admin', 'editor', 'viewer')),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_by_end on sessions (expires_at);
`;
