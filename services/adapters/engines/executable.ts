import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../domain/errors.ts';
import type { EngineChoice, Programs } from '../../pipeline/engine-ports.ts';
import { EngineFailure } from './engine-failure.ts';

/**
 * The path to run. Where a digest is asked for, it is that of a private copy below `directory`, which is what gets run:
 * no one can change the program between the look and the start. Raises EngineFailure.
 */
export async function engineExecutable(
  { name, path, sha256 }: EngineChoice,
  programs: Programs,
  directory: string,
): Promise<string> {
  const found = path ?? (await programs.find(name));
  if (found === null)
    throw new EngineFailure(`${name} is not in PATH; install it, or name it with --engine-path ${name}=FILE`);
  if ((await programs.find(resolve(found))) === null)
    throw new EngineFailure(`${found} is no file that may be executed`);
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
