import picocolors from 'picocolors';
import { describe, expect, test } from 'vitest';
import type { ReportVerdict } from '../domain/report/report.ts';
import { renderVerdict } from './render-verdict.ts';

const paint = picocolors.createColors(false);
const FRESH = [{ ecosystem: 'npm', records: 1, newest: '2026-02-28T10:00:00Z' }];
const GATE = { failOn: null, severities: null, ignoreUnfixed: false, against: null };

function lines(verdict: Partial<ReportVerdict>, feeds = FRESH, width = 200): string[] {
  return renderVerdict(
    { decision: 'pass', violations: [], reasons: [], policies: [], gate: GATE, ...verdict },
    feeds,
    width,
    paint,
  );
}
const reason = (decides: 'fail' | 'unknown' | null, message: string) =>
  ({ code: 'violated', decides, message }) as const;

describe('the verdict for people', () => {
  test('a pass is one line that says how fresh the advisories are', () => {
    expect(lines({})).toEqual([
      'Verdict: pass: nothing that is denied was found; every feed has advisories up to 2026-02-28 or later.',
    ]);
  });

  test('the oldest feed counts, and an undated one is said', () => {
    const older = { ecosystem: 'Debian:12', records: 1, newest: '2025-01-01T00:00:00Z' };
    expect(lines({}, [...FRESH, older]).at(-1)).toContain('2025-01-01');
    expect(lines({}, [...FRESH, { ...older, newest: null as unknown as string }]).at(-1)).toContain('undated');
    expect(lines({}, []).at(-1)).toContain('no advisories were asked');
  });

  test('what decides comes first, and only so many are shown', () => {
    const reasons = [reason(null, 'shown'), reason('unknown', 'cannot tell'), reason('fail', 'denied')];
    expect(lines({ decision: 'fail', reasons }).slice(0, 3)).toEqual(['x denied', '? cannot tell', '- shown']);
    const many = Array.from({ length: 25 }, (_, i) => reason('fail', `r${i}`));
    expect(lines({ decision: 'fail', reasons: many })).toHaveLength(22);
    expect(lines({ decision: 'fail', reasons: many }).at(-2)).toBe('  … and 5 more: --format json lists them all.');
  });

  test('what an image says never reaches the terminal as a command, and no line is too long', () => {
    const shown = lines(
      { decision: 'fail', reasons: [reason('fail', `\u001b[2J\u202e${'long '.repeat(200)}`)] },
      FRESH,
      60,
    );
    for (const character of ['\u001b', '\u202e']) expect(shown.join('\n')).not.toContain(character);
    expect(Math.max(...shown.map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});
