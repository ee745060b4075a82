import type { Ecosystem } from '../ecosystem.ts';
import { readDependenciesFile } from './dependencies-file.ts';
import { compare } from './version.ts';

/** Packages of NuGet in published .NET applications, tools, and the SDK. */
export const dotnet: Ecosystem = {
  id: 'dotnet',
  version: 1,
  roots: [],
  perFile: true,
  wants: ({ path }) => (path.endsWith('.deps.json') ? 'whole' : 'no'),
  readDatabase: (files, { limits }) => ({ units: files.map((file) => readDependenciesFile(file, limits)) }),
  compare,
};
