import { expect, test } from 'vitest';
import { LIMITS } from '../domain/limits.ts';
import { imageRoutes } from './image-routes.ts';

/** The answer to "where is this package?", where the store knows it `count` times. */
async function found(count: number): Promise<{ items: unknown[]; complete: boolean }> {
  const images = {
    packagesNamed: (_: string, most: number) =>
      Promise.resolve(Array.from({ length: Math.min(count, most) }, () => ({ type: 'deb', version: '1' }))),
  };
  const routes = imageRoutes({ images, requestScan: () => Promise.reject(), sha256: () => '' } as never);
  const search = routes.find(({ path }) => path === '/api/v1/packages')!;
  const { body } = await search.handle({
    params: {},
    query: { purl: 'pkg:deb/debian/curl' },
    body: {},
    caller: null,
    raw: {} as never,
  });
  return body as { items: unknown[]; complete: boolean };
}

test('an answer about packages holds apiPackagesFound of them, and says where there are more', async () => {
  const most = LIMITS.apiPackagesFound;
  expect(await found(most)).toMatchObject({ items: { length: most }, complete: true });
  expect(await found(most + 1)).toMatchObject({ items: { length: most }, complete: false });
});
