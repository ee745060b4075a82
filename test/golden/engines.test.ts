import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareEngines } from '../../services/domain/report/compare-engines.ts';
import type { EngineChoice } from '../../services/pipeline/engine-ports.ts';
import { differenceFaults, foundDifferences, reviewedDifferences } from '../support/engine-differences.ts';
import { scan, scratch } from '../support/scan.ts';
import { IMAGE_FIXTURES } from '../support/scan-fixture.ts';
import { findGoTool } from '../tools/go-tools.ts';

/*
 * Real images through Plimsoll, Trivy and Syft. Every package that one lists and another does not is explained by a row of
 * engine-differences.tsv, and every row explains one.
 */

const place = scratch('engine-golden');
const engines = (['trivy', 'syft'] as const).map(
  (name): EngineChoice => ({ name, path: findGoTool(name), sha256: null }),
);
const missing = engines.filter(({ path }) => path === null).map(({ name }) => name);
const reviewed = reviewedDifferences();
const faultsOf = async (fixture: string, target: string): Promise<string[]> => {
  const comparison = compareEngines(await scan(target, { engines }));
  const rows = reviewed.filter((row) => row.fixture === fixture);
  return differenceFaults(foundDifferences(fixture, comparison), rows);
};

const without = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')} not built here)`;

describe.skipIf(missing.length > 0)(`real images through Trivy and Syft${without}`, () => {
  test.each(IMAGE_FIXTURES)('$name', async (fixture) => {
    expect(await faultsOf(fixture.name, fixture.target)).toEqual([]);
  });

  test.skipIf(IMAGE_FIXTURES.length === 0)('no row is about a fixture that is not there', () => {
    const known = new Set(['bench', ...IMAGE_FIXTURES.map(({ name }) => name)]);
    expect(reviewed.filter(({ fixture }) => !known.has(fixture))).toEqual([]);
  });
});

describe('a difference', () => {
  const row = { fixture: 'f', lacks: 'trivy', reason: 'unknown', package: 'npm/a@1', path: 'x/y', why: 'because' };
  test('that no row explains, and a row that explains none, are faults', () => {
    expect(differenceFaults([row], [{ ...row, package: 'npm/*', path: 'x/*' }])).toEqual([]);
    expect(differenceFaults([row], [])).toEqual(['unlisted: f\ttrivy\tunknown\tnpm/a@1\tx/y']);
    expect(differenceFaults([], [row])).toEqual(['unused: f\ttrivy\tunknown\tnpm/a@1\tx/y']);
    for (const other of [{ lacks: 'syft' }, { reason: 'hidden' }, { package: 'npm/b@1' }, { path: 'x.y' }]) {
      expect(differenceFaults([row], [{ ...row, ...other }])).toHaveLength(2);
    }
  });
});

const BENCH = process.env.PLIMSOLL_BENCH_IMAGE;
const archive = BENCH === undefined ? '' : join(BENCH, 'image.tar');
const hasBench = existsSync(archive);
const benchName = `the benchmark image${hasBench ? '' : ' (skipped: PLIMSOLL_BENCH_IMAGE names no directory with an image.tar)'}`;

/** Unpacks what the patterns name, of all layers of a docker-archive with plain layers; returns where. */
function unpacked(name: string, patterns: readonly string[]): string {
  const folder = join(place, name);
  mkdirSync(folder);
  const manifest = execFileSync('tar', ['-xOf', archive, 'manifest.json'], { encoding: 'utf8' });
  const [{ Layers: layers }] = JSON.parse(manifest) as [{ Layers: string[] }];
  for (const layer of layers) {
    // tar(1) ends with 2 where a layer has none of them.
    const inner = `tar -C "$0" -x --no-same-owner --wildcards "$@" 2>/dev/null || true`;
    const script = `tar -xOf "${archive}" "${layer}" | ${inner}`;
    execFileSync('sh', ['-c', script, folder, ...patterns]);
  }
  return folder;
}

describe.skipIf(!hasBench)(benchName, () => {
  test('npm packages are those of npm ls --all', async () => {
    const { packages } = await scan(`docker-archive:${archive}`);
    const app = join(unpacked('app', ['srv/app/*package.json', 'srv/app/*package-lock.json']), 'srv/app');
    const { stdout } = spawnSync('npm', ['ls', '--all', '--parseable', '--long', '--offline'], {
      cwd: app,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const lines = stdout
      .split('\n')
      .flatMap((line) => /^(.*node_modules\/.*?):((?:@[^:@]*)?[^:@]*@[^:]+)/.exec(line)?.slice(1).join(' ') ?? []);
    const theirs = new Set(lines.map((line) => line.replace(`${app}/`, '')));
    expect(theirs.size).toBeGreaterThan(100);
    const ours = packages.flatMap(({ type, name, version, paths }) =>
      type !== 'npm'
        ? []
        : paths
            .filter((path) => path.startsWith('srv/app/'))
            .map((path) => `${dirname(path).slice('srv/app/'.length)} ${name}@${version}`),
    );
    expect(ours.sort()).toEqual([...theirs].sort());
  });

  test.skipIf(spawnSync('go', ['version']).status !== 0)('Go modules are those of go version -m', async () => {
    const { packages } = await scan(`docker-archive:${archive}`);
    const modules = packages.filter(({ type }) => type === 'golang');
    const programs = [...new Set(modules.flatMap(({ paths }) => paths))].sort();
    expect(programs.length).toBeGreaterThan(0);
    const folder = unpacked('programs', programs);
    for (const program of programs) {
      const text = execFileSync('go', ['version', '-m', join(folder, program)], { encoding: 'utf8' });
      const toolchain = /: go(\S+)/.exec(text)![1];
      const listed = [...text.matchAll(/^\t(?:mod|dep|=>)\t(\S+)\t(\S*)/gm)].map(
        ([, name, version]) => `${name} ${version}`,
      );
      const ours = modules
        .filter(({ paths }) => paths.includes(program))
        .map(({ name, version }) => `${name} ${version}`);
      expect(ours.sort()).toEqual([`stdlib ${toolchain}`, ...listed].sort());
    }
  });

  test.skipIf(missing.length > 0)(`Trivy and Syft differ only where a row says so${without}`, async () => {
    expect(await faultsOf('bench', `docker-archive:${archive}`)).toEqual([]);
  });
});
