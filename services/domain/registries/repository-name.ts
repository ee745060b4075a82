import type { Limits } from '../limits.ts';

/** OCI distribution-spec 1.1, "Pulling manifests": <name> and <reference>. */
const NAME = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export function isRepositoryName(value: unknown, limits: Limits): value is string {
  return typeof value === 'string' && value.length <= limits.repositoryNameLength && NAME.test(value);
}

export function isTag(value: unknown): value is string {
  return typeof value === 'string' && TAG.test(value);
}
