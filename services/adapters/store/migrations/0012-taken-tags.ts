/** Which tags went with a manifest, and when that last went though it may be back: what is told late is put between. */
export const TAKEN_TAGS = `
alter table manifests add column last_deleted_at timestamptz;
update manifests set last_deleted_at = deleted_at;
-- Of a tag that points nowhere: the manifest whose deletion took it.
alter table tag_history add column taken_with text;
`;
