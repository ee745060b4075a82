import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { heldByPeak, heldByRatio, heldByTime } from './budgets.ts';
import { parseOptions } from './options.ts';
import { median, type Series } from './rounds.ts';

function series(walls: readonly number[], peakBytes: number | null = null): Series {
  const usage = peakBytes === null ? null : { userMs: 1, systemMs: 1, peakBytes };
  return { name: 'x', runs: walls.map((wallMs) => ({ wallMs, usage })) };
}

describe('budgets', () => {
  test('the median, of odd and even counts', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });

  test('a ratio is held by its medians, and shows the median round by round', () => {
    const own = series([100, 900, 110]);
    const other = series([200, 1_800, 1_000]);
    expect(heldByRatio('a / b', own, other, 0.11)).toEqual({
      outcome: 'PASS',
      what: 'a / b ≤ 0.11 ×',
      measured: '0.11 × (pairwise 0.50 ×)',
    });
    expect(heldByRatio('a / b', own, other, 0.1).outcome).toBe('OVER');
    expect(heldByRatio('a / b', own, 'b: not there', 1)).toMatchObject({
      outcome: 'skipped',
      measured: 'b: not there',
    });
  });

  test('time is held by the median, memory by the highest peak', () => {
    expect(heldByTime('t', series([90, 100, 900]), 100).outcome).toBe('PASS');
    expect(heldByTime('t', series([90, 101, 900]), 100).outcome).toBe('OVER');
    expect(heldByPeak('m', series([1], 300e6), 300e6).outcome).toBe('PASS');
    expect(heldByPeak('m', series([1], 300e6 + 1), 300e6).outcome).toBe('OVER');
    expect(heldByPeak('m', series([1]), 300e6)).toMatchObject({ outcome: 'skipped' });
  });
});

test.each([
  ['--image', 'registry:x'],
  ['--image', 'oci-dir:/nowhere/at/all'],
  ['--runs', '0'],
  ['--files', '1.5'],
  ['--nonsense'],
])('options that mean nothing are refused: %s %s', (...argv) => {
  expect(() => parseOptions(argv)).toThrow();
});

test('a small run prints every budget, and none fails', async () => {
  const argv = [
    join(import.meta.dirname, 'bench.ts'),
    '--source',
    '--runs',
    '1',
    '--files',
    '500',
    '--megabytes',
    '2',
    '--records',
    '400',
  ];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  const budgets = stdout.slice(stdout.indexOf('\nbudgets\n'));
  for (const part of [
    '--version',
    'decompression',
    'layers in processes',
    'second scan',
    'docker-archive',
    '500 files',
    'packages matched',
    'stored images',
  ]) {
    expect(budgets).toContain(part);
  }
  expect(stdout).not.toContain('FAILED');
  // Packages are compared where Trivy is; the speed of so small a scan is nobody's concern here.
  expect(budgets).not.toMatch(/OVER +[^\n]*the same packages/);
});
