import { parentOf } from '../layers/path.ts';

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
