/** Scanners of others that Plimsoll can run beside its own analyzers. */
export const ENGINE_NAMES = ['trivy', 'syft'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** A package as an engine states it. */
export interface ForeignPackage {
  /** As it was written; may be of any shape. */
  readonly purl: string;
  /** The files that it was told from, no leading slash; none where the engine names none. */
  readonly paths: readonly string[];
  /** The uncompressed bytes of the layer that brought it; null where the engine does not say. */
  readonly diffId: string | null;
}

/** Versions that nobody runs, not even in a test. */
const REFUSED: readonly { engine: string; versions: readonly string[]; reason: string }[] = [
  { engine: 'trivy', versions: ['0.69.4', '0.69.5', '0.69.6'], reason: 'an intruder published it (CVE-2026-33634)' },
];

/** Why this version may not be run, or null. Takes `0.69.4` and `v0.69.4`. */
export function refusalOf(engine: string, version: string): string | null {
  const plain = version.replace(/^v/, '').replace(/\+.*$/, '');
  const row = REFUSED.find((refused) => refused.engine === engine && refused.versions.includes(plain));
  return row === undefined ? null : `${engine} ${plain} is refused: ${row.reason}`;
}
