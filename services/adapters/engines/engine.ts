import type { Limits } from '../../domain/limits.ts';
import type { EngineName, ForeignPackage } from '../../domain/report/engines.ts';
import type { EngineOptions, EngineTarget } from '../../pipeline/engine-ports.ts';
import type { PrivateDirectory } from './private-directory.ts';

/** What an engine said of one target. */
export interface EngineAnswer {
  readonly packages: readonly ForeignPackage[];
  /** Digest of the config of the image that it read; null where it names none. */
  readonly configDigest: string | null;
}

/** What there is to know of one engine: how it is asked, and what its answers mean. */
export interface Engine {
  readonly name: EngineName;
  readonly versionArgs: readonly string[];
  /** From what these arguments make it print; null where it says none. */
  versionOf(output: string): string | null;
  /** All of its environment, beside HOME and the like: settings that every version understands or ignores. */
  readonly environment: Readonly<Record<string, string>>;
  /** The arguments to list the packages of `target`, and what must lie in the directory for that. Raises EngineFailure. */
  prepare(target: EngineTarget, directory: PrivateDirectory, options: EngineOptions): Promise<readonly string[]>;
  /** From standard output. Raises EngineFailure for anything that is no such answer. */
  read(output: Uint8Array, limits: Limits): EngineAnswer;
}
