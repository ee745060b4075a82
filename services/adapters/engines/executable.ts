import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, chmod, copyFile, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../domain/errors.ts';
import type { EngineChoice } from '../../pipeline/ports.ts';
import { EngineFailure } from './engine-failure.ts';

/**
 * The first program of this name in PATH, or null. Only absolute directories count: what lies in the working directory
 * is often what is under test.
 */
export async function findProgram(name: string, path: string | undefined): Promise<string | null> {
  for (const directory of (path ?? '').split(delimiter).filter(isAbsolute)) {
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

/**
 * The path to run. Where a digest is asked for, it is that of a private copy below `directory`, which is what gets run:
 * no one can change the program between the look and the start. Raises EngineFailure.
 */
export async function engineExecutable(
  { name, path, sha256 }: EngineChoice,
  searchPath: string | undefined,
  directory: string,
): Promise<string> {
  const found = path ?? (await findProgram(name, searchPath));
  if (found === null)
    throw new EngineFailure(`${name} is not in PATH; install it, or name it with --engine-path ${name}=FILE`);
  if (!(await isExecutable(found))) throw new EngineFailure(`${found} is no file that may be executed`);
  if (sha256 === null) return found;
  const copy = join(directory, name);
  try {
    await copyFile(found, copy, constants.COPYFILE_EXCL);
    await chmod(copy, 0o500);
  } catch (cause) {
    throw new EngineFailure(`${found} could not be copied to be checked: ${messageOf(cause)}`, { cause });
  }
  const actual = await sha256Of(copy);
  if (actual === sha256) return copy;
  throw new EngineFailure(`${found} has the SHA-256 ${actual}, not ${sha256}; it was not run`);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
