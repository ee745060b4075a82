import { PlimsollError } from '../domain/errors.ts';
import type { LayerProgress } from '../pipeline/layer-ports.ts';
import type { ScanDependencies, ScanRequest } from '../pipeline/scan-target.ts';
import type { EngineOptions } from './engine-options.ts';
import { printable } from './printable.ts';
import { ProgressDisplay } from './progress.ts';
import { registryChoice } from './registry-options.ts';
import type { ScanOptions } from './scan-options.ts';
import { scanRequest } from './scan-request.ts';
import type { CacheSession, Session } from './session.ts';

/**
 * Runs one use case over a target with all that surrounds it: the cache, progress, the time limit, and Ctrl-C, which
 * stops the threads and leaves neither temporary files nor half-written entries.
 */
export async function withScan<Result>(
  session: Session,
  target: string,
  options: ScanOptions & EngineOptions,
  use: (request: ScanRequest, dependencies: ScanDependencies) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const progress = new ProgressDisplay(session.stderr);
  const note = (message: string): void => {
    if (options.quiet) return;
    progress.clear();
    session.stderr.write(`${printable(message)}\n`);
  };
  const onProgress = (event: LayerProgress): void => {
    if (options.verbose && event.state !== 'reading') note(describe(event));
    if (!options.quiet) progress.sink(event);
  };
  const request = scanRequest(target, options, onProgress, stop.signal);
  const seconds = request.limits.scanMs / 1_000;
  const timer = setTimeout(() => {
    stop.abort(new PlimsollError('TIMEOUT', `the scan took longer than ${seconds} s; --timeout allows more`));
  }, request.limits.scanMs);
  let cache: CacheSession | null = null;
  const removeHandlers = session.onStop((signal) => {
    cache?.discardUnfinished();
    stop.abort(new PlimsollError('CANCELLED', `stopped by ${signal}`));
  });
  try {
    const registry = request.target.kind === 'registry' ? request.target.reference.registry : null;
    cache = options.cache ? await openCache(session, options, note) : null;
    return await use(
      request,
      await session.scanDependencies(cache, registryChoice(registry, options), options.isolation),
    );
  } finally {
    clearTimeout(timer);
    progress.clear();
    await cache?.close();
    removeHandlers();
  }
}

/** A scan does not fail for want of a cache that nobody asked for: a read-only home directory is common in CI. */
async function openCache(
  session: Session,
  options: ScanOptions,
  note: (message: string) => void,
): Promise<CacheSession | null> {
  const onWarning = (message: string): void => note(`warning: ${message}`);
  try {
    return await session.openCache({ directory: options.cacheDir, onWarning });
  } catch (error) {
    const cannotCreate = error instanceof PlimsollError && error.details.reason === 'create';
    if (!cannotCreate || options.cacheDir !== undefined || session.environment.PLIMSOLL_CACHE_DIR) throw error;
    onWarning(`${error.message} The scan goes on without a cache.`);
    return null;
  }
}

function describe({ layer, layers, state, readBytes, entries }: LayerProgress): string {
  const from = state === 'cached' ? 'facts from the cache' : `${readBytes} bytes, ${entries} entries`;
  return `layer ${layer} of ${layers}: ${state}, ${from}`;
}
