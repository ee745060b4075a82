import type { Report } from '../../report/report.ts';
import type { VexDocument } from './document.ts';

/** VEX that came with what is scanned, as it was found: nothing of it is believed yet. */
export interface FoundVex {
  /** Inside the image: where, without leading slash, and the layer that has it. Else null. */
  readonly path: string | null;
  readonly layer: number | null;
  /** Beside the image: digest of the manifest that attaches it. Else null. */
  readonly referrer: string | null;
  /** The document, or the in-toto statement that holds it, to the byte; null where it is the payload of `bundle`. */
  readonly document: string | null;
  /** The Sigstore bundle (JSON) with the signature; null where there is none. */
  readonly bundle: string | null;
}

/** What was found of it. It is applied where it is verified and no reason speaks against it. */
export interface JudgedVex {
  readonly found: FoundVex;
  /** verified: by a configured key or identity. unsigned: nobody signed it. */
  readonly signed: 'verified' | 'unverified' | 'unsigned';
  /** Who signed it, where that is verified. */
  readonly identity: string | null;
  /** Null where it could not be read. */
  readonly document: VexDocument | null;
  /** Why it is not applied; null where it is. */
  readonly reason: string | null;
}

export type Finding = Report['findings'][number];

const NOT_JUDGED = 'packages were not judged';

/** One name for it, for people. */
export function nameOf({ path, referrer }: FoundVex): string {
  return path ?? referrer ?? 'VEX';
}

/** A row of the report. It keeps the document and its signature, so that a stored report can be judged as the image was. */
export function findingOf({ found, signed, identity, document, reason }: JudgedVex, applied: number): Finding {
  const { path, layer, referrer } = found;
  return {
    kind: 'vex',
    id: document?.id ?? nameOf(found),
    ...(referrer === null ? { path, layer } : { referrer }),
    format: document?.format ?? null,
    author: document?.author ?? null,
    signed,
    identity,
    applied,
    elsewhere: (document?.statements.length ?? 0) - applied,
    flaws: [...(document?.flaws ?? [])],
    reason,
    document: found.document,
    bundle: found.bundle,
  };
}

/** As it was found, before anybody asked who signed it. */
export function unjudged(found: FoundVex): Finding {
  const signed = found.bundle === null ? 'unsigned' : 'unverified';
  return findingOf({ found, signed, identity: null, document: null, reason: NOT_JUDGED }, 0);
}

/** What a report's finding was made of; null for a finding of something else, and for VEX that was given on the command line. */
export function foundIn(finding: Finding): FoundVex | null {
  const { kind, path, layer, referrer, document, bundle } = finding;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const place = { path: text(path), layer: typeof layer === 'number' ? layer : null, referrer: text(referrer) };
  if (kind !== 'vex' || (place.path === null && place.referrer === null)) return null;
  return { ...place, document: text(document), bundle: text(bundle) };
}
