import type { Ecosystem } from '../ecosystem.ts';
import { installedName } from './location.ts';
import { readManifest } from './manifest.ts';
import { compare } from './version.ts';

/** Packages of Node.js as installed by npm, pnpm, yarn, bun, deno and Debian: each `package.json` is a record of its own. */
export const npm: Ecosystem = {
  id: 'npm',
  version: 1,
  roots: [],
  perFile: true,
  wants: (entry) => (installedName(entry.path) === null ? 'no' : 'whole'),
  readDatabase(files, { limits }) {
    const units = files.flatMap((file) => {
      const name = installedName(file.path);
      return name === null ? [] : [readManifest(file, name, limits)];
    });
    return { units };
  },
  compare,
};
