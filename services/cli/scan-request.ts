import { PlimsollError } from '../domain/errors.ts';
import { parsePlatform } from '../domain/image/platform.ts';
import { parseTarget } from '../domain/image/target.ts';
import { LIMITS } from '../domain/limits.ts';
import type { ProgressSink } from '../pipeline/layer-ports.ts';
import type { ScanRequest } from '../pipeline/scan-target.ts';
import { parseDuration } from './duration.ts';
import { type EngineOptions, parseEngines } from './engine-options.ts';
import type { ScanOptions } from './scan-options.ts';

/** From what was typed to what is done. */
export function scanRequest(
  target: string,
  options: ScanOptions & EngineOptions & { readonly offline?: boolean },
  onProgress: ProgressSink,
  signal: AbortSignal,
): ScanRequest {
  if (options.quiet && options.verbose) throw new PlimsollError('USAGE', '--quiet and --verbose exclude each other');
  const {
    platform,
    inventory,
    skipDirs = [],
    skipFiles = [],
    crossMounts = false,
    lockfiles = false,
    useSboms = false,
    timeout,
  } = options;
  const parsed = parseTarget(target);
  const engines = parseEngines(options);
  if (parsed.kind === 'registry' && options.offline) {
    throw new PlimsollError(
      'USAGE',
      `${parsed.path} lies in a registry, and --offline forbids to ask it; a file is written ./FILE`,
    );
  }
  if (parsed.kind === 'registry' && engines.length > 0) {
    throw new PlimsollError(
      'USAGE',
      'engines read files, not registries; copy the image first: skopeo copy docker://… oci:DIR',
    );
  }
  return {
    target: parsed,
    platform: platform === undefined ? null : platform === 'all' ? 'all' : parsePlatform(platform),
    fullInventory: inventory === 'full',
    crossMounts,
    readLockfiles: lockfiles,
    useSboms,
    skipDirs,
    skipFiles,
    engines,
    limits: { ...LIMITS, scanMs: parseDuration(timeout, '--timeout') },
    onProgress,
    signal,
  };
}
