import { type Gap, gap } from '../domain/completeness.ts';
import { mergeEngines } from '../domain/report/merge-engines.ts';
import type { Report } from '../domain/report/report.ts';
import type { EngineChoice, EngineOptions, EngineReading, EngineRunner, EngineTarget } from './engine-ports.ts';

export interface EnginesOptions extends EngineOptions {
  readonly engines: readonly EngineChoice[];
  readonly clock: { elapsed(): number };
}

/**
 * Runs the engines that were asked for, one after another, and adds what they found to our report of the same target:
 * packages, which engine said what, and a blocking gap for each that failed.
 */
export async function runEngines(
  report: Report,
  target: EngineTarget,
  runner: EngineRunner,
  { engines, clock, ...options }: EnginesOptions,
): Promise<Report> {
  const readings: EngineReading[] = [];
  const timings: Record<string, number> = {};
  for (const choice of engines) {
    const started = clock.elapsed();
    readings.push(await runner.run(choice, target, options));
    timings[`${choice.name}Ms`] = clock.elapsed() - started;
  }
  const found = readings.map(({ name, packages }) => ({ engine: name, packages }));
  const { packages, unusable } = mergeEngines(report.packages, report.image.layers, found);
  const gaps = [
    ...report.completeness.gaps,
    ...readings.flatMap(gapsOf),
    ...[...unusable].map(([name, purls]) => unusableGap(name, purls, options.limits.listedFlaws)),
  ];
  return {
    ...report,
    engines: [
      ...report.engines,
      ...readings.map(
        ({ name, version, failure }) => ({ name, version, status: failure === null ? 'ok' : 'failed' }) as const,
      ),
    ],
    packages,
    completeness: {
      ...report.completeness,
      status: gaps.some((each) => each.class === 'blocking') ? 'partial' : 'complete',
      gaps,
    },
    timings: { ...report.timings, ...timings },
  };
}

function gapsOf({ name, failure, isolated }: EngineReading): Gap[] {
  const gaps: Gap[] = [];
  if (failure !== null) gaps.push(gap('engine-failed', `${name}: ${failure}`));
  if (isolated === false) gaps.push(gap('engine-not-isolated', `${name} ran with the network in reach`));
  return gaps;
}

function unusableGap(name: string, purls: readonly string[], shown: number): Gap {
  const more = purls.length > shown ? ` and ${purls.length - shown} more` : '';
  const list = purls.toSorted().slice(0, shown).join(', ');
  return gap(
    'package-record-invalid',
    `${name} names packages without a version, or by no valid package URL; they were left out: ${list}${more}`,
  );
}
