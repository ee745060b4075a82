import type { Analyzer, DatabaseFile, DatabaseUnit } from '../../packages/ecosystem.ts';
import { EMPTY_UNIT } from '../../packages/ecosystem.ts';

/** What a signature of a file is called: `FILE.sigstore.json` beside it, as Sigstore's clients write it. */
const BUNDLE_SUFFIX = '.sigstore.json';

/** Whole names, or ends of names: what vexctl and Docker Scout call VEX documents, and the same for CSAF. CycloneDX is VEX by such a name only. */
const DOCUMENT = /(?:^|[./])(?:openvex|vex|csaf)\.json$/;

/**
 * VEX documents inside an image, and the Sigstore bundles beside them. Their text is kept as it is: whether anybody believes it is
 * asked when packages are judged, as a signature is over bytes.
 */
export const vexFiles: Analyzer = {
  id: 'vex',
  version: 1,
  roots: [],
  perFile: true,
  wants: ({ path }) => (path.endsWith('.json') && isVexName(path) ? 'whole' : 'no'),
  readDatabase: (files, { limits }) => ({ units: files.map((file) => unitOf(file, limits.packageFileBytes)) }),
};

/** The name of the bundle that signs this document. */
export function bundleName(document: string): string {
  return document + BUNDLE_SUFFIX;
}

export function isBundleName(path: string): boolean {
  return path.endsWith(BUNDLE_SUFFIX);
}

function isVexName(path: string): boolean {
  return DOCUMENT.test(isBundleName(path) ? path.slice(0, -BUNDLE_SUFFIX.length) : path);
}

function unitOf({ path, bytes }: DatabaseFile, most: number): DatabaseUnit {
  const unreadable = (message: string): DatabaseUnit => ({
    ...EMPTY_UNIT,
    path,
    gaps: [{ code: 'vex-unreadable', message: `${message}: it is not applied` }],
  });
  if (bytes.length > most) return unreadable(`it has more than ${most} bytes (packageFileBytes)`);
  try {
    // A byte order mark stays: it is part of what was signed.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text === '' ? unreadable('it is empty') : { ...EMPTY_UNIT, path, text };
  } catch {
    return unreadable('it is no UTF-8');
  }
}
