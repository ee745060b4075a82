import type { Limits } from '../domain/limits.ts';
import type { EngineName, ForeignPackage } from '../domain/report/engines.ts';
import type { Report } from '../domain/report/report.ts';

/** Programs of this machine, how they are confined, and the scanners that are run beside our own analyzers. */

/** What is put before a command line so that the command sees and does less. */
export interface Confinement {
  readonly prefix: readonly string[];
  /** In namespaces of its own: no network, and all its processes end with the first one. */
  readonly isolated: boolean;
  /** In a root that holds nothing but what is visible and the system's programs, and where nothing can be written. */
  readonly rooted: boolean;
  /** Whether the limits that were asked for hold. */
  readonly bounded: boolean;
}

export interface ConfinementTerms {
  /** As prlimit(1) takes them: `--data=BYTES`. */
  readonly limits: readonly string[];
  /** Without capabilities, and where that is possible as nobody. */
  readonly powerless: boolean;
  /** Absolute paths that it needs to see; null: all. */
  readonly visible: readonly string[] | null;
  /** A command line that ends well where it is confined no more than it can bear. */
  readonly probe: readonly string[];
}

/** Programs that are installed. */
export interface Programs {
  /** The first program of this name in PATH, or the one at this absolute path; null where there is none that may be executed. */
  find(name: string): Promise<string | null>;
  /** The strongest confinement that this machine allows. */
  confine(terms: ConfinementTerms): Promise<Confinement>;
}

/** A scanner of somebody else that is to look at the target too. */
export interface EngineChoice {
  readonly name: EngineName;
  /** The executable; null: the first of that name in PATH. */
  readonly path: string | null;
  /** What the executable must hash to, as 64 hexadecimal digits; null: nothing is said. */
  readonly sha256: string | null;
}

/** What an engine is to look at: the very image or directory that we read. */
export interface EngineTarget {
  readonly kind: Report['target']['kind'];
  readonly path: string;
  /** null where there is none (classic docker save, directories). */
  readonly manifestDigest: string | null;
  /** By this an engine proves which image it read; null for directories. */
  readonly configDigest: string | null;
  /** Base first; by digest where the image names them so. */
  readonly layers: readonly { readonly digest: string | null }[];
}

export interface EngineReading {
  readonly name: EngineName;
  /** As it states itself; null where it was not asked, or did not say. */
  readonly version: string | null;
  readonly packages: readonly ForeignPackage[];
  /** Why there is no answer that holds; `packages` is then empty. */
  readonly failure: string | null;
  /** Whether it ran in namespaces of its own, without a network; null where it did not run. */
  readonly isolated: boolean | null;
}

/** Runs engines. Never raises for what an engine does, only where `signal` is aborted. */
export interface EngineRunner {
  run(choice: EngineChoice, target: EngineTarget, options: EngineOptions): Promise<EngineReading>;
}

export interface EngineOptions {
  readonly limits: Limits;
  readonly signal: AbortSignal;
}
