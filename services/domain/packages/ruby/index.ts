import type { Ecosystem } from '../ecosystem.ts';
import { haveFixtures } from '../fixture-folders.ts';
import { readGemspec } from './gemspec.ts';
import { compare } from './version.ts';

/** Where RubyGems looks for what is installed, and for what came with Ruby. Gemspecs elsewhere are sources. */
const INSTALLED = /(?:^|\/)specifications\/(?:default\/)?[^/]+\.gemspec$/;
/** The sources of an installed gem. */
const SOURCES = /(?:^|\/)gems\/[^/]+-[0-9][^/]*\//;

/** A gem may carry made-up gems to test itself. */
function isInstalled(path: string): boolean {
  if (!INSTALLED.test(path)) return false;
  const sources = SOURCES.exec(path);
  return sources === null || !haveFixtures(path.slice(sources.index + sources[0].length).split('/'));
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
