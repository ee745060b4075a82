import { expect, test } from 'vitest';
import { LIMITS } from '../domain/limits.ts';
import type { PackagePlace } from '../pipeline/store-ports.ts';
import { packageRoutes } from './package-routes.ts';

interface Part {
  readonly items: readonly { readonly version: string }[];
  readonly incomparable: readonly object[];
  readonly next: string | null;
}

const DIGEST = `sha256:${'a'.repeat(64)}`;

/** What the route answers, where the store has the package in these versions. */
async function asked(versions: readonly string[], query: object): Promise<Part> {
  const packages = {
    packagesNamed: async (_: object, after: PackagePlace | null, limit: number) =>
      versions
        .map((version, ordinal) => ({ digest: DIGEST, ordinal, type: 'deb', version }))
        .slice((after?.ordinal ?? -1) + 1)
        .slice(0, limit),
  };
  const [search] = packageRoutes({ packages } as never);
  const given = { purl: 'pkg:deb/debian/curl', images: 'all', limit: 50, ...query };
  const { body } = await search!.handle({ params: {}, query: given, body: {}, caller: null, raw: {} as never });
  return body as Part;
}

/** All parts, one after the other. */
async function whole(versions: readonly string[], query: object): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (let after: string | null = null; ; ) {
    const part: Part = await asked(versions, { ...query, ...(after !== null && { after }) });
    parts.push(part);
    if (part.next === null) return parts;
    after = part.next;
  }
}

test('a package is found once in each place, part by part', async () => {
  const versions = ['1', '2', '3', '4', '5'];
  for (const limit of [1, 2, 4, 5, 6]) {
    const parts = await whole(versions, { limit });
    expect(parts).toHaveLength(Math.ceil(versions.length / limit));
    expect(parts.flatMap(({ items }) => items.map(({ version }) => version))).toEqual(versions);
  }
});

test('a range counts what it holds, by the order of the type, and tells where it cannot', async () => {
  const versions = ['1.9', '1.10', '1.10~rc1', 'no version', '1.11'];
  const parts = await whole(versions, { range: '>=1.10', limit: 2 });
  expect(parts.flatMap(({ items }) => items.map(({ version }) => version))).toEqual(['1.10', '1.11']);
  expect(parts.flatMap(({ incomparable }) => incomparable)).toMatchObject([{ version: 'no version' }]);
  expect(parts.every(({ items, incomparable }) => items.length + incomparable.length <= 2)).toBe(true);
});

test('one answer looks at apiPackagesFound packages for what a range holds, and says where there are more', async () => {
  const most = LIMITS.apiPackagesFound;
  const old = (count: number) => Array.from({ length: count }, () => '1');
  expect(await asked(old(most), { range: '>=2' })).toEqual({ items: [], incomparable: [], next: null });
  expect(await asked(old(most + 1), { range: '>=2' })).toEqual({
    items: [],
    incomparable: [],
    next: `${DIGEST}/${most - 1}`,
  });
  const parts = await whole([...old(most + 1), '2'], { range: '>=2' });
  expect(parts.map(({ items }) => items.length)).toEqual([0, 1]);
});
