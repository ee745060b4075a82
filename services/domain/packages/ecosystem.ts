import type { GapCode } from '../completeness.ts';
import type { Limits } from '../limits.ts';

/** -1, 0, 1 as the ecosystem's reference tool orders two versions; 'incomparable' only where that tool errors. */
export type Comparison = -1 | 0 | 1 | 'incomparable';

export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character-device' | 'block-device' | 'fifo';

/** The first 512 bytes of a file, or all of it where it is shorter; had on demand, as a directory walk must open for it. */
export type Head = () => Uint8Array;

/** What an analyzer sees of one regular file before it decides. `path` is normalised, without leading slash. */
export interface EntryFacts {
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid, sticky (octal 07777). */
  readonly mode: number;
  /** Logical size in bytes (a sparse file's expanded size). */
  readonly size: number;
}

/** 'whole': keep the content; 'extract': stream it through the analyzer's `extract`, which keeps what it needs. */
export type Wanted = 'no' | 'whole' | 'extract';

export interface DatabaseFile {
  /** The wanted name. Where a link leads to other bytes this is still the name that was asked for. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What the domain may not do itself; handed in by whoever calls it. */
export interface ReadContext {
  /** Lower-case hex SHA-256. */
  sha256(bytes: Uint8Array): string;
  /**
   * Raw DEFLATE (RFC 1951). Throws where `bytes` do not begin with a whole stream, or where it gives more than
   * `maxBytes`.
   */
  inflate(bytes: Uint8Array, maxBytes: number): Uint8Array;
  readonly limits: Limits;
}

/** Takes one file as it streams by and keeps of it what its analyzer needs. Never throws on foreign bytes. */
export interface FileExtractor {
  /** The content in its order, in pieces of any size. They are lent: valid during the call. */
  push(piece: Uint8Array): void;
  /** What `readDatabase` gets as the bytes of the file; null where the file says nothing about packages. */
  finish(): Uint8Array | null;
}

/** One package as its database describes it. Unknown is null, never an empty string. */
export interface PackageRecord {
  /** purl type: deb, rpm, apk, opkg, … */
  readonly type: string;
  readonly name: string;
  /** The full version as the ecosystem's own tool prints it (dpkg [epoch:]upstream-revision, rpm [epoch:]version-release). */
  readonly version: string;
  readonly arch: string | null;
  /** The source package; `version` null where the database names none of its own. For apk: the origin. */
  readonly source: { readonly name: string; readonly version: string | null } | null;
  /** rpm epoch; null where the header has none (which compares as 0). */
  readonly epoch: number | null;
  /** rpm modularity label `name:stream:version:context[:arch]`. */
  readonly modularity: string | null;
  /** apk: origin. cargo: git, local or registry, where that is not crates.io. */
  readonly origin: string | null;
  readonly vendor: string | null;
  /** Licence texts as the database states them, not normalised. */
  readonly licenses: readonly string[];
  /** Dependency expressions as the database states them. */
  readonly dependsOn: readonly string[];
  readonly provides: readonly string[];
  /** True for what a lockfile names only to develop or test the project; absent elsewhere. */
  readonly development?: boolean;
  /** The package URL that an SBOM in the image states; absent where the package itself was read. */
  readonly purl?: string;
}

/** Files that one package owns. `paths` are normalised, without leading slash; `digests` run beside them, `alg:hex` or null. */
export interface FileList {
  /** `name` or `name:arch`, as the database keys it. */
  readonly package: string;
  readonly paths: readonly string[];
  readonly digests?: readonly (string | null)[];
}

/** A flaw that the parser found in one unit; the pipeline adds layer and class. */
export interface UnitGap {
  readonly code: Extract<
    GapCode,
    | 'package-database-broken'
    | 'package-record-invalid'
    | 'package-file-unparsable'
    | 'dependencies-unknown'
    | 'dependency-unresolved'
    | 'limit-reached'
    | 'sbom-incomplete'
    | 'sbom-unusable'
    | 'vex-unreadable'
  >;
  readonly message: string;
}

/**
 * What one database file said. The visibility of `path` in the merged image decides whether it counts.
 * `isDatabase` false: only accompanying data (a file list, a repository list, os-release).
 */
export interface DatabaseUnit {
  readonly path: string;
  readonly isDatabase: boolean;
  readonly packages: readonly PackageRecord[];
  readonly fileLists: readonly FileList[];
  /** Package repositories or RHEL content sets that the file names. */
  readonly repositories: readonly string[];
  /**
   * The file's text, only where judging it needs several files or layers (os-release and its cousins), or is for later (VEX); of an
   * SBOM, its outline, and of what an SBOM says, anything where it could be read.
   */
  readonly text: string | null;
  readonly gaps: readonly UnitGap[];
}

export interface DatabaseResult {
  readonly units: readonly DatabaseUnit[];
}

/** Reads one kind of file out of layers. The walker opens, bounds and closes files; an analyzer only says which and parses. */
export interface Analyzer {
  /** kebab-case; equals the folder name for ecosystems. */
  readonly id: string;
  /** Raised whenever the same bytes would give other facts: cached facts of older versions are read again. */
  readonly version: number;
  /** Well-known files and directories (no leading slash) that may be reached through links. */
  readonly roots: readonly string[];
  /**
   * Its files say nothing about each other: each is parsed as it ends, so that none is held. Of one that is longer than
   * `packageFileBytes` one byte more is handed over, and no other. Without roots.
   */
  readonly perFile?: boolean;
  wants(entry: EntryFacts, head: Head): Wanted;
  /** Of analyzers that want files as 'extract', which may be of any size. */
  extract?(entry: EntryFacts, context: ReadContext): FileExtractor;
  /** All wanted files of one layer at once. Never throws on foreign bytes: flaws are gaps of the unit. */
  readDatabase(files: readonly DatabaseFile[], context: ReadContext): DatabaseResult;
}

/** An analyzer of packages, with the version order of its reference tool. */
export interface Ecosystem extends Analyzer {
  compare(a: string, b: string): Comparison;
}

/** A unit with nothing in it, to be spread under what a parser found. */
export const EMPTY_UNIT = {
  isDatabase: false,
  packages: [],
  fileLists: [],
  repositories: [],
  text: null,
  gaps: [],
} as const satisfies Omit<DatabaseUnit, 'path'>;
