import { expect, test } from 'vitest';
import { unjudged } from '../domain/vulnerabilities/vex/found-vex.ts';
import { vexTexts } from './vex-lines.ts';

const given = (file: string, flaws: string[] = []) => {
  return { kind: 'vex', id: 'v', file, message: '1 of 2 statements are for this target.', flaws };
};
const found = unjudged({ path: 'x.vex.json', layer: 0, referrer: null, document: '{}', bundle: null });

test('each document that was given, and none that came with the target', () => {
  const sbom = { kind: 'sbom', id: 's' };
  expect(vexTexts({ findings: [given('a.json'), found, sbom, given('b.json', ['x', 'y'])] })).toEqual([
    'VEX a.json: 1 of 2 statements are for this target.',
    'VEX b.json: 1 of 2 statements are for this target. Not understood: 2, see findings in --format json.',
  ]);
});

test('many are counted', () => {
  const many = Array.from({ length: 7 }, (_, i) => given(`${i}.json`));
  expect(vexTexts({ findings: many }).slice(4)).toEqual([
    'VEX 4.json: 1 of 2 statements are for this target.',
    '… and 2 more VEX documents.',
  ]);
});
