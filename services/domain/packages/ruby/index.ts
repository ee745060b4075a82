import type { Ecosystem } from '../ecosystem.ts';
import { readGemspec } from './gemspec.ts';
import { compare } from './version.ts';

/** Where RubyGems looks for what is installed, and for what came with Ruby. Gemspecs elsewhere are sources. */
const INSTALLED = /(?:^|\/)specifications\/(?:default\/)?[^/]+\.gemspec$/;
/** A gem that carries made-up gems to test itself. */
const FIXTURE = /\/gems\/[^/]+-[0-9][^/]*\/(?:.+\/)?(?:specs?|tests?|features|fixtures)\//;

function isInstalled(path: string): boolean {
  return INSTALLED.test(path) && !FIXTURE.test(path);
}

/** Gems as RubyGems, Bundler and Debian install them, default gems of Ruby included. */
export const ruby: Ecosystem = {
  id: 'ruby',
  version: 1,
  roots: [],
  perFile: true,
  wants: ({ path }) => (isInstalled(path) ? 'whole' : 'no'),
  readDatabase: (files, { limits }) => ({
    units: files.filter(({ path }) => isInstalled(path)).map((file) => readGemspec(file, limits)),
  }),
  compare,
};
