import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DATA, findBuild } from '../../services/adapters/advisories/directory.ts';
import { LmdbAdvisories } from '../../services/adapters/advisories/lmdb-advisories.ts';
import { findBinaries } from '../../services/adapters/store/postgres-binaries.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { namespacesOf } from '../../services/domain/vulnerabilities/namespace.ts';
import { matchVulnerabilities } from '../../services/pipeline/match-vulnerabilities.ts';
import { BUDGETS, heldByPeak, heldByTime, heldTo, skipped, type Verdict } from './budgets.ts';
import { knownReport } from './known-packages.ts';
import type { MatchTimes } from './match-known.ts';
import type { RescanTimes } from './rescan-known.ts';
import { alternate, median } from './rounds.ts';
import type { Bench, Section } from './sections.ts';
import { bytes, duration } from './wording.ts';

const PACKAGES = 1_000;
const IMAGES = 1_000;
const PACKAGES_OF_IMAGE = 200;

/** A database of all that the paths hold, built by the command. */
export async function buildDatabase(bench: Bench, paths: readonly string[]): Promise<Section> {
  const directory = databaseOf(bench);
  const command = bench.plimsoll.run('db', 'build', '--quiet', ...from(paths), '--output', directory);
  const measured = await alternate([{ name: 'plimsoll db build', command }], 1, bench.watch);
  const series = measured.get('plimsoll db build')!;
  const { directory: build, manifest } = (await findBuild(directory))!;
  const { records, packages } = manifest.counts;
  const size = statSync(join(build, DATA)).size;
  return {
    title: 'advisory database',
    notes: [`${records} advisories for ${packages} packages in ${manifest.feeds.length} feeds, ${bytes(size)}`],
    series: [series],
    verdicts: [heldByPeak('advisory database: peak memory of the build', series, BUDGETS.database.peakBytes)],
  };
}

/** One large image, and many stored ones, matched with the database of `buildDatabase`. */
export async function matchImages(bench: Bench, paths: readonly string[]): Promise<Section> {
  const before = databaseOf(bench);
  const report = join(bench.directory, 'known.json');
  const reports = join(bench.directory, 'reports');
  const touched = await writeReports(before, report, reports);
  const after = join(bench.directory, 'db-after');
  const change = join(bench.directory, 'change.json');
  writeFileSync(change, JSON.stringify(touched));
  await bench.watch.measure(
    bench.plimsoll.run('db', 'build', '--quiet', ...from([...paths, change]), '--output', after),
  );
  const script = fileURLToPath(new URL('./match-known.ts', import.meta.url));
  const times = JSON.parse(
    execFileSync(process.execPath, [script, after, report, reports], { encoding: 'utf8' }),
  ) as MatchTimes;
  const diff = bench.plimsoll.run('db', 'diff', before, after, '--report', reports, '--json');
  const measured = await alternate([{ name: 'plimsoll db diff --report', command: diff }], 1, bench.watch);
  const { matching } = BUDGETS;
  const [first, ...warm] = times.matchMs;
  const images = `${times.folder.reports} stored images`;
  return {
    title: 'matching',
    notes: [
      `${times.packages} packages, each with advisories: ${times.vulnerabilities} vulnerabilities; ${duration(first!)} the first time in a process`,
      `${Math.round(times.lookups.perSecond)} look-ups a second in one thread, with ${times.lookups.advisories} advisories unpacked`,
      `${images} of ${Math.round(times.folder.packages / times.folder.reports)} packages, of which the change touches one each`,
    ],
    series: [...measured.values()],
    verdicts: [
      heldTo(`${times.packages} packages matched, database open`, median(warm), matching.packagesMs),
      heldTo(`${images} read and matched again in whole`, times.folder.ms, matching.imagesMs),
      heldByTime(
        `${images} after a change: db diff --report`,
        measured.get('plimsoll db diff --report')!,
        matching.imagesMs,
      ),
      rescan(before, after, reports),
    ],
  };
}

/** The same in the store, as `serve` does it. */
function rescan(before: string, after: string, reports: string): Verdict {
  const what = 'stored images judged again in PostgreSQL, policies included';
  if (findBinaries(null, null, process.env.PATH) === null) return skipped(what, 'no PostgreSQL on this machine');
  const script = fileURLToPath(new URL('./rescan-known.ts', import.meta.url));
  const output = execFileSync(process.execPath, [script, before, after, reports], { encoding: 'utf8' });
  const { judged, bytes: stored, ms } = JSON.parse(output) as RescanTimes;
  return heldTo(`${judged} ${what}, ${bytes(stored / judged)} each`, ms, BUDGETS.matching.imagesMs);
}

/** One large report, and many smaller ones that share a package, as they were matched; a new record on that package. */
async function writeReports(directory: string, file: string, folder: string): Promise<object> {
  const database = (await LmdbAdvisories.open(directory))!;
  try {
    const known = knownReport(database, PACKAGES);
    const [shared, ...others] = known.packages;
    writeFileSync(file, serializeReport(known));
    mkdirSync(folder);
    for (let i = 0; i < IMAGES; i++) {
      const from = (i * 7) % Math.max(1, others.length - PACKAGES_OF_IMAGE);
      const packages = [shared!, ...others.slice(from, from + PACKAGES_OF_IMAGE - 1)];
      const image = matchVulnerabilities({ ...known, packages }, database);
      writeFileSync(join(folder, `${String(i).padStart(4, '0')}.json`), serializeReport(image));
    }
    return recordOn(namespacesOf(shared!, known.image).names[0]!, shared!.name);
  } finally {
    await database.close();
  }
}

/** A new record on a package, as a feed brings it. */
function recordOn(ecosystem: string, name: string): object {
  return {
    id: 'CVE-2099-0001',
    modified: '2099-01-01T00:00:00Z',
    affected: [{ package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] }],
  };
}

function databaseOf({ directory }: Bench): string {
  return join(directory, 'db');
}

function from(paths: readonly string[]): string[] {
  return paths.flatMap((path) => ['--from', path]);
}
