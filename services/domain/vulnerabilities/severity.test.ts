import { describe, expect, it } from 'vitest';
import type { StatedSeverity } from './advisory.ts';
import { SeverityJudge } from './severity.ts';

const V31 = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H';
const V2 = 'AV:N/AC:L/Au:N/C:P/I:P/A:P';
const V4 = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N';
const stated = (source: string, more: Partial<StatedSeverity>): StatedSeverity => ({
  source,
  level: 'unknown',
  text: null,
  vector: null,
  ...more,
});
const nvd = stated('nvd', { vector: V31 });
const vendor = stated('debian', { level: 'low', text: 'low' });
const github = stated('ghsa', { level: 'high', text: 'HIGH' });

describe('SeverityJudge', () => {
  it('takes the word of the package’s own vendor first, and keeps all others', () => {
    const { level, source, stated: all, cvss } = new SeverityJudge().judge([nvd, github, vendor], 'Debian:12');
    expect([level, source]).toEqual(['low', 'debian']);
    expect(all).toEqual([
      { source: 'debian', level: 'low', text: 'low' },
      { source: 'ghsa', level: 'high', text: 'HIGH' },
      { source: 'nvd', level: 'critical', text: null },
    ]);
    expect(cvss).toEqual([{ source: 'nvd', version: '3.1', vector: V31, score: 10 }]);
  });

  it.each<[string[], string, string]>([
    [[], 'npm', 'ghsa'],
    [['nvd'], 'npm', 'nvd'],
    [['nvd', 'ghsa'], 'Debian:12', 'nvd'],
    [['nobody'], 'Debian:12', 'debian'],
  ])('with %j first, for %s: %s decides', (first, namespace, source) => {
    expect(new SeverityJudge(first).judge([vendor, github, nvd], namespace).source).toBe(source);
  });

  it('goes on where a source says nothing', () => {
    const silent = stated('debian', { text: 'not yet assigned' });
    expect(new SeverityJudge().judge([silent, nvd], 'Debian:12')).toMatchObject({ level: 'critical', source: 'nvd' });
    expect(new SeverityJudge().judge([silent], 'Debian:12')).toMatchObject({ level: 'unknown', source: null });
  });

  it('prefers a word to a vector, and a newer CVSS to an older', () => {
    const word = stated('ghsa', { level: 'medium', text: 'MODERATE' });
    const vectors = [V2, V31, V4].map((vector) => stated('ghsa', { vector }));
    expect(new SeverityJudge().judge([...vectors, word], 'npm').level).toBe('medium');
    expect(new SeverityJudge().judge(vectors, 'npm').level).toBe('medium');
    expect(new SeverityJudge().judge(vectors.slice(0, 2), 'npm').level).toBe('critical');
    expect(new SeverityJudge().judge(vectors.slice(0, 1), 'npm').level).toBe('high');
  });

  it.each([
    [V2, '2.0', 7.5],
    [`(${V2})`, '2.0', 7.5],
    [V31, '3.1', 10],
    ['CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H', '3.0', 5.5],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', '3.1', 0],
    [V4, '4.0', 6.9],
  ])('%s scores', (vector, version, score) => {
    expect(new SeverityJudge().scoreOf(vector)).toMatchObject({ version, score });
  });

  it.each(['', 'garbage', 'CVSS:3.1/AV:N', 'CVSS:9.0/AV:N', 'CVSS:3.1/AV:Z/AC:L', 'CVSS:3.1/'.repeat(1_000)])(
    '%j is no vector',
    (vector) => {
      expect(new SeverityJudge().scoreOf(vector)).toBeNull();
      expect(new SeverityJudge().judge([stated('nvd', { vector })], 'npm').level).toBe('unknown');
    },
  );
});
