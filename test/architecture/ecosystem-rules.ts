const PACKAGES = 'services/domain/packages/';

/** The registry's ids against the folders of ecosystems: one line for each fault. */
export function ecosystemFaults(ids: readonly string[], files: readonly string[]): string[] {
  const faults: string[] = [];
  const folders = new Map<string, string[]>();
  for (const file of files.filter((path) => path.startsWith(PACKAGES))) {
    const [folder, ...rest] = file.slice(PACKAGES.length).split('/');
    if (rest.length > 0) folders.set(folder!, [...(folders.get(folder!) ?? []), rest.join('/')]);
  }
  if (ids.join() !== [...ids].sort().join()) faults.push(`the registry is not sorted by id: ${ids.join(', ')}`);
  for (const id of ids) if (!folders.has(id)) faults.push(`${id}: a line in the registry, but no folder`);
  for (const [folder, contents] of folders) {
    if (!ids.includes(folder)) faults.push(`${folder}: a folder, but no line in the registry`);
    for (const needed of ['index.ts', 'version.ts', 'versions.txt']) {
      if (!contents.includes(needed)) faults.push(`${folder}: has no ${needed}`);
    }
    if (!contents.some((file) => file.endsWith('.test.ts'))) faults.push(`${folder}: has no test`);
  }
  return faults;
}
