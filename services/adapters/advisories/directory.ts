import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream, type Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import { type Manifest, parseManifest } from './manifest.ts';

/*
 * Where databases are installed:
 *
 *   ROOT/current            link to the build in use, swapped by rename
 *   ROOT/builds/NAME/       one build: manifest.json and data.mdb, never changed after its rename from a temporary name
 *   ROOT/downloads/         what `db update` fetched, for the next one to ask only for what is new
 */
export const MANIFEST = 'manifest.json';
export const DATA = 'data.mdb';
const CURRENT = 'current';
const BUILDS = 'builds';
const TEMPORARY = /^tmp-(\d{1,10})-[0-9a-f]{12}$/;
const BUILD = /^\d{8}T\d{6}Z-[0-9a-f]{12}$/;

/** PLIMSOLL_DB_DIR, else `plimsoll/db` below XDG_DATA_HOME (only if absolute), else ~/.local/share/plimsoll/db. */
export function databaseRoot(environment: Readonly<Record<string, string | undefined>>): string {
  if (environment.PLIMSOLL_DB_DIR) return resolve(environment.PLIMSOLL_DB_DIR);
  const xdg = environment.XDG_DATA_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'plimsoll', 'db');
  return join(environment.HOME || homedir(), '.local', 'share', 'plimsoll', 'db');
}

/** One build on disk whose owner, mode, size and manifest are what they must be. Its bytes were not read. */
export interface FoundBuild {
  readonly directory: string;
  readonly manifest: Manifest;
}

/**
 * The build that a directory has: the current one of a root, or the directory itself. Null where there is none at all;
 * DATABASE_UNUSABLE where there is one that cannot be trusted or read; `details.reason`: owner, mode, type, manifest, size.
 */
export async function findBuild(directory: string): Promise<FoundBuild | null> {
  const own = await lstat(join(directory, MANIFEST)).catch(absent);
  const current = own === null ? await lstat(join(directory, CURRENT)).catch(absent) : null;
  if (own === null && current === null) return null;
  await checkPlace(directory);
  if (current === null) return checkBuild(directory);
  if (!current.isSymbolicLink()) throw unusable('type', directory, 'its "current" is no link');
  const target = await readlink(join(directory, CURRENT));
  if (!/^builds\/[^/]+$/.test(target) || !BUILD.test(target.slice(BUILDS.length + 1))) {
    throw unusable('type', directory, `its "current" leads to ${target}, which is no build`);
  }
  await checkPlace(join(directory, BUILDS));
  return checkBuild(join(directory, target));
}

async function checkBuild(directory: string): Promise<FoundBuild> {
  const real = await realpath(directory).catch((cause) => {
    throw unusable('type', directory, `the build that is in use is gone (${messageOf(cause)})`);
  });
  await checkPlace(real);
  const manifestFile = await checkedFile(directory, MANIFEST);
  if (manifestFile.size > LIMITS.databaseManifestBytes)
    throw unusable('manifest', directory, 'its manifest is too long');
  const manifest = parseManifest(await readWhole(join(real, MANIFEST)));
  if (typeof manifest === 'string') throw unusable('manifest', directory, manifest);
  const data = await checkedFile(directory, DATA);
  if (data.size !== manifest.data.bytes) {
    // LMDB maps the file: one that is shorter than it says would end the process.
    throw unusable('size', directory, `${DATA} has ${data.size} bytes, and its manifest says ${manifest.data.bytes}`);
  }
  return { directory: real, manifest };
}

/** A directory into which nobody but its owner can have put anything, and whose owner is this user or root. */
async function checkPlace(directory: string): Promise<void> {
  const found = await lstat(await realpath(directory));
  if (!found.isDirectory()) throw unusable('type', directory, 'it is no directory');
  checkOwner(found, directory);
}

async function checkedFile(directory: string, name: string): Promise<Stats> {
  const found = await lstat(join(directory, name)).catch(absent);
  if (found === null) throw unusable('type', directory, `it has no ${name}`);
  if (!found.isFile()) throw unusable('type', directory, `its ${name} is no regular file`);
  checkOwner(found, join(directory, name));
  return found;
}

function checkOwner(found: Stats, path: string): void {
  const self = process.geteuid?.();
  // Root may have installed it for everybody, and could do anything to this process anyway.
  if (self !== undefined && found.uid !== self && found.uid !== 0) {
    throw unusable('owner', path, `it belongs to uid ${found.uid}, who could hide vulnerabilities in it`);
  }
  if ((found.mode & 0o022) !== 0) {
    const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
    throw unusable('mode', path, `it has mode ${mode}, so that others could hide vulnerabilities in it`);
  }
}

/** A new place for one build below a root, which is made where it is absent; only its owner sees it. */
export async function newBuild(root: string): Promise<string> {
  try {
    await mkdir(join(root, BUILDS), { recursive: true, mode: 0o700 });
    await checkPlace(root);
    await checkPlace(join(root, BUILDS));
    const directory = join(await realpath(root), BUILDS, `tmp-${process.pid}-${randomBytes(6).toString('hex')}`);
    await mkdir(directory, { mode: 0o700 });
    return directory;
  } catch (cause) {
    if (cause instanceof PlimsollError) throw cause;
    throw new PlimsollError('DATABASE_UNUSABLE', `No database can be written below ${root}: ${messageOf(cause)}.`, {
      cause,
      details: { reason: 'create' },
    });
  }
}

/**
 * Makes a finished build (from `newBuild`) the current one: readers see the old or the new one, whole. The one that was
 * current before stays for those who still read it; older ones and what killed processes left are removed.
 */
export async function install(root: string, directory: string, manifest: Manifest): Promise<string> {
  const name = `${manifest.builtAt.replace(/\.\d+/, '').replace(/[-:]/g, '')}-${randomBytes(6).toString('hex')}`;
  const real = await realpath(root);
  const before = await readlink(join(real, CURRENT)).catch(() => null);
  await syncPath(directory);
  await rename(directory, join(real, BUILDS, name));
  const link = join(real, BUILDS, `tmp-${process.pid}-${randomBytes(6).toString('hex')}`);
  await symlink(join(BUILDS, name), link);
  await rename(link, join(real, CURRENT));
  await syncPath(real);
  await removeOld(join(real, BUILDS), [name, before?.slice(BUILDS.length + 1) ?? '']);
  return join(real, BUILDS, name);
}

async function removeOld(builds: string, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(builds)) {
    const owner = TEMPORARY.exec(name)?.[1];
    const isOld = BUILD.test(name) && !kept.includes(name);
    const isOrphan = owner !== undefined && Number(owner) !== process.pid && !isAlive(Number(owner));
    if (isOld || isOrphan) await rm(join(builds, name), { recursive: true, force: true });
  }
}

/** SHA-256 of a file, read in pieces; hexadecimal. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function readWhole(path: string): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw new PlimsollError('DATABASE_UNUSABLE', `The advisory database cannot be read: ${error.message}.`, {
    cause: error,
    details: { reason: 'read' },
  });
}

export function unusable(reason: string, path: string, what: string): PlimsollError {
  return new PlimsollError(
    'DATABASE_UNUSABLE',
    `The advisory database ${path} is not used: ${what}. Install it again (plimsoll db update, db import or db build).`,
    { details: { reason } },
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
