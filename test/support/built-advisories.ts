import { LmdbDatabaseWriter } from '../../services/adapters/advisories/database-writer.ts';
import type { Advisory, EndOfLife, Enrichment } from '../../services/domain/vulnerabilities/advisory.ts';
import type { BuiltDatabase } from '../../services/pipeline/advisory-ports.ts';

export interface DatabaseContent {
  readonly advisories?: readonly Advisory[];
  readonly enrichment?: readonly (readonly [string, Enrichment])[];
  readonly endOfLife?: readonly EndOfLife[];
  readonly starter?: boolean;
  readonly builtAt?: string;
}

/** Installs a database with exactly this in it below `root`. */
export async function buildAdvisories(root: string, content: DatabaseContent): Promise<BuiltDatabase> {
  const writer = await LmdbDatabaseWriter.create(root);
  for (const advisory of content.advisories ?? []) writer.add(advisory, null, null);
  for (const [cveId, enrichment] of content.enrichment ?? []) writer.enrich(cveId, enrichment);
  for (const endOfLife of content.endOfLife ?? []) writer.addEndOfLife(endOfLife);
  const { builtAt = '2026-01-01T00:00:00Z', starter = false } = content;
  return writer.finish({ builtAt, starter, refusals: [], allowShrunk: true });
}
