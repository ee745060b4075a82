import { baseOf, joinPath, parentOf } from './path.ts';

/** Deletions as a layer spells them (OCI image-spec, layer.md, "Whiteouts"). */
export type Whiteout =
  /** `path` is hidden. */
  | { readonly kind: 'file'; readonly path: string }
  /** `path` is the directory whose lower children are hidden. */
  | { readonly kind: 'opaque'; readonly path: string };

const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * By the exact base name only: `.wh.NAME` hides NAME, `.wh..wh..opq` hides all lower siblings. Other `.wh..wh.` names
 * are AUFS's own bookkeeping (`.wh..wh.plnk`, `.wh..wh.aufs`) and hide nothing.
 */
export function whiteoutOf(path: string): Whiteout | 'bookkeeping' | null {
  const base = baseOf(path);
  if (!base.startsWith(PREFIX)) return null;
  if (base === OPAQUE) return { kind: 'opaque', path: parentOf(path) };
  if (base.startsWith('.wh..wh.') || base === PREFIX || base === '.wh..' || base === '.wh...') return 'bookkeeping';
  return { kind: 'file', path: joinPath(parentOf(path), base.slice(PREFIX.length)) };
}
