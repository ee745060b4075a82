import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import { fakeRegistry } from '../support/fake-registry.ts';
import { FETCHING, registriesFor } from '../support/registries.ts';

interface Answer {
  readonly status?: number;
  readonly link?: string;
  readonly body: unknown;
}

/** The tags, read from a registry that answers each page so; and what it was asked for. */
async function tagsOf(page: (request: IncomingMessage, count: number) => Answer, limits: Partial<Limits> = {}) {
  const registry = await fakeRegistry((request, response, count) => {
    if (!request.url!.includes('/tags/list')) return false;
    const { status = 200, link, body } = page(request, count);
    response.writeHead(status, { 'content-type': 'application/json', ...(link !== undefined && { link }) });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
    return true;
  });
  const client = registriesFor({ limits });
  const tags: string[] = [];
  try {
    const options = { ...FETCHING, limits: { ...LIMITS, ...limits } };
    for await (const tag of client.tags({ registry: registry.host, repository: 'team/app' }, options)) tags.push(tag);
    return { tags, asked: registry.asked().filter((each) => each.startsWith('GET')), error: null };
  } catch (error) {
    return { tags, asked: registry.asked(), error: Object(error) as { code: string; message: string } };
  } finally {
    await client.close();
  }
}

const next = (query: string) => `</v2/team/app/tags/list?${query}>; rel="next"`;

test('page by page, by the query of the next address', async () => {
  const { tags, asked } = await tagsOf((_, count) =>
    count < 3 ? { link: next(`n=1000&last=t${count}`), body: { tags: [`t${count}`] } } : { body: { tags: ['end'] } },
  );
  expect(tags).toEqual(['t1', 't2', 'end']);
  expect(asked).toEqual([
    'GET /v2/team/app/tags/list?n=1000',
    'GET /v2/team/app/tags/list?n=1000&last=t1',
    'GET /v2/team/app/tags/list?n=1000&last=t2',
  ]);
});

test.each([
  '<http://169.254.169.254/latest/meta-data?x=1>; rel="next"',
  '<//169.254.169.254/x?x=1>; rel=next',
  '</v2/other/secret/tags/list?x=1>; rel="next"',
  '</v2/other/secret/blobs/x?x=1>; rel="next", <x>; rel="last"',
])('a next page at %s is asked for where this one was', async (link) => {
  const { tags, asked } = await tagsOf((_, count) => ({ ...(count === 1 && { link }), body: { tags: [`t${count}`] } }));
  expect(tags).toEqual(['t1', 't2']);
  expect(asked.at(-1)).toBe('GET /v2/team/app/tags/list?x=1');
});

test.each([
  '',
  'nonsense',
  '<>; rel="next"',
  '<http://[>; rel="next"',
  '</v2/x>; rel="next"',
  '</v2/x?last=a>; rel="prev"',
])('a link %j is no next page', async (link) => {
  expect(await tagsOf(() => ({ link, body: { tags: ['a'] } }))).toMatchObject({ tags: ['a'], error: null });
});

test('a list without end: told, whether it goes in a circle or on and on', async () => {
  const circle = await tagsOf((_, count) => ({ link: next(`last=${count % 3}`), body: { tags: ['a'] } }));
  expect(circle.error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', message: expect.stringContaining('circle') });
  const endless = await tagsOf((_, count) => ({ link: next(`last=${count}`), body: { tags: [] } }), {
    registryPages: 5,
  });
  expect(endless.error).toMatchObject({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('registryPages') });
  const last = (count: number) => (count < 5 ? { link: next(`last=${count}`) } : {});
  const five = await tagsOf((_, count) => ({ ...last(count), body: { tags: [] } }), { registryPages: 5 });
  expect(five.error).toBeNull();
});

test.each<[string, Answer, string]>([
  ['no such repository', { status: 404, body: {} }, 'TARGET_NOT_FOUND'],
  ['no such list', { status: 405, body: '' }, 'TARGET_NOT_FOUND'],
  ['not for us', { status: 403, body: {} }, 'REGISTRY_DENIED'],
  ['no JSON', { body: '<html>' }, 'REGISTRY_UNAVAILABLE'],
  ['a list', { body: [] }, 'REGISTRY_UNAVAILABLE'],
  ['nested', { body: `{"tags":${'['.repeat(9)}${']'.repeat(9)}}` }, 'REGISTRY_UNAVAILABLE'],
  ['long', { body: `{"tags":["${'a'.repeat(2_000)}"]}` }, 'LIMIT_EXCEEDED'],
  ['another status', { status: 206, body: {} }, 'REGISTRY_UNAVAILABLE'],
])('%s', async (_, answer, code) => {
  expect((await tagsOf(() => answer, { registryAnswerBytes: 1_000 })).error).toMatchObject({ code });
});

test('what is no text is no tag, and null is none (distribution writes it of an empty repository)', async () => {
  expect(await tagsOf(() => ({ body: { tags: [1, null, 'a', {}, ['b']] } }))).toMatchObject({ tags: ['a'] });
  for (const tags of [null, undefined, 'a', {}]) {
    expect(await tagsOf(() => ({ body: { tags } }))).toMatchObject({ tags: [], error: null });
  }
});
