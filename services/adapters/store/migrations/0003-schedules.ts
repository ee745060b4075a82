/** When each job that comes again and again was last asked for: whoever moves the moment on asks for the next one. */
export const SCHEDULES = `
create table schedules (
  kind text not null,
  key text not null,
  asked_at timestamptz not null,
  primary key (kind, key)
);
insert into schedules
  select kind, key, max(created_at) from jobs where kind in ('refresh-advisories', 'sweep-registry') group by kind, key;
`;
