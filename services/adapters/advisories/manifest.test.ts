import { expect, test } from 'vitest';
import { parseManifest, SCHEMA_VERSION } from './manifest.ts';

const feed = { ecosystem: 'npm', source: 'osv', records: 1, newest: null, fetched: '2026-01-01T00:00:00.123Z' };
const end = { ecosystem: 'Debian:12', eol: '2026-06-10', extendedEol: null, source: 'distro-info' };
const refusal = { kind: 'malformed', reason: 'no id', count: 1, examples: ['a'] };
const whole = {
  schemaVersion: SCHEMA_VERSION,
  digest: `sha256:${'0'.repeat(64)}`,
  builtAt: '2026-01-01T00:00:00Z',
  builtBy: 'plimsoll 1',
  starter: false,
  data: { bytes: 1, sha256: '0'.repeat(64) },
  counts: { records: 1, packages: 1, enriched: 0 },
  feeds: [feed],
  endOfLife: [end],
  refusals: [refusal],
};
const parse = (value: unknown) => parseManifest(Buffer.from(JSON.stringify(value)));

test('a whole one is taken as it is', () => expect(parse(whole)).toEqual(whole));

test.each<[string, object]>([
  ['manifest.digest', { digest: `sha256:${'0'.repeat(63)}` }],
  ['manifest.builtAt', { builtAt: '2026-01-01' }],
  ['manifest.builtAt', { builtAt: '2026-02-30T00:00:00Z' }],
  ['manifest.builtBy', { builtBy: 'x'.repeat(101) }],
  ['manifest.starter', { starter: 0 }],
  ['manifest.data.bytes', { data: { ...whole.data, bytes: 0 } }],
  ['manifest.data.sha256', { data: { bytes: 1 } }],
  ['manifest.counts.records', { counts: { ...whole.counts, records: -1 } }],
  ['manifest.counts.odd', { counts: { ...whole.counts, odd: 1 } }],
  ['manifest.counts', { counts: [] }],
  ['manifest.feeds', { feeds: {} }],
  ['manifest.feeds[1].records', { feeds: [feed, { ...feed, records: 1.5 }] }],
  ['manifest.feeds[0].fetched', { feeds: [{ ...feed, fetched: 'yesterday' }] }],
  ['manifest.feeds[0].ecosystem', { feeds: [{ ...feed, ecosystem: 'x'.repeat(1_025) }] }],
  ['manifest.endOfLife[0].eol', { endOfLife: [{ ...end, eol: '2026-13-01' }] }],
  ['manifest.refusals[0].kind', { refusals: [{ ...refusal, kind: 'other' }] }],
  ['manifest.refusals[0].examples', { refusals: [{ ...refusal, examples: Array(11).fill('a') }] }],
  ['manifest.odd', { odd: 1 }],
  ['manifest.starter', { starter: undefined }],
])('one whose part is not valid is none: %s (%#)', (path, change) => {
  expect(parse({ ...whole, ...change })).toBe(`its ${path} is not valid`);
});

test.each([null, 7, 'text', [], [whole]])('%j is none', (value) => {
  expect(parse(value)).toBe('its manifest is not valid');
});

test('names of the prototype are no members', () => {
  expect(parseManifest(Buffer.from('{"__proto__": {}}'))).toBe('its manifest.__proto__ is not valid');
});
