import fc from 'fast-check';
import type { RawEntry } from './unpacked-image.ts';

/**
 * Stacks of layers over so few names that everything happens: the same name again, links to files and directories, in
 * circles and to nowhere, names that lead through links, deletions of all that.
 */

const NAMES = ['a', 'b', 'c'];
const DEEPEST = 3;

/** Every path that the alphabet allows. */
export const PATHS = pathsOf(DEEPEST);

function pathsOf(depth: number): string[] {
  if (depth === 0) return [];
  const inner = pathsOf(depth - 1);
  return NAMES.flatMap((name) => [name, ...inner.map((path) => `${name}/${path}`)]);
}

const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: DEEPEST }).map((parts) => parts.join('/'));
export const SPELLED_PATHS = fc
  .tuple(fc.constantFrom('', '', '', '', './', '/', '../', 'a/../'), path, fc.constantFrom('', '', '', '/', '/.'))
  .map((pieces) => pieces.join(''));
export const LINK_TARGETS = fc.oneof(
  path,
  path.map((text) => `/${text}`),
  path.map((text) => `../${text}`),
  fc.constantFrom('.', '..', '/', '../..', 'nowhere', 'a/nowhere', './b'),
);
const marker = fc
  .tuple(fc.option(path), fc.constantFrom(...NAMES.map((name) => `.wh.${name}`), '.wh..wh..opq'))
  .map(([directory, name]) => (directory === null ? name : `${directory}/${name}`));
const mode = fc.constantFrom(0o700, 0o750, 0o755);

const entry: fc.Arbitrary<Omit<RawEntry, 'size'>> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ name: SPELLED_PATHS, type: fc.constant('file' as const) }) },
  { weight: 4, arbitrary: fc.record({ name: SPELLED_PATHS, type: fc.constant('directory' as const), mode }) },
  {
    weight: 4,
    arbitrary: fc.record({ name: SPELLED_PATHS, type: fc.constant('symlink' as const), target: LINK_TARGETS }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ name: SPELLED_PATHS, type: fc.constant('hardlink' as const), target: SPELLED_PATHS }),
  },
  { weight: 1, arbitrary: fc.record({ name: SPELLED_PATHS, type: fc.constant('fifo' as const) }) },
  { weight: 3, arbitrary: fc.record({ name: marker, type: fc.constant('file' as const) }) },
);
/** Base first. Files are told apart by their sizes. */
export const STACKS: fc.Arbitrary<RawEntry[][]> = fc
  .array(fc.array(entry, { maxLength: 8 }), { minLength: 1, maxLength: 4 })
  .map((layers) => layers.map((entries, i) => entries.map((one, j) => ({ ...one, size: 100 * i + j + 1 }))));
