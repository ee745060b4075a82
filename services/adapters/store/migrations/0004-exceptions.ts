/** Exceptions that people made by the API, and the count of changes to what reports are judged by. */
export const EXCEPTIONS = `
create table judgement_terms (
  -- There is one row.
  single boolean primary key default true check (single),
  revision bigint not null
);
insert into judgement_terms (revision) values (0);

create table exceptions (
  id uuid primary key,
  seq bigint generated always as identity unique,
  vulnerability text not null,
  packages jsonb,
  paths jsonb,
  images jsonb,
  reason text not null,
  owner text not null,
  -- The last day on which it holds, UTC.
  expires date not null,
  created_at timestamptz not null default now(),
  created_by text not null,
  ended_at timestamptz,
  ended_by text,
  -- That its last day is over was followed by a job.
  lapsed boolean not null default false
);
create index exceptions_open on exceptions (expires) where ended_at is null and not lapsed;

-- Of what read the image; unknown of reports that are older than this column.
alter table reports add column read_by text not null default '';
`;
