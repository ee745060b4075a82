import { expect, it } from 'vitest';
import { EMPTY_UNIT } from '../packages/ecosystem.ts';
import {
  analyzerPart,
  decodeAnalyzerFacts,
  decodeFileLists,
  decodeOutline,
  encodeFacts,
  fileListsPart,
  inventoryPart,
} from './facts.ts';
import { decodePath } from './path.ts';

const odd = decodePath(Uint8Array.of(0x61, 0xff, 0xf0, 0x9f, 0x92, 0x80, 0xfe));

it('facts come back as they were, names that are no UTF-8 included', () => {
  const outline = {
    bytes: 1,
    entries: 2,
    diffId: null,
    whiteouts: [odd],
    opaques: [''],
    flaws: [{ code: 'path-escape', path: odd, message: 'm' }],
  } as const;
  expect(decodeOutline(encodeFacts(outline))).toEqual(outline);
  const facts = { read: [odd], units: [{ realPath: odd, unit: { ...EMPTY_UNIT, path: odd, text: '\u0000' } }] };
  expect(decodeAnalyzerFacts(encodeFacts(facts))).toEqual(facts);
  const lists = [{ realPath: odd, fileLists: [{ package: 'a', paths: [odd], digests: [null] }] }];
  expect(decodeFileLists(encodeFacts(lists))).toEqual(lists);
});

it('parts are told apart by what they are and who made them', () => {
  const parts = [
    { id: 'a', version: 1 },
    { id: 'a', version: 2 },
    { id: 'b', version: 1 },
  ].flatMap((analyzer) => [analyzerPart(analyzer), fileListsPart(analyzer)]);
  const all = [...parts, inventoryPart(true), inventoryPart(false)];
  expect(new Set(all).size).toBe(all.length);
});
