import { alpineSecdb } from './alpine-secdb.ts';
import { cvrf } from './cvrf.ts';
import { debianAdvisories } from './debian-advisories.ts';
import { debianTracker } from './debian-tracker.ts';
import { distroInfo } from './distro-info.ts';
import { epss } from './epss.ts';
import type { Feed } from './feed.ts';
import { kev } from './kev.ts';
import { nvd } from './nvd.ts';
import { osv } from './osv.ts';
import { redhatCsaf } from './redhat-csaf.ts';
import { ubuntuVex } from './ubuntu-vex.ts';
import { updateinfo } from './updateinfo.ts';

/** Every kind of feed that a database can be built from; the first that recognises a file reads it. OSV goes last. */
export const FEEDS: readonly Feed[] = [
  alpineSecdb,
  cvrf,
  debianAdvisories,
  debianTracker,
  distroInfo,
  epss,
  kev,
  nvd,
  redhatCsaf,
  ubuntuVex,
  updateinfo,
  osv,
];

/** The kind of one file, null where none knows it. */
export function recogniseFeed(name: string, head: string): Feed | null {
  return FEEDS.find((feed) => feed.recognises(name, head)) ?? null;
}
