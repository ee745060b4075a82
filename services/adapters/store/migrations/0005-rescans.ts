/** Reports that are judged again from what they say, and what became of each. */
export const RESCANS = `
alter table reports
  -- Of what judged it; null: not known, or there was no advisory database.
  add column judged_with text,
  add column database_built_at timestamptz,
  -- What it could not be judged again with.
  add column left_by text,
  add column judged_at timestamptz not null default now();
update reports set judged_at = scanned_at;

-- Reports are written again and again, and PostgreSQL's own compression takes longer for it than all the rest; not every build has this one.
do $$ begin alter table reports alter column document set compression lz4; exception when others then null; end $$;

create table changes (
  id bigint generated always as identity primary key,
  digest text not null references images on delete cascade,
  at timestamptz not null default now(),
  database_before text,
  database_after text,
  decision_before text not null,
  decision_after text not null,
  -- Lists of rows of the report, shortened; of altered ones, pairs.
  appeared jsonb not null,
  vanished jsonb not null,
  altered jsonb not null
);
create index changes_of_image on changes (digest, id desc);
create index changes_by_age on changes (at);
`;
