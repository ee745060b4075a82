import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import type { DatabaseUnit, Ecosystem, ReadContext } from '../../services/domain/packages/ecosystem.ts';

/** What the layer threads hand to analyzers. */
export function readContext(limits: Partial<Limits> = {}): ReadContext {
  return {
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    inflate: (bytes, maxBytes) => inflateRawSync(bytes, { maxOutputLength: Math.max(1, maxBytes) }),
    limits: { ...LIMITS, ...limits },
  };
}

/** One file through an analyzer that streams, in pieces of `pieceBytes`; null where the file is nothing to it. */
export function extractUnit(
  analyzer: Ecosystem,
  path: string,
  bytes: Uint8Array,
  { pieceBytes = 2 ** 20, ...limits }: Partial<Limits> & { readonly pieceBytes?: number } = {},
): DatabaseUnit | null {
  const context = readContext(limits);
  const extractor = analyzer.extract!({ path, type: 'file', mode: 0o755, size: bytes.length }, context);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    // As layers are read: what was lent is gone after the call.
    const lent = Uint8Array.from(bytes.subarray(at, at + pieceBytes));
    extractor.push(lent);
    lent.fill(0xee);
  }
  const kept = extractor.finish();
  return kept === null ? null : analyzer.readDatabase([{ path, bytes: kept }], context).units[0]!;
}
