import { expect, test } from 'vitest';
import { LIMITS, type Limits } from '../limits.ts';
import { parseYaml } from './foreign-documents.ts';
import { UnitGaps } from './unit-gaps.ts';

function yaml(text: string, limits: Partial<Limits> = {}) {
  const gaps = new UnitGaps();
  const bytes = new TextEncoder().encode(text);
  const maps = parseYaml({ path: 'a.yaml', bytes, limits: { ...LIMITS, ...limits }, gaps });
  return { maps, gaps: gaps.all() };
}

const aliases = (count: number) => `a: &a x\nb: [${Array(count).fill('*a').join(', ')}]\n`;

test('yamlAliases (limit): at it and past it', () => {
  // The anchor itself is the first mention.
  const most = LIMITS.yamlAliases - 1;
  expect(yaml(aliases(most)).maps![0]!.b).toHaveLength(most);
  const { maps, gaps } = yaml(aliases(most + 1));
  expect(maps).toBeNull();
  expect(gaps).toMatchObject([{ code: 'limit-reached', message: expect.stringContaining('yamlAliases') }]);
  // Aliases inside aliases count as often as they are repeated.
  const nested = 'a: &a x\nb: &b [*a, *a]\nc: [*b, *b]\n';
  expect(yaml(nested, { yamlAliases: 9 }).gaps).toEqual([]);
  expect(yaml(nested, { yamlAliases: 8 }).gaps).toMatchObject([{ code: 'limit-reached' }]);
});

test('a billion laughs, and brackets without end', () => {
  const laughs = [...'bcdefghi'].map(
    (name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(', ')}]`,
  );
  expect(yaml(`a: &a lol\n${laughs.join('\n')}\n`).gaps).toMatchObject([{ code: 'limit-reached' }]);
  const started = performance.now();
  expect(yaml(`a: ${'['.repeat(100_000)}`).gaps).toMatchObject([{ code: 'package-file-unparsable' }]);
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('scalars are their texts, and the last of two keys counts', () => {
  expect(yaml('a: 1.10\nb: no\na: 2\n---\nc: 3\n').maps).toEqual([{ a: '2', b: 'no' }, { c: '3' }]);
});
