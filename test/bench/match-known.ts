/**
 * `node match-known.ts DATABASE REPORT FOLDER`: what matching takes in a process that does nothing else and has the database
 * open: of one report, again and again, and of every report of a folder. Prints MatchTimes as JSON.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbAdvisories } from '../../services/adapters/advisories/lmdb-advisories.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { lookupKeys } from '../../services/domain/vulnerabilities/statement.ts';
import { matchVulnerabilities } from '../../services/pipeline/match-vulnerabilities.ts';

export interface MatchTimes {
  readonly packages: number;
  readonly vulnerabilities: number;
  /** The first before anything was compiled. */
  readonly matchMs: readonly number[];
  /** Unpacked, of packages that were not looked up before; and how many advisories came of them. */
  readonly lookups: { readonly perSecond: number; readonly advisories: number };
  readonly folder: { readonly reports: number; readonly packages: number; readonly ms: number };
}

const RUNS = 15;

const [directory, file, folder] = process.argv.slice(2) as [string, string, string];
const database = (await LmdbAdvisories.open(directory))!;
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Report;
const timed = (work: () => void): number => {
  const started = performance.now();
  work();
  return performance.now() - started;
};

const report = read(file);
let vulnerabilities = 0;
const matchMs = Array.from({ length: RUNS }, () =>
  timed(() => {
    vulnerabilities = matchVulnerabilities(report, database).vulnerabilities!.length;
  }),
);
// A database of its own: what was looked up before is kept.
const fresh = (await LmdbAdvisories.open(directory))!;
let advisories = 0;
const keys = report.packages.flatMap((item) => lookupKeys(item, report.image));
const lookupMs = timed(() => {
  for (const { namespace, name } of keys)
    for (const { affected } of fresh.lookup(namespace, name)) advisories += affected.length;
});
await fresh.close();
let packages = 0;
const names = readdirSync(folder);
const folderMs = timed(() => {
  for (const name of names) packages += matchVulnerabilities(read(join(folder, name)), database).packages.length;
});
const times: MatchTimes = {
  packages: report.packages.length,
  vulnerabilities,
  matchMs,
  lookups: { perSecond: keys.length / (lookupMs / 1_000), advisories },
  folder: { reports: names.length, packages, ms: folderMs },
};
process.stdout.write(`${JSON.stringify(times)}\n`);
await database.close();
