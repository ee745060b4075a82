import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FactsCache, FactsKey } from '../../services/pipeline/layer-ports.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

/** What every facts cache keeps to. `open` gives a new empty one. */
export function factsCacheContract(name: string, open: () => Promise<FactsCache>): void {
  describe(`facts cache: ${name}`, () => {
    it('reads an absent piece as null', async () => {
      expect(await (await open()).get({ digest, part: 'dpkg@1' })).toBeNull();
    });

    it('gives back exactly what was put', async () => {
      const cache = await open();
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 5_000, size: 'max' }), fc.string(), async (facts, part) => {
          await cache.put({ digest, part }, facts);
          expect(bytesOf(await cache.get({ digest, part }))).toEqual(bytesOf(facts));
        }),
        { numRuns: 40 },
      );
    });

    it('keeps an empty piece apart from an absent one', async () => {
      const cache = await open();
      await cache.put({ digest, part: 'dpkg@1' }, new Uint8Array());
      expect(await cache.get({ digest, part: 'dpkg@1' })).toHaveLength(0);
    });

    it('takes the later of two puts', async () => {
      const cache = await open();
      await cache.put({ digest, part: 'dpkg@1' }, Uint8Array.of(1));
      await cache.put({ digest, part: 'dpkg@1' }, Uint8Array.of(2));
      expect(bytesOf(await cache.get({ digest, part: 'dpkg@1' }))).toEqual([2]);
    });

    it('keeps keys apart, whatever is in them', async () => {
      const cache = await open();
      const keys: FactsKey[] = [
        { digest, part: 'dpkg@1' },
        { digest, part: 'dpkg@2' },
        { digest: `sha256:${'cd'.repeat(32)}`, part: 'dpkg@1' },
        { digest, part: '../../escape' },
        { digest, part: '/etc/passwd' },
        { digest: '..', part: '' },
        { digest: '', part: '..' },
        { digest, part: 'x'.repeat(5_000) },
        { digest, part: 'a\nb' },
      ];
      for (const [index, key] of keys.entries()) await cache.put(key, Uint8Array.of(index));
      for (const [index, key] of keys.entries()) expect(bytesOf(await cache.get(key))).toEqual([index]);
    });

    it('is not changed by what callers do to their bytes', async () => {
      const cache = await open();
      const mine = Uint8Array.of(1, 2, 3);
      await cache.put({ digest, part: 'dpkg@1' }, mine);
      mine.fill(9);
      (await cache.get({ digest, part: 'dpkg@1' }))?.fill(9);
      expect(bytesOf(await cache.get({ digest, part: 'dpkg@1' }))).toEqual([1, 2, 3]);
    });

    it('takes puts and gets of one key at the same time', async () => {
      const cache = await open();
      const facts = new Uint8Array(50_000).fill(7);
      const key = { digest, part: 'dpkg@1' };
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          await cache.put(key, facts);
          expect(await cache.get(key)).toHaveLength(facts.length);
        }),
      );
    });
  });
}

function bytesOf(facts: Uint8Array | null): number[] | null {
  return facts === null ? null : [...facts];
}
