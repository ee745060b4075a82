import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUDGETS, heldByPeak, heldByRatio, heldByTime, skipped, type Verdict } from './budgets.ts';
import type { Command, Stopwatch } from './measure.ts';
import { alternate, type Contestant, type Series } from './rounds.ts';
import { absence, inProcesses, type Plimsoll, type Scanner, type Target } from './scanners.ts';
import { bytes } from './wording.ts';

/** What all sections share. */
export interface Bench {
  readonly watch: Stopwatch;
  /** Scratch; removed at the end. */
  readonly directory: string;
  readonly runs: number;
  readonly plimsoll: Plimsoll;
  readonly trivy: Scanner | null;
  readonly syft: Scanner | null;
}

/** What was held against each other, and what came of it. */
export interface Section {
  readonly title: string;
  readonly notes: readonly string[];
  readonly series: readonly Series[];
  readonly verdicts: readonly Verdict[];
}

const LISTED_DIFFERENCES = 5;

/** First scans of an OCI layout: every cache empty, the image's files in the page cache. */
export async function coldScanOfLayout(bench: Bench, target: Target): Promise<Section> {
  const found = await compareResults(bench, target);
  const blobs = found.layers.map(({ digest }) => join(target.path, 'blobs', digest.replace(':', '/')));
  const contestants = [
    ...coldScans(bench, target),
    coldScan(bench, inProcesses(bench.plimsoll), target),
    { name: 'decompression', command: decompression(blobs) },
  ];
  const measured = await alternate(contestants, bench.runs, bench.watch);
  const own = measured.get('plimsoll')!;
  const isolated = measured.get('plimsoll, processes')!;
  const { byTrivy, byDecompression, byThreads, peakBytes } = BUDGETS.cold;
  return {
    title: 'cold scan, OCI layout',
    notes: found.notes,
    series: [...measured.values()],
    verdicts: [
      found.verdict,
      heldByRatio('cold scan, OCI layout / Trivy', own, measured.get('trivy') ?? absence('trivy'), byTrivy),
      heldByRatio('cold scan, OCI layout / bare decompression', own, measured.get('decompression')!, byDecompression),
      heldByPeak('cold scan, OCI layout: peak memory', own, peakBytes),
      heldByRatio('cold scan, OCI layout: layers in processes / in threads', isolated, own, byThreads),
    ],
  };
}

/** First scans of a docker-archive. */
export async function coldScanOfArchive(bench: Bench, target: Target): Promise<Section> {
  const found = await compareResults(bench, target);
  const measured = await alternate(coldScans(bench, target), bench.runs, bench.watch);
  const byTrivy = measured.get('trivy') ?? absence('trivy');
  const limit = BUDGETS.dockerArchive.byTrivy;
  return {
    title: 'cold scan, docker-archive',
    notes: found.notes,
    series: [...measured.values()],
    verdicts: [
      found.verdict,
      heldByRatio('cold scan, docker-archive / Trivy', measured.get('plimsoll')!, byTrivy, limit),
    ],
  };
}

/** Scans of an OCI layout whose layers are all in the scanner's cache. Syft keeps none. */
export async function secondScanOfLayout(bench: Bench, target: Target): Promise<Section> {
  const contestants: Contestant[] = [];
  for (const scanner of [bench.plimsoll, bench.trivy]) {
    if (scanner === null) continue;
    const { name, command, prepare } = coldScan(bench, scanner, target);
    prepare?.();
    await bench.watch.measure(command);
    contestants.push({ name, command });
  }
  const measured = await alternate(contestants, bench.runs, bench.watch);
  const own = measured.get('plimsoll')!;
  const byTrivy = measured.get('trivy') ?? absence('trivy');
  return {
    title: 'second scan, OCI layout',
    notes: [],
    series: [...measured.values()],
    verdicts: [
      heldByTime('second scan, OCI layout: whole process', own, BUDGETS.second.wallMs),
      heldByRatio('second scan, OCI layout / Trivy', own, byTrivy, BUDGETS.second.byTrivy),
    ],
  };
}

