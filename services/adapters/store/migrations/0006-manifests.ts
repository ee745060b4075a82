/** Which manifests a registry has, and since when it has them no more; tags that were pushed and not yet resolved. */
export const MANIFESTS = `
create table manifests (
  registry text not null,
  repository text not null,
  digest text not null,
  -- When it was last told to be there.
  pushed_at timestamptz not null,
  deleted_at timestamptz,
  primary key (registry, repository, digest)
);
create index manifests_by_digest on manifests (digest);
insert into manifests (registry, repository, digest, pushed_at)
  select registry, repository, digest, max(at) from tag_history where digest is not null group by registry, repository, digest;

alter table tag_history add column unresolved boolean not null default false;
create index tag_history_unresolved on tag_history (registry, repository, tag) where unresolved;
`;
