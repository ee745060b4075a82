import { describe, expect, it } from 'vitest';
import {
  FakeLayerReader,
  fakeDiffId,
  fakeDigest,
  fakeFile,
  fakeImage,
  fakeLayer,
  fakeOptions,
} from '../../test/support/fake-layers.ts';
import { MemoryFactsCache } from '../../test/support/memory-facts-cache.ts';
import { type Analyzer, EMPTY_UNIT } from '../domain/packages/ecosystem.ts';
import type { LayerProgress } from './layer-ports.ts';
import { type LayerFacts, readExtra, readFacts } from './read-facts.ts';

function texts(id: string, version = 1): Analyzer {
  return {
    id,
    version,
    roots: [id],
    wants: ({ path }) => (path.startsWith(`${id}/`) ? 'whole' : 'no'),
    readDatabase: (files) => ({
      units: files.map(({ path, bytes }) => ({ ...EMPTY_UNIT, path, text: new TextDecoder().decode(bytes) })),
    }),
  };
}

const a = texts('a');
const b = texts('b');
const LAYERS = [
  [fakeFile('a/x', '1'), fakeFile('b/x', '2')],
  [fakeFile('other')],
  [fakeFile('a/y', '3'), fakeFile('z/.wh.b')],
];

/** All that a scan makes of the facts. */
function summary(facts: readonly LayerFacts[]) {
  return facts.map(({ outline, inventory, analyses, gaps, read, digest }) => ({
    outline,
    paths: [...inventory.below('')].map(({ path }) => path),
    texts: Object.fromEntries([...analyses].map(([id, { units }]) => [id, units.map(({ unit }) => unit.text)])),
    gaps: gaps.map(({ code, layer }) => `${code} ${layer}`),
    read,
    digest,
  }));
}

/** The jobs of one round: which layers, for which analyzers. */
function jobsOf(reader: FakeLayerReader): string[] {
  return reader.jobs
    .splice(0)
    .map(
      ({ layer, analyzers, extra }) =>
        `${layer}: ${analyzers.map(({ id }) => id).join()}${extra === null ? '' : ' extra'}`,
    );
}

describe('facts of layers', () => {
  it('are the same from the cache, and then nothing is read', async () => {
    const reader = new FakeLayerReader(LAYERS, [a, b]);
    const options = fakeOptions({ analyzers: [a, b], cache: new MemoryFactsCache() });
    const first = summary(await readFacts(fakeImage(3), reader, options));
    expect(jobsOf(reader)).toEqual(['0: a,b', '1: a,b', '2: a,b']);
    expect(first[0]).toMatchObject({
      paths: ['a', 'a/x', 'b', 'b/x'],
      texts: { a: ['1'], b: ['2'] },
      gaps: [],
      read: true,
    });
    expect(first[2]!.outline.whiteouts).toEqual(['z/b']);
    const states: LayerProgress['state'][] = [];
    const again = await readFacts(fakeImage(3), reader, { ...options, onProgress: ({ state }) => states.push(state) });
    expect([summary(again), jobsOf(reader), states]).toEqual([first, [], ['cached', 'cached', 'cached']]);
  });

  it('are read again for a new or upgraded analyzer only, and for the layers that lack it', async () => {
    const options = fakeOptions({ analyzers: [a], cache: new MemoryFactsCache() });
    const newer = texts('a', 2);
    const reader = new FakeLayerReader(LAYERS, [newer, b]);
    const old = new FakeLayerReader(LAYERS, [a, b]);
    await readFacts(fakeImage(2), old, options);
    const facts = summary(await readFacts(fakeImage(3), reader, { ...options, analyzers: [newer, b] }));
    expect(jobsOf(reader)).toEqual(['0: a,b', '1: a,b', '2: a,b']);
    const alone = summary(await readFacts(fakeImage(3), reader, { ...options, analyzers: [newer, b], cache: null }));
    expect(facts).toEqual(alone);
    await readFacts(fakeImage(1), old, { ...options, analyzers: [a, b] });
    expect(jobsOf(old)).toEqual(['0: a', '1: a']);
  });

  it('keep the uncompressed digest apart from readings that did not make it', async () => {
    const cache = new MemoryFactsCache();
    const options = fakeOptions({ analyzers: [a], cache });
    const reader = new FakeLayerReader(LAYERS, [a]);
    const image = fakeImage([fakeLayer(0, { diffId: fakeDiffId(9) })]);
    const full = { ...options, fullInventory: true };
    const scans = [options, full, options, full].map(
      (each) => async () => summary(await readFacts(image, reader, each))[0]!.gaps,
    );
    expect(await scans[0]!()).toEqual([]);
    expect(await scans[1]!()).toEqual(['layer-diffid-mismatch 0']);
    await scans[2]!();
    reader.jobs.length = 0;
    expect(await scans[3]!()).toEqual(['layer-diffid-mismatch 0']);
    expect(reader.jobs).toEqual([]);
  });
});