/** One layer with a great many files, once. */
export async function manyFiles(bench: Bench, target: Target, files: number): Promise<Section> {
  const title = `layer with ${files.toLocaleString('en-GB')} files`;
  const measured = await alternate([coldScan(bench, bench.plimsoll, target)], 1, bench.watch);
  const own = measured.get('plimsoll')!;
  return {
    title,
    notes: [describeLayers(bench.plimsoll.layers(outputOf(bench, bench.plimsoll)))],
    series: [own],
    verdicts: [
      heldByTime(`${title}: whole process`, own, BUDGETS.manyFiles.wallMs),
      heldByPeak(`${title}: peak memory`, own, BUDGETS.manyFiles.peakBytes),
    ],
  };
}

/** Start-up, beside a Node that does nothing. */
export async function startUp(bench: Bench): Promise<Section> {
  const contestants = [
    { name: 'plimsoll --version', command: bench.plimsoll.run('--version') },
    { name: 'node -e 0', command: { program: process.execPath, args: ['-e', '0'] } },
  ];
  // Short runs vary more, and cost little.
  const measured = await alternate(contestants, 4 * bench.runs, bench.watch);
  const own = measured.get('plimsoll --version')!;
  const verdicts = [heldByTime('plimsoll --version', own, BUDGETS.version.wallMs)];
  return { title: 'start-up', notes: [], series: [...measured.values()], verdicts };
}

function coldScans(bench: Bench, target: Target): Contestant[] {
  const { plimsoll, trivy, syft } = bench;
  const contestants = [coldScan(bench, plimsoll, target)];
  if (trivy !== null) contestants.push(coldScan(bench, trivy, target));
  // For information; it takes its time.
  if (syft !== null) contestants.push({ ...coldScan(bench, syft, target), runs: 1 });
  return contestants;
}

/** With an empty cache in every run: it is filled, as it is by a user's first scan. */
function coldScan(bench: Bench, scanner: Scanner, target: Target): Contestant {
  const cache = join(bench.directory, `cache-${scanner.name}`);
  return {
    name: scanner.name,
    command: scanner.scan(target, { cache, output: outputOf(bench, scanner) }),
    prepare: () => rmSync(cache, { recursive: true, force: true }),
  };
}

function outputOf(bench: Bench, scanner: Scanner): string {
  return join(bench.directory, `${scanner.name}.json`);
}

/** A fast scan that misses packages is no scan: what Trivy lists, name, version and architecture, is listed too. */
async function compareResults(bench: Bench, target: Target) {
  const { plimsoll, trivy, watch } = bench;
  const listed = async (scanner: Scanner): Promise<Set<string>> => {
    const { command, prepare } = coldScan(bench, scanner, target);
    prepare?.();
    await watch.measure(command);
    return scanner.packages(outputOf(bench, scanner));
  };
  const own = await listed(plimsoll);
  const layers = plimsoll.layers(outputOf(bench, plimsoll));
  const notes = [describeLayers(layers)];
  const what = `${target.kind}: the same packages as Trivy`;
  if (trivy === null) return { layers, notes, verdict: skipped(what, absence('trivy')) };
  const theirs = await listed(trivy);
  const missed = [...theirs].filter((line) => !own.has(line));
  const extra = [...own].filter((line) => !theirs.has(line));
  for (const line of missed.slice(0, LISTED_DIFFERENCES)) notes.push(`only Trivy lists ${line}`);
  for (const line of extra.slice(0, LISTED_DIFFERENCES)) notes.push(`only Plimsoll lists ${line}`);
  const same = missed.length + extra.length === 0;
  const measured = same ? `${own.size}` : `${missed.length} missed, ${extra.length} more`;
  return { layers, notes, verdict: { outcome: same ? 'PASS' : 'OVER', what, measured } satisfies Verdict };
}

function describeLayers(layers: readonly { size: number }[]): string {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  return `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}, ${bytes(total)} as stored`;
}

function decompression(paths: readonly string[]): Command {
  const script = fileURLToPath(new URL('./decompress-only.js', import.meta.url));
  return { program: process.execPath, args: [script, ...paths] };
}
