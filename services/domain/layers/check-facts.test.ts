import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import { EMPTY_UNIT } from '../packages/ecosystem.ts';
import { factsFlaw, type PartKind } from './check-facts.ts';
import { decodePath } from './path.ts';

const odd = decodePath(Uint8Array.of(0x61, 0xff));
const record = {
  type: 'deb',
  name: 'a',
  version: '1',
  arch: null,
  source: { name: 's', version: null },
  epoch: 0,
  modularity: null,
  origin: null,
  vendor: null,
  licenses: ['MIT'],
  dependsOn: [],
  provides: [],
  development: false,
  purl: 'pkg:deb/a@1',
};
const unit = {
  ...EMPTY_UNIT,
  path: 'var/lib/dpkg/status',
  isDatabase: true,
  packages: [record],
  gaps: [{ code: 'limit-reached', message: 'm' }],
};
const SAMPLES: Readonly<Record<Exclude<PartKind, 'inventory'>, unknown>> = {
  outline: {
    bytes: 1,
    entries: 2,
    diffId: `sha256:${'a'.repeat(64)}`,
    whiteouts: [odd],
    opaques: [''],
    flaws: [{ code: 'limit-reached', path: null, message: 'm', limit: 'layerLinks' }],
  },
  analysis: { read: ['a'], units: [{ realPath: 'a', unit }], links: [odd] },
  'file-lists': [{ realPath: 'a', fileLists: [{ package: 'a', paths: [odd], digests: [null, 'md5:0'] }] }],
};
const KINDS = Object.keys(SAMPLES) as (keyof typeof SAMPLES)[];

const flaw = (kind: PartKind, document: unknown, analyzerId: string | null = null) => {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return factsFlaw(kind, analyzerId, new TextEncoder().encode(text), LIMITS)?.message ?? null;
};

/** Every place in a document, by the keys that lead to it. */
function places(value: unknown, at: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...at]];
  return [[...at], ...Object.entries(value).flatMap(([key, item]) => places(item, [...at, key]))];
}

/** A copy in which another value stands at one place; undefined: nothing does. */
function changed(document: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy = structuredClone(document) as Record<string, unknown>;
  const next = changed(copy[key], rest, value);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}

describe.each(KINDS)('%s', (kind) => {
  const sample = SAMPLES[kind];

  it('is as it should be', () => expect(flaw(kind, sample)).toBeNull());

  it.each(places(sample).map((place) => [place.join('.') || 'the whole', place] as const))(
    'with a value of no kind that stands anywhere at %s is refused',
    (_name, place) => {
      // A number where there may be none, and a list where there are other things: no place may have both.
      const wrong = [1.5, [[]], { x: 1 }].map((value) => flaw(kind, changed(sample, place, value)));
      expect(wrong).not.toContain(null);
    },
  );

  const named = places(sample).filter((place) => place.length > 0 && !/^\d+$/.test(place.at(-1)!));
  it.each(named.map((place) => [place.join('.'), place] as const))(
    'without %s is refused, unless it may be left out',
    (_name, place) => {
      const isOptional = ['limit', 'development', 'purl', 'links', 'digests'].includes(place.at(-1)!);
      expect(flaw(kind, changed(sample, place, undefined)) === null).toBe(isOptional);
    },
  );

  it('never raises for any JSON, and refuses a name of its own', () => {
    fc.assert(fc.property(fc.json(), (text) => void flaw(kind, text)));
    expect(flaw(kind, JSON.stringify(sample).replace('{', '{"__proto__":{},'))).not.toBeNull();
    expect(flaw(kind, JSON.stringify(sample).replace('{', '{"more":1,'))).not.toBeNull();
  });
});

describe('facts', () => {
  it('have no more values than they may, and are no deeper than they are', () => {
    const list = (values: number) => JSON.stringify(new Array(values).fill('x'));
    const text = (values: number) => new TextEncoder().encode(`{"read":${list(values)},"units":[]}`);
    // The object, its two lists, and the comma between them.
    const limits = { layerFactsValues: 104 };
    expect(factsFlaw('analysis', null, text(100), limits)).toBeNull();
    expect(factsFlaw('analysis', null, text(102), limits)).toMatchObject({ limit: 'layerFactsValues' });
    expect(flaw('outline', '['.repeat(1e5))).toMatch(/nested/);
  });

  it('of SBOMs hold what an SBOM calls itself, as it is parsed later', () => {
    const said = (text: string | null) =>
      flaw('analysis', { read: [], units: [{ realPath: 'a', unit: { ...EMPTY_UNIT, path: 'a', text } }] }, 'sbom');
    expect(said('{"format":"spdx-json","specVersion":"2.3","entries":1}')).toBeNull();
    for (const text of [null, '', '{', '1', '{"format":"x","specVersion":null,"entries":null}', '{"entries":1}']) {
      expect(said(text)).not.toBeNull();
    }
  });
});