describe('what is not kept', () => {
  const twice = async (changes: Partial<Parameters<typeof fakeOptions>[0]>, image = fakeImage(1), fail = false) => {
    const reader = new FakeLayerReader(LAYERS, [a]);
    if (fail) reader.failures.set(0, { code: 'layer-unreadable', message: 'broken' });
    const options = fakeOptions({ analyzers: [a], cache: new MemoryFactsCache(), ...changes });
    await readFacts(image, reader, options);
    reader.jobs.length = 0;
    const facts = summary(await readFacts(image, reader, options));
    return { facts, jobs: reader.jobs.length };
  };

  it('a layer that failed: its facts are a part of the truth, and it says so', async () => {
    const { facts, jobs } = await twice({}, fakeImage(1), true);
    expect(jobs).toBe(1);
    expect(facts).toMatchObject([{ read: false, gaps: ['layer-unreadable 0'], paths: ['a', 'a/x'] }]);
  });

  it.each([
    ['a layer that was read with something left out', { skipFiles: ['a/x'] }],
    ['one that reached a limit', { limits: { ...fakeOptions({ analyzers: [] }).limits, wantedFileBytes: 0 } }],
    ['anything without a cache', { cache: null }],
  ])('%s', async (_, changes) => {
    expect((await twice(changes)).jobs).toBe(1);
  });

  it('one whose digest nobody names is kept, and never found by a claim', async () => {
    const image = fakeImage([fakeLayer(0, { digest: null })]);
    expect(await twice({}, image)).toMatchObject({ jobs: 1, facts: [{ digest: fakeDigest(0), gaps: [] }] });
  });
});

describe('layers that cannot be read', () => {
  it('are gaps, and the rest counts', async () => {
    const refusal = { code: 'layer-foreign', message: 'elsewhere' } as const;
    const image = fakeImage([fakeLayer(0), fakeLayer(1, { location: null, refusal }), fakeLayer(2)]);
    const facts = summary(await readFacts(image, new FakeLayerReader(LAYERS, [a]), fakeOptions({ analyzers: [a] })));
    expect(facts.map(({ read, gaps }) => [read, gaps])).toEqual([
      [true, []],
      [false, ['layer-foreign 1']],
      [true, []],
    ]);
  });

  it('keep what the cache has of them whole', async () => {
    const options = fakeOptions({ analyzers: [a], cache: new MemoryFactsCache() });
    await readFacts(fakeImage(1), new FakeLayerReader(LAYERS, [a]), options);
    const broken = new FakeLayerReader(LAYERS, [a, b]);
    broken.failures.set(0, { code: 'layer-unreadable', message: 'broken' });
    const [facts] = summary(await readFacts(fakeImage(1), broken, { ...options, analyzers: [a, b] }));
    expect(facts).toMatchObject({
      read: false,
      paths: ['a', 'a/x', 'b', 'b/x'],
      texts: { a: ['1'], b: [] },
      gaps: ['layer-unreadable 0'],
    });
  });
});

describe('a second reading', () => {
  const extra = [{ realPath: 'other', analyzerId: 'a', as: 'a/linked' }];

  it('is kept under what it was for', async () => {
    const reader = new FakeLayerReader(LAYERS, [a, b]);
    const options = fakeOptions({ analyzers: [a, b], cache: new MemoryFactsCache() });
    const facts = (await readFacts(fakeImage(2), reader, options))[1]!;
    jobsOf(reader);
    const first = await readExtra(new Map([[facts, extra]]), reader, options);
    expect(jobsOf(reader)).toEqual(['1: a extra']);
    const again = await readExtra(new Map([[facts, extra]]), reader, options);
    expect(jobsOf(reader)).toEqual([]);
    for (const found of [first, again]) {
      expect(found.get(facts)!.analyses.get('a')).toMatchObject({
        read: ['other'],
        units: [{ realPath: 'other', unit: { path: 'a/linked' } }],
      });
    }
    await readExtra(new Map([[facts, [{ ...extra[0]!, as: 'a/else' }]]]), reader, options);
    expect(jobsOf(reader)).toEqual(['1: a extra']);
  });

  it('is of the bytes that the first one read, also where the image names none', async () => {
    const reader = new FakeLayerReader(LAYERS, [a]);
    const options = fakeOptions({ analyzers: [a] });
    const facts = (await readFacts(fakeImage([fakeLayer(0), fakeLayer(1, { digest: null })]), reader, options))[1]!;
    await readExtra(new Map([[facts, extra]]), reader, options);
    expect(reader.jobs.at(-1)).toMatchObject({ digest: fakeDigest(1), inventory: 'none' });
  });

  it('that fails is a gap', async () => {
    const reader = new FakeLayerReader(LAYERS, [a]);
    const options = fakeOptions({ analyzers: [a] });
    const facts = (await readFacts(fakeImage(2), reader, options))[1]!;
    reader.failures.set(1, { code: 'layer-digest-mismatch', message: 'changed' });
    const found = await readExtra(new Map([[facts, extra]]), reader, options);
    expect(found.get(facts)!.gaps).toMatchObject([{ code: 'layer-digest-mismatch', layer: 1 }]);
  });
});
