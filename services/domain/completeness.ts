/**
 * What a scan could not see. `blocking` keeps a verdict from being "pass"; `listed` is shown, and policy may raise it.
 * A new code gets its class here and its meaning in docs/gaps.md; a test compares both ways.
 */
export const GAP_CLASSES = {
  /** A layer's bytes could not be read to the end: broken compression, broken tar, input error. */
  'layer-unreadable': 'blocking',
  /** The blob is not in the archive or layout. */
  'layer-missing': 'blocking',
  /** The layer's bytes are not those that its digest names. */
  'layer-digest-mismatch': 'blocking',
  /** The uncompressed bytes are not those that the config's diff_ids name. */
  'layer-diffid-mismatch': 'blocking',
  /** A foreign (non-distributable) layer whose bytes live elsewhere. */
  'layer-foreign': 'blocking',
  /** An encrypted layer (ocicrypt). */
  'layer-encrypted': 'blocking',
  /** The archive's manifest.json and index.json name different images: loaders would disagree on what is in it. */
  'archive-ambiguous': 'blocking',
  /** A limit of domain/limits.ts was reached before all wanted data was read. */
  'limit-reached': 'blocking',
  /** A package database exists and could not be parsed, wholly or in part. */
  'package-database-broken': 'blocking',
  /** A later layer deleted or emptied a package database that listed packages. */
  'package-database-removed': 'blocking',
  /** A wanted name leads to bytes that could not be read (link cycle, dangling link, special file). */
  'wanted-file-unreadable': 'blocking',
  /** No file tells which distribution this is, although distribution packages were found. */
  'distribution-unknown': 'blocking',
  /** No package of any kind was found. */
  'no-packages': 'blocking',
  /** An engine that was asked for could not be run, was stopped, or gave no answer that holds. */
  'engine-failed': 'blocking',
  /** No advisory database was given or found: no package was judged. */
  'advisory-database-missing': 'blocking',
  /** The advisory database has no feed for this distribution and release. */
  'distribution-without-feed': 'blocking',
  /** The advisory database is the starter set. */
  'starter-database': 'listed',
  /** The advisory database has no feed for a language that packages were found of. */
  'ecosystem-without-feed': 'listed',
  /** Packages in the distribution's format that others built: its advisories do not speak of them. */
  'third-party-packages': 'listed',
  /** A version does not compare with those of an advisory. */
  'version-incomparable': 'listed',
  /** --skip-dirs or --skip-files left out a file of a package database. */
  'wanted-file-skipped': 'blocking',
  /** --skip-dirs or --skip-files left out other files, perhaps some that describe one package of a language. */
  'skipped-by-option': 'listed',
  /** A directory of rootfs: lies on another file system and --cross-mounts was not given. */
  'other-filesystem-skipped': 'listed',
  /** A directory or file of rootfs: that may not be read, or an entry that cannot be unpacked, where no analyzer wanted it. */
  'unreadable-path': 'listed',
  /** An entry name that pointed outside the layer's root; it was taken as below the root. */
  'path-escape': 'listed',
  /** One record of a package database lacks what makes a package (name, version). */
  'package-record-invalid': 'listed',
  /** A file that describes one package of a language (package.json, METADATA) could not be parsed, wholly or in part. */
  'package-file-unparsable': 'listed',
  /** A lockfile or manifest of a project (dir:) could not be parsed, wholly or in part: it is what was asked for. */
  'lockfile-unparsable': 'blocking',
  /** A project names a dependency without saying which version of it is used. */
  'dependency-unresolved': 'listed',
  /** A project's file names what the project needs itself, and not what that brings (pom.xml, go.mod before Go 1.17). */
  'dependencies-unknown': 'listed',
  /** An SBOM says itself that it does not list everything. */
  'sbom-incomplete': 'listed',
  /** An SBOM in the image that was asked for (--use-sboms) could not be used, wholly or in part. */
  'sbom-unusable': 'blocking',
  /** The kernel gave no namespaces to an engine: it ran with the network in reach. */
  'engine-not-isolated': 'listed',
  /** History and layers do not align: instructions are unknown. */
  'history-misaligned': 'listed',
  /** The config's platform is not the one that was asked for or that the index names. */
  'platform-mismatch': 'listed',
  /** An attestation manifest beside the image; it was not scanned. */
  'attestation-skipped': 'listed',
  /** A VEX document inside or beside the image that could not be read; it is not applied. */
  'vex-unreadable': 'listed',
} as const satisfies Record<string, 'blocking' | 'listed'>;

export type GapCode = keyof typeof GAP_CLASSES;
export type GapClass = (typeof GAP_CLASSES)[GapCode];

/** Those that matching adds. They are of one database: another matching replaces them, and a rescan does not take them over. */
export const MATCHING_GAPS: ReadonlySet<GapCode> = new Set<GapCode>([
  'advisory-database-missing',
  'starter-database',
  'distribution-without-feed',
  'ecosystem-without-feed',
  'third-party-packages',
  'version-incomparable',
]);

/** One thing that was not seen. `layer` is the index in the image, base first; `path` has no leading slash. */
export interface Gap {
  readonly code: GapCode;
  readonly class: GapClass;
  readonly layer: number | null;
  readonly path: string | null;
  readonly message: string;
}

export function gap(code: GapCode, message: string, at: { layer?: number | null; path?: string | null } = {}): Gap {
  return { code, class: GAP_CLASSES[code], layer: at.layer ?? null, path: at.path ?? null, message };
}
