import { describe, expect, test } from 'vitest';
import type { WorkloadImage } from '../domain/admission/workload.ts';
import { parseReference } from '../domain/image/reference.ts';
import type { ImageVerdict } from '../domain/verdict/judged-image.ts';
import { KnownImages, type KnownImagesDependencies } from './known-images.ts';

const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;
const imageOf = (text: string): WorkloadImage => ({
  text,
  reference: parseReference(text),
  problem: null,
  usedBy: ['app'],
});
const PINNED = imageOf(`r.example/app@${digestOf('a')}`);
const verdictOf = (digest: string, decision: ImageVerdict['decision']): ImageVerdict => {
  return {
    digest,
    decision,
    counts: null,
    violations: [],
    violationCount: 0,
    reasons: [],
    scannedAt: '2026-01-01T00:00:00Z',
  };
};

function known(changes: Partial<KnownImagesDependencies['store']> = {}) {
  const asked: string[] = [];
  const scans: string[] = [];
  const lookups: string[] = [];
  const state = {
    decision: 'pass' as ImageVerdict['decision'] | null,
    fails: false,
    tag: digestOf('b') as string | null,
  };
  const answer = async <Value>(what: string, value: () => Value): Promise<Value> => {
    asked.push(what);
    await Promise.resolve();
    if (state.fails) throw new Error('no connection');
    return value();
  };
  const images = new KnownImages({
    store: {
      verdictOf: (digest) =>
        answer(`verdict ${digest.slice(7, 8)}`, () =>
          state.decision === null ? null : verdictOf(digest, state.decision),
        ),
      failingSince: ({ namespace }) => answer(`since ${namespace}`, () => '2026-03-01T00:00:00Z'),
      remember: async () => {},
      tagDigest: ({ registry, reference }) => answer(`tag ${registry} ${reference}`, () => state.tag),
      ...changes,
    },
    registrationOf: ({ registry }) => (registry === 'r.example' ? 'ours' : null),
    requestScan: ({ repository }, namespace) => scans.push(`${repository} ${namespace}`),
    timer: (ms) => {
      const { promise: late, reject } = Promise.withResolvers<never>();
      late.catch(() => {});
      const running = setTimeout(() => reject(new Error(`late after ${ms}`)), ms);
      return { signal: new AbortController().signal, late, stop: () => clearTimeout(running) };
    },
    onLookup: (cache, result) => lookups.push(`${cache} ${result}`),
  });
  const find = (image = PINNED, quiet = false) => images.find([image], 'shop', { quiet });
  return { images, find, asked, scans, lookups, state };
}

describe('verdicts', () => {
  test('are asked for once, until they change', async () => {
    const { images, find, asked, lookups, state } = known();
    expect(await find()).toEqual([{ verdict: verdictOf(digestOf('a'), 'pass'), failingSince: null }]);
    await find();
    expect(asked).toEqual(['verdict a']);
    state.decision = 'unknown';
    images.forget(digestOf('b'));
    expect((await find())[0]).toMatchObject({ verdict: { decision: 'pass' } });
    images.forget(digestOf('a'));
    expect((await find())[0]).toMatchObject({ verdict: { decision: 'unknown' } });
    images.forget(null);
    await find();
    expect(asked).toEqual(['verdict a', 'verdict a', 'verdict a']);
    expect(lookups).toEqual(['verdict miss', 'verdict hit', 'verdict hit', 'verdict miss', 'verdict miss']);
  });

  test('that many ask for at one moment are asked for once', async () => {
    const { find, asked } = known();
    await Promise.all(Array.from({ length: 50 }, () => find()));
    expect(asked).toEqual(['verdict a']);
  });

  test('that are none are remembered too, and a scan is asked for', async () => {
    const { find, asked, scans, state } = known();
    state.decision = null;
    expect(await find()).toEqual([null]);
    expect(await find(PINNED, true)).toEqual([null]);
    expect([asked, scans]).toEqual([['verdict a'], ['app shop']]);
  });

  test('that fail say since when, where the digest was let in before', async () => {
    const { find, asked, state } = known();
    state.decision = 'fail';
    expect((await find())[0]).toMatchObject({ failingSince: '2026-03-01T00:00:00Z' });
    await find();
    expect(asked).toEqual(['verdict a', 'since shop']);
  });

  test('that change while they are asked for are asked for again', async () => {
    let calls = 0;
    const { images, find } = known({
      verdictOf: async (digest) => {
        const isFirst = calls++ === 0;
        await Promise.resolve();
        if (isFirst) images.forget(digest);
        return verdictOf(digest, isFirst ? 'pass' : 'fail');
      },
    });
    expect((await find())[0]).toMatchObject({ verdict: { decision: 'fail' } });
  });
});

describe('a store that does not answer', () => {
  test('is told, and nothing is made of it', async () => {
    const { find, scans, state } = known();
    state.fails = true;
    await expect(find()).rejects.toMatchObject({ code: 'STORE_UNUSABLE' });
    expect(scans).toEqual([]);
    state.fails = false;
    expect((await find())[0]).not.toBeNull();
  });

  test('is waited for a second', async () => {
    const { find } = known({ verdictOf: () => new Promise(() => {}) });
    await expect(find()).rejects.toMatchObject({ code: 'STORE_UNUSABLE', message: expect.stringContaining('1000') });
  });
});

describe('tags', () => {
  test('point where the store says, by the registration of their registry', async () => {
    const { find, asked } = known();
    expect((await find(imageOf('r.example/team/app:1')))[0]).toMatchObject({ verdict: { digest: digestOf('b') } });
    await find(imageOf('nginx'));
    await find(imageOf('nginx:latest'));
    expect(asked).toEqual([
      'tag ours registry:r.example/team/app:1',
      'verdict b',
      'tag null registry:docker.io/library/nginx:latest',
    ]);
  });

  test('of which nobody told are unknown, and a scan is asked for', async () => {
    const { find, asked, scans, state } = known();
    state.tag = null;
    expect(await find(imageOf('r.example/app:1'))).toEqual([null]);
    expect([asked.length, scans]).toEqual([1, ['app shop']]);
  });
});

test('what names no image is unknown, and nobody is asked', async () => {
  const { find, asked, scans } = known();
  expect(await find({ text: ':', reference: null, problem: 'it is none', usedBy: [] })).toEqual([null]);
  expect([asked, scans]).toEqual([[], []]);
});
