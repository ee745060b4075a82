import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where one engine lives while it runs: nobody else can look into it, and all of it goes when the run ends. */
export interface PrivateDirectory {
  /** Empty, and the working directory: engines look there for their own configuration. */
  readonly work: string;
  readonly home: string;
  readonly cache: string;
  readonly temporary: string;
  /** What we make for the engine to read: its executable, the image in a form that it knows. */
  readonly input: string;
  remove(): Promise<void>;
}

export async function privateDirectory(): Promise<PrivateDirectory> {
  const directory = await mkdtemp(join(tmpdir(), 'plimsoll-engine-'));
  const make = async (name: string): Promise<string> => {
    const path = join(directory, name);
    await mkdir(path, { mode: 0o700 });
    return path;
  };
  return {
    work: await make('work'),
    home: await make('home'),
    cache: await make('cache'),
    temporary: await make('tmp'),
    input: await make('input'),
    remove: () => removeTree(directory),
  };
}

/** Also where the engine took our rights to a directory away. */
async function removeTree(directory: string): Promise<void> {
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true, maxRetries: 3 });
  await remove().catch(async () => {
    await openDirectories(directory);
    await remove();
  });
}

async function openDirectories(top: string): Promise<void> {
  const waiting = [top];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    await chmod(path, 0o700);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory()) waiting.push(join(path, entry.name));
    }
  }
}
