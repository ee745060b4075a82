import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Confinement, ConfinementTerms, Programs } from '../../pipeline/engine-ports.ts';
import { strongestConfinement } from './confinement.ts';

/** Where system tools lie beside what PATH names; sbin is not in everybody's. */
const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin';

/** Programs that are installed on this machine. */
export class LocalPrograms implements Programs {
  readonly #searchPath: string | undefined;

  /** `searchPath` as PATH is written. */
  constructor(searchPath: string | undefined) {
    this.#searchPath = searchPath;
  }

  /** Only absolute directories count: what lies in the working directory is often what is under test. */
  async find(name: string): Promise<string | null> {
    return await firstOf(name, this.#searchPath ?? '');
  }

  async confine(terms: ConfinementTerms): Promise<Confinement> {
    return await strongestConfinement((name) => firstOf(name, `${this.#searchPath ?? ''}:${SYSTEM_PATH}`), terms);
  }
}

async function firstOf(name: string, path: string): Promise<string | null> {
  if (isAbsolute(name)) return (await isExecutable(name)) ? name : null;
  for (const directory of path.split(delimiter).filter(isAbsolute)) {
    const candidate = join(directory, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
