import picomatch from 'picomatch/posix.js';
import { joinPath, normalizePath } from './path.ts';

/**
 * Which files the user left out. Patterns are globs over whole paths ('**' crosses directories), with or without a
 * leading slash: a directory pattern takes everything below it along.
 */
export function skipMatcher(directories: readonly string[], files: readonly string[]): (path: string) => boolean {
  if (directories.length === 0 && files.length === 0) return () => false;
  const below = directories.map((glob) => joinPath(normalizePath(glob).path, '**'));
  const patterns = [...below, ...files.map((glob) => normalizePath(glob).path)];
  return picomatch(patterns, { dot: true });
}
