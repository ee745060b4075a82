import type { Advisory } from '../../services/domain/vulnerabilities/advisory.ts';
import { advisory } from './advisory.ts';

const PARTS = Object.keys(advisory({ id: 'CVE-1', affected: [] })) as (keyof Advisory)[];

/** The same as plain objects: advisories of a database may read their parts on demand, as long as it is open. */
export function plainAdvisories(found: readonly Advisory[]): Advisory[] {
  return found.map((each) => Object.fromEntries(PARTS.map((part) => [part, each[part]])) as unknown as Advisory);
}
