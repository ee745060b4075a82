import { baseOf, parentOf } from '../layers/path.ts';
import type { DatabaseFile } from './ecosystem.ts';

/** Folders that package managers and git fill: lockfiles in there are of what is installed, and nobody's wish. */
const INSTALLED_FOLDERS: ReadonlySet<string> = new Set(['.git', 'node_modules', 'site-packages', 'dist-packages']);

/** Whether a folder of this name holds what was installed into a project, not the project. */
export function isInstalledFolder(name: string): boolean {
  return INSTALLED_FOLDERS.has(name);
}

/** Whether a file is a project's own. */
export function isProjectFile(path: string): boolean {
  return !parentOf(path).split('/').some(isInstalledFolder);
}

/** A lockfile, and the manifests of its project: those at its place and below, as far as they have no lockfile nearer. */
export interface ProjectFiles {
  readonly lock: DatabaseFile;
  readonly manifests: readonly DatabaseFile[];
}

/** The lockfiles among the files, each with its project's manifests: workspaces share the lockfile of their root. */
export function filesByProject(files: readonly DatabaseFile[], lockName: string, manifestName: string): ProjectFiles[] {
  const named = (name: string): DatabaseFile[] => files.filter(({ path }) => baseOf(path) === name);
  const locks = named(lockName);
  const projects = new Set(locks.map(({ path }) => parentOf(path)));
  const manifests = Map.groupBy(named(manifestName), ({ path }) => projectOf(parentOf(path), projects));
  return locks.map((lock) => ({ lock, manifests: manifests.get(parentOf(lock.path)) ?? [] }));
}

/** The nearest folder upwards with a lockfile. */
function projectOf(folder: string, projects: ReadonlySet<string>): string | null {
  for (let at = folder; ; at = parentOf(at)) {
    if (projects.has(at)) return at;
    if (at === '') return null;
  }
}
