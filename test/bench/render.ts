import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { REPOSITORY } from '../support/repository.ts';
import type { Verdict } from './budgets.ts';
import type { ImageForms, Options } from './options.ts';
import { median, peakBytes, type Series, wallMs } from './rounds.ts';
import type { Bench, Section } from './sections.ts';
import { bytes, duration, table } from './wording.ts';

/** What was measured where, read before anything is measured. */
export function describeBench({ trivy, syft, watch }: Bench, options: Options, image: ImageForms): string[] {
  const [cpu] = cpus();
  const tools = [trivy, syft].flatMap((tool) => (tool === null ? [] : [`${tool.name} ${tool.version}`]));
  const forms = [image.ociDirectory, image.dockerArchive].filter((path) => path !== null).join(', ');
  const load = loadavg().map((average) => average.toFixed(1));
  return [
    `machine   ${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads, ${bytes(totalmem())}, ${type()} ${release()}`,
    `load      ${load.join(' ')} before the start (1, 5, 15 min)`,
    `measured  plimsoll ${revision()} from ${options.source ? 'services/ (types stripped while it starts)' : 'dist/'}, Node ${process.versions.node}`,
    `beside    ${tools.join(', ') || 'nothing'}`,
    `image     ${options.image === null ? `made in code, ${options.megabytes} MB: budgets are meant for one of about 2 GB` : forms}`,
    `method    whole processes, in turn; median of ${options.runs}; page cache warm${watch.hasUsage ? '' : '; no GNU time: wall time only'}`,
  ];
}

export function renderSection({ title, notes, series }: Section): string[] {
  if (series.length === 0) return [];
  const rows = series.map(row);
  return ['', title, ...table([HEAD, ...rows]), ...notes.map((note) => `  ${note}`)];
}

const HEAD = ['  whole process', 'runs', 'median', 'fastest', 'slowest', 'user', 'system', 'peak memory'];

function row(series: Series): string[] {
  const walls = series.runs.map((run) => run.wallMs);
  const usages = series.runs.flatMap(({ usage }) => usage ?? []);
  const measured = (values: number[]) => (values.length === 0 ? '-' : duration(median(values)));
  const peak = peakBytes(series);
  return [
    `  ${series.name}`,
    String(series.runs.length),
    duration(wallMs(series)),
    duration(Math.min(...walls)),
    duration(Math.max(...walls)),
    measured(usages.map(({ userMs }) => userMs)),
    measured(usages.map(({ systemMs }) => systemMs)),
    peak === null ? '-' : bytes(peak),
  ];
}

export function renderVerdicts(verdicts: readonly Verdict[]): string[] {
  const over = verdicts.filter(({ outcome }) => outcome === 'OVER').length;
  const failed = verdicts.filter(({ outcome }) => outcome === 'FAILED').length;
  const widths = Math.max(...verdicts.map(({ what }) => what.length));
  return [
    '',
    'budgets',
    ...verdicts.map(({ outcome, what, measured }) => `  ${outcome.padEnd(7)}  ${what.padEnd(widths)}  ${measured}`),
    ...(over + failed > 0 ? ['', `*** ${over} over the budget, ${failed} failed ***`] : []),
  ];
}

/** The commit, and whether files differ from it. */
function revision(): string {
  try {
    const git = ['describe', '--always', '--dirty=, changed'];
    return execFileSync('git', git, { cwd: REPOSITORY, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '(no git)';
  }
}
