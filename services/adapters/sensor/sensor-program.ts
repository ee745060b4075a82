import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { PlimsollError } from '../../domain/errors.ts';

/**
 * The real path of the sensor, which runs as root: a file that root or we own and nobody else may write. SENSOR_MISSING,
 * SENSOR_FAILED.
 */
export async function sensorProgram(path: string, isNamed: boolean): Promise<string> {
  let real: string;
  try {
    real = await realpath(path);
    await access(real, constants.X_OK);
  } catch (cause) {
    const remedy = isNamed
      ? 'Name the built file with --sensor.'
      : 'It is native code and not part of the npm package: in a checkout run `npm run sensor` (needs make, gcc, clang, libbpf-dev and libelf-dev), or name a built one with --sensor FILE.';
    throw new PlimsollError('SENSOR_MISSING', `There is no sensor at ${path}. ${remedy}`, { cause });
  }
  const found = await stat(real);
  const isOurs = found.uid === 0 || found.uid === process.geteuid?.();
  if (!found.isFile() || !isOurs || (found.mode & 0o022) !== 0) {
    throw new PlimsollError(
      'SENSOR_FAILED',
      `The sensor ${real} was not started: others may write it, and it would run as root. Correct its owner (root) and mode (0755).`,
    );
  }
  return real;
}
