import type { Report } from '../report/report.ts';
import { serializeReport } from '../report/serialize.ts';

/** Lower-case hex SHA-256; the domain holds no crypto of its own. */
type Sha256 = (bytes: Uint8Array) => string;

/**
 * A UUID that names what the report says: made from its digest without moment and timings, so that the same facts give
 * the same name, and others another. Version 8 of RFC 9562, section 5.8.
 */
export function uuidOf(report: Report, sha256: Sha256): string {
  const facts = serializeReport({ ...report, createdAt: '', timings: {} });
  const hex = sha256(new TextEncoder().encode(facts));
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4]!;
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}
