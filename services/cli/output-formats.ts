/** What `--format` takes. */
export const OUTPUT_FORMATS = ['table', 'json', 'sarif', 'cyclonedx', 'spdx', 'spdx-tag-value'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];
