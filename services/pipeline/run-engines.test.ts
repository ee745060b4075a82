import { expect, test } from 'vitest';
import { sampleReport } from '../../test/support/sample-report.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Report } from '../domain/report/report.ts';
import type { EngineChoice, EngineReading, EngineTarget } from './engine-ports.ts';
import { runEngines } from './run-engines.ts';

const target: EngineTarget = {
  kind: 'docker-archive',
  path: './shop.tar',
  manifestDigest: null,
  configDigest: null,
  layers: [],
};
const complete: Report = {
  ...sampleReport(),
  completeness: { ...sampleReport().completeness, status: 'complete', gaps: [] },
};

function answer(reading: Partial<EngineReading>): EngineReading {
  return { name: 'trivy', version: '0.72.0', packages: [], failure: null, isolated: true, ...reading };
}

/** Runs the engines of these answers over the report. */
async function united(report: Report, ...answers: readonly EngineReading[]): Promise<Report> {
  const asked: [EngineChoice, EngineTarget][] = [];
  const runner = {
    run: async (choice: EngineChoice, at: EngineTarget) => {
      asked.push([choice, at]);
      return answers.find(({ name }) => name === choice.name)!;
    },
  };
  const engines = answers.map(({ name }) => ({ name, path: null, sha256: null }));
  let now = 0;
  const clock = { elapsed: () => now++ };
  const options = { engines, clock, limits: { ...LIMITS, listedFlaws: 2 }, signal: new AbortController().signal };
  const result = await runEngines(report, target, runner, options);
  expect(asked).toEqual(engines.map((choice) => [choice, target]));
  return result;
}

test('what an engine found stands beside what we found, and so does the engine', async () => {
  const packages = [{ purl: 'pkg:npm/a@1.0.0', paths: ['srv/a/package.json'], diffId: null }];
  const report = await united(complete, answer({ packages }), answer({ name: 'syft', version: '1.54.1', packages }));
  expect(report.engines.slice(1)).toEqual([
    { name: 'trivy', version: '0.72.0', status: 'ok' },
    { name: 'syft', version: '1.54.1', status: 'ok' },
  ]);
  expect(report.packages.slice(0, complete.packages.length)).toEqual(complete.packages);
  expect(report.packages.at(-1)).toMatchObject({ purl: 'pkg:npm/a@1.0.0', foundBy: ['syft', 'trivy'] });
  expect(report.timings).toMatchObject({ ...complete.timings, trivyMs: 1, syftMs: 1 });
  expect(report.completeness).toEqual(complete.completeness);
});

test('an engine that failed makes the report partial, and takes nothing away', async () => {
  const report = await united(complete, answer({ version: null, failure: 'it ended with code 1', isolated: null }));
  expect(report.completeness).toMatchObject({
    status: 'partial',
    gaps: [{ code: 'engine-failed', class: 'blocking', message: 'trivy: it ended with code 1' }],
  });
  expect(report.engines.at(-1)).toEqual({ name: 'trivy', version: null, status: 'failed' });
  expect(report.packages).toEqual(complete.packages);
});

test('what else there is to know is listed, and changes nothing', async () => {
  const packages = ['pkg:npm/c', 'pkg:npm/b', 'nonsense'].map((purl) => ({ purl, paths: [], diffId: null }));
  const { completeness } = await united(complete, answer({ packages, isolated: false }));
  expect(completeness.status).toBe('complete');
  expect(completeness.gaps.map(({ code, class: kind }) => `${code} ${kind}`)).toEqual([
    'engine-not-isolated listed',
    'package-record-invalid listed',
  ]);
  expect(completeness.gaps[1]!.message).toMatch(/: nonsense, pkg:npm\/b and 1 more$/);
});

test('gaps of ours stay', async () => {
  const report = await united(sampleReport(), answer({}));
  expect(report.completeness).toEqual(sampleReport().completeness);
});
