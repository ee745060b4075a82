import type { Ecosystem } from '../ecosystem.ts';
import { haveFixtures } from '../fixture-folders.ts';
import { readInstalled } from './installed.ts';
import { compare } from './version.ts';

/** `vendor` may have any name. */
const INSTALLED = /(?:^|\/)composer\/installed\.json$/;
/** The folder of an installed package, and what lies in it. */
const PACKAGE = /(?:^|\/)vendor\/(?!composer\/installed\.json)[^/]+\/[^/]+\/(.+)\/composer\/installed\.json$/;

/** A package may carry made-up projects to test itself. */
function isInstalled(path: string): boolean {
  return INSTALLED.test(path) && !haveFixtures(PACKAGE.exec(path)?.[1]?.split('/') ?? []);
}

/** Packages of PHP as Composer installs them. */
export const php: Ecosystem = {
  id: 'php',
  version: 1,
  roots: [],
  perFile: true,
  wants: ({ path }) => (isInstalled(path) ? 'whole' : 'no'),
  readDatabase: (files, { limits }) => ({
    units: files.filter(({ path }) => isInstalled(path)).map((file) => readInstalled(file, limits)),
  }),
  compare,
};
