/**
 * `npm run bench`: the scan budgets, as ratios measured side by side in one run. See docs/benchmarks.md.
 * Progress goes to standard error, the result to standard output.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../support/repository.ts';
import { skipped, type Verdict } from './budgets.ts';
import { buildDatabase, matchImages } from './database-sections.ts';
import { writeManyFiles } from './many-files.ts';
import { Stopwatch } from './measure.ts';
import { type ImageForms, type Options, parseOptions, USAGE } from './options.ts';
import { describeBench, renderSection, renderVerdicts } from './render.ts';
import { writeSampleAdvisories } from './sample-advisories.ts';
import { writeSampleImage } from './sample-image.ts';
import { plimsoll, syft, trivy } from './scanners.ts';
import {
  type Bench,
  coldScanOfArchive,
  coldScanOfLayout,
  manyFiles,
  type Section,
  secondScanOfLayout,
  startUp,
} from './sections.ts';

const say = (line: string) => process.stderr.write(`bench: ${line}\n`);

/** Returns the exit code. */
async function run(options: Options, directory: string, watch: Stopwatch): Promise<number> {
  if (!options.source) {
    say('building dist/');
    execFileSync(process.execPath, [join(REPOSITORY, 'scripts/build.ts')], { stdio: ['ignore', 2, 2] });
  }
  const { runs, source } = options;
  const bench: Bench = { watch, directory, runs, plimsoll: plimsoll(source), trivy: trivy(), syft: syft() };
  const image = options.image ?? (await sampleImage(options.megabytes, directory));
  const head = describeBench(bench, options, image);
  const sections = [
    await section('start-up', () => startUp(bench)),
    ...(await layoutSections(bench, image.ociDirectory)),
    await archiveSection(bench, image.dockerArchive),
    await manyFilesSection(bench, options.files),
    ...(await databaseSections(bench, options)),
  ];
  const verdicts = sections.flatMap((each) => each.verdicts);
  const lines = [...head, ...sections.flatMap(renderSection), ...renderVerdicts(verdicts)];
  process.stdout.write(`${lines.join('\n')}\n`);
  const has = (outcome: Verdict['outcome']) => verdicts.some((verdict) => verdict.outcome === outcome);
  return has('FAILED') || (has('OVER') && options.strict) ? 1 : 0;
}

async function sampleImage(megabytes: number, directory: string): Promise<ImageForms> {
  say(`making an image of ${megabytes} MB`);
  const folder = join(directory, 'image');
  mkdirSync(folder);
  return writeSampleImage(folder, megabytes);
}

async function layoutSections(bench: Bench, path: string | null): Promise<Section[]> {
  if (path === null) return [leftOut('scans of an OCI layout', 'no --image oci-dir:DIR')];
  const target = { kind: 'oci-dir', path } as const;
  return [
    await section('cold scan, OCI layout', () => coldScanOfLayout(bench, target)),
    await section('second scan, OCI layout', () => secondScanOfLayout(bench, target)),
  ];
}

async function archiveSection(bench: Bench, path: string | null): Promise<Section> {
  const title = 'cold scan, docker-archive';
  if (path === null) return leftOut(title, 'no --image docker-archive:FILE');
  return section(title, () => coldScanOfArchive(bench, { kind: 'docker-archive', path }));
}

async function manyFilesSection(bench: Bench, files: number): Promise<Section> {
  const title = 'layer with many files';
  if (files === 0) return leftOut(title, '--files 0');
  const path = join(bench.directory, 'many-files');
  return section(title, async () => {
    await writeManyFiles(path, files, progress(files));
    say('written, scanning');
    return manyFiles(bench, { kind: 'oci-dir', path }, files);
  });
}

async function databaseSections(bench: Bench, { advisories, records }: Options): Promise<Section[]> {
  if (advisories.length === 0 && records === 0) return [leftOut('advisory database and matching', '--records 0')];
  const paths = advisories.length > 0 ? advisories : [writeSampleAdvisories(bench.directory, records)];
  return [
    await section('advisory database', () => buildDatabase(bench, paths)),
    await section('matching', () => matchImages(bench, paths)),
  ];
}

/** Says each tenth. */
function progress(files: number): (done: number) => void {
  let said = 0;
  return (done) => {
    const tenths = Math.floor((10 * done) / files);
    if (tenths > said) say(`${10 * tenths} % of ${files} files written`);
    said = tenths;
  };
}

/** A section that fails does not stop the others. */
async function section(title: string, measure: () => Promise<Section>): Promise<Section> {
  say(title);
  try {
    return await measure();
  } catch (error) {
    const message = messageOf(error);
    say(`${title}: ${message}`);
    const [measured = ''] = message.split('\n');
    return { title, notes: [], series: [], verdicts: [{ outcome: 'FAILED', what: title, measured }] };
  }
}

function leftOut(title: string, reason: string): Section {
  return { title, notes: [], series: [], verdicts: [skipped(title, reason)] };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function options(): Options | null {
  try {
    const parsed = parseOptions(process.argv.slice(2));
    if (parsed !== 'help') return parsed;
    process.stdout.write(USAGE);
  } catch (error) {
    process.stderr.write(`bench: ${messageOf(error)}\n\n${USAGE}`);
    process.exitCode = 1;
  }
  return null;
}

const parsed = options();
if (parsed !== null) {
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  const watch = new Stopwatch(directory);
  process.on('exit', () => {
    watch.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));
  try {
    process.exitCode = await run(parsed, directory, watch);
  } catch (error) {
    say(messageOf(error));
    process.exitCode = 1;
  }
}
