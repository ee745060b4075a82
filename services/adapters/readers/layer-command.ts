import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Limits } from '../../domain/limits.ts';
import type { ConfinementTerms } from '../../pipeline/engine-ports.ts';

/** The heap of the process; what lies outside of it is bounded by the memory of the whole. */
const HEAP_MB = 1_024;
/** Entries die young: a bigger nursery only holds more of them at once. */
const SEMI_SPACE_MB = 8;

/**
 * What starts Node with `script` under its permission model: it may read our code, and has no leave to read or write any other file,
 * to start a process or a thread, or to load native code (nodejs.org/api/permissions.html).
 */
export function layerCommand(script: URL): readonly string[] {
  const file = fileURLToPath(script);
  return [
    process.execPath,
    '--permission',
    ...codePaths(file).map((path) => `--allow-fs-read=${path}`),
    `--max-old-space-size=${HEAP_MB}`,
    `--max-semi-space-size=${SEMI_SPACE_MB}`,
    file,
  ];
}

/** What the process of a layer is to be held by. It is tried out on one that finds no task, and ends. */
export function layerTerms(script: URL, { layerProcessBytes }: Limits): ConfinementTerms {
  return {
    limits: [`--data=${layerProcessBytes}`, '--core=0', '--fsize=0'],
    powerless: true,
    visible: [...codePaths(fileURLToPath(script)), process.execPath],
    probe: layerCommand(script),
  };
}

/** Our own, and the libraries: as Node looks for them, below each folder above. */
function codePaths(file: string): string[] {
  const paths = [dirname(file)];
  for (let at = dirname(paths[0]!); ; at = dirname(at)) {
    paths.push(...[join(at, 'node_modules'), join(at, 'package.json')].filter(existsSync));
    if (at === dirname(at)) return paths;
  }
}
