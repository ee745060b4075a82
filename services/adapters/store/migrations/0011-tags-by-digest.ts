/** Which tags pointed to an image: asked of each that a search for a package finds. */
export const TAGS_BY_DIGEST = `
create index tag_history_by_digest on tag_history (digest);
`;
