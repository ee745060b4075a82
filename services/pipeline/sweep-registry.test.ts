import { describe, expect, test } from 'vitest';
import { PlimsollError } from '../domain/errors.ts';
import { LIMITS, type Limits } from '../domain/limits.ts';
import { readRegistrations } from '../domain/registries/registration.ts';
import type { Delivery, RegistryEvent } from './store-ports.ts';
import { sweepRegistry } from './sweep-registry.ts';

const NOW = '2026-05-05T12:00:00.000Z';
const digestOf = (text: string): string => `sha256:${text.repeat(64)}`;
const failing = (code: 'REGISTRY_DENIED' | 'REGISTRY_UNAVAILABLE' | 'TARGET_NOT_FOUND') =>
  new PlimsollError(code, `it says ${code}`);

/** Tags and their digests by repository; an error in the place of what it is raised for. */
type World = Readonly<Record<string, Readonly<Record<string, string | PlimsollError>> | PlimsollError>>;

interface Case {
  readonly there: World;
  readonly known?: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  /** Manifests by repository that no tag points to, as they are known. */
  readonly untagged?: Readonly<Record<string, readonly string[]>>;
  /** Of these, what the registry has, or answers. */
  readonly manifests?: Readonly<Record<string, string | PlimsollError>>;
  readonly catalog?: readonly string[] | PlimsollError;
  readonly registration?: object;
  readonly limits?: Partial<Limits>;
  readonly signal?: AbortSignal;
}

async function sweep({
  there,
  known = {},
  untagged = {},
  manifests = {},
  catalog = Object.keys(there),
  registration = {},
  ...options
}: Case) {
  const webhook = { method: 'bearer', secrets: [{ environment: 'X' }] };
  const stated = { id: 'r', kind: 'distribution', host: 'r.example.org', webhook, ...registration };
  const deliveries: Delivery[] = [];
  const result = await sweepRegistry(
    readRegistrations({ registries: [stated] }, 'test').get('r')!,
    {
      lister: {
        async *repositories() {
          if (catalog instanceof PlimsollError) throw catalog;
          yield* catalog;
        },
        async *tags({ repository }) {
          const tags = there[repository] ?? failing('TARGET_NOT_FOUND');
          if (tags instanceof PlimsollError) throw tags;
          yield* Object.keys(tags);
        },
      },
      resolver: {
        resolve: async ({ repository, tag, digest: named }) => {
          const tags = there[repository] as Record<string, string | PlimsollError>;
          const digest = named === null ? tags[tag!]! : (manifests[named] ?? failing('TARGET_NOT_FOUND'));
          if (digest instanceof PlimsollError) throw digest;
          return { digest, mediaType: '', size: -1, artifactType: null, platform: null, annotations: {}, urls: [] };
        },
      },
      known: {
        repositories: async () => Object.keys(known),
        tags: async (_registry, repository) => new Map(Object.entries(known[repository] ?? {})),
        untagged: async (_registry, repository, tagged) =>
          (untagged[repository] ?? []).filter((digest) => !tagged.includes(digest)),
      },
      accept: async (delivery) => deliveries.push(delivery),
      sha256: () => 'abc',
      moment: () => NOW,
    },
    { limits: { ...LIMITS, ...options.limits }, signal: options.signal ?? new AbortController().signal },
  );
  return { result, deliveries, events: deliveries.flatMap(({ events }) => events as RegistryEvent[]) };
}

describe('what events lost', () => {
  test('new tags, moved tags and tags that are gone are told; what is as it was is not', async () => {
    const { result, deliveries, events } = await sweep({
      there: { 'team/app': { new: digestOf('1'), moved: digestOf('2'), same: digestOf('3'), back: digestOf('4') } },
      known: { 'team/app': { moved: digestOf('1'), same: digestOf('3'), gone: digestOf('5'), old: null, back: null } },
    });
    expect(events).toEqual([
      { action: 'push', repository: 'team/app', tag: 'new', digest: digestOf('1'), at: NOW },
      { action: 'push', repository: 'team/app', tag: 'moved', digest: digestOf('2'), at: NOW },
      { action: 'push', repository: 'team/app', tag: 'back', digest: digestOf('4'), at: NOW },
      { action: 'delete', repository: 'team/app', tag: 'gone', digest: null, at: NOW },
    ]);
    expect(deliveries).toMatchObject([{ registry: 'r', senderId: null, bodyDigest: 'sha256:abc', ignored: 0 }]);
    expect(result).toEqual({ catalog: true, repositories: 1, tags: 4, pushed: 3, deleted: 1, failures: [], failed: 0 });
  });
  test('manifests that the registry no longer has are told; those that it has, or does not say, are not', async () => {
    const [gone, stays, tagged] = ['6', '7', '1'].map(digestOf) as [string, string, string];
    const swept = {
      there: { a: { x: tagged } },
      known: { a: { x: tagged } },
      untagged: { a: [gone, stays, tagged] },
    };
    const { events, result } = await sweep({ ...swept, manifests: { [stays]: stays } });
    expect(events).toEqual([{ action: 'delete', repository: 'a', tag: null, digest: gone, at: NOW }]);
    expect(result).toMatchObject({ deleted: 1, failed: 0 });
    const broken = await sweep({ ...swept, manifests: { [gone]: failing('REGISTRY_UNAVAILABLE'), [stays]: stays } });
    expect([broken.events, broken.result.failed]).toEqual([[], 1]);
  });
  test('a repository that neither catalog nor list has is gone, with all that was in it', async () => {
    const known = { old: { x: digestOf('1') } };
    const untagged = { old: [digestOf('1')] };
    const there = { a: {} };
    expect((await sweep({ there, known, untagged })).events).toEqual([
      { action: 'delete', repository: 'old', tag: 'x', digest: null, at: NOW },
      { action: 'delete', repository: 'old', tag: null, digest: digestOf('1'), at: NOW },
    ]);
    // Nobody is believed who has nothing at all, or has not said all that there is.
    for (const catalog of [[], failing('REGISTRY_UNAVAILABLE')]) {
      const { events, result } = await sweep({ there, known, untagged, catalog });
      expect([events, result.failures.at(-1)]).toEqual([[], 'old: it says TARGET_NOT_FOUND']);
    }
    const some = await sweep({ there: { a: {}, b: {} }, known, untagged, limits: { sweptRepositories: 2 } });
    expect(some.events).toEqual([]);
    const denied = await sweep({ there: { a: {}, old: failing('REGISTRY_DENIED') }, known, untagged, catalog: ['a'] });
    expect(denied.events).toEqual([]);
  });
  test('nothing is recorded where nothing was lost', async () => {
    const there = { a: { x: digestOf('1') } };
    expect((await sweep({ there, known: there })).deliveries).toEqual([]);
  });
  test('many are told in several deliveries', async () => {
    const tags = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`t${index}`, digestOf('1')]));
    const { deliveries, events } = await sweep({ there: { a: tags }, limits: { deliveryEvents: 10 } });
    expect([deliveries.length, events.length]).toEqual([3, 25]);
  });
});

describe('which repositories', () => {
  const there = { 'team/app': { x: digestOf('1') }, 'other/app': { x: digestOf('2') }, known: { x: digestOf('3') } };
  const swept = async (more: Omit<Case, 'there'>) =>
    (await sweep({ there, ...more })).events.map(({ repository }) => repository);

  test('those of the catalog that the registration is about', async () => {
    expect(await swept({})).toEqual(['known', 'other/app', 'team/app']);
    expect(await swept({ registration: { repositories: ['team/**'] } })).toEqual(['team/app']);
  });
  test('without a catalog: those that are known, and those that are named', async () => {
    const known = { known: {} };
    const registration = { repositories: ['team/app', '**'] };
    const { events, result } = await sweep({ there, known, registration, catalog: failing('REGISTRY_DENIED') });
    expect(events.map(({ repository }) => repository)).toEqual(['known', 'team/app']);
    expect(result).toMatchObject({ catalog: false, failed: 1, failures: ['the catalog: it says REGISTRY_DENIED'] });
  });
  test('of Quay, GHCR, Docker Hub and GitLab no catalog is asked for', async () => {
    for (const kind of ['quay', 'ghcr', 'docker-hub', 'gitlab'] as const) {
      const method = { quay: 'path', 'docker-hub': 'path', ghcr: 'hmac', gitlab: 'bearer' }[kind];
      const registration = { kind, webhook: { method, secrets: [{ environment: 'X' }] } };
      const { events, result } = await sweep({ there, known: { known: {} }, registration });
      expect(events.map(({ repository }) => repository)).toEqual(['known']);
      expect(result).toMatchObject({ catalog: false, failed: 0 });
    }
  });
  test('hostile names are none', async () => {
    const catalog = ['../x', 'team/app', 'A', 'a'.repeat(300), 'team/app', ''];
    expect(await swept({ catalog })).toEqual(['team/app']);
    const { events } = await sweep({
      there: { a: { '../x': digestOf('1'), 'a b': digestOf('1'), ok: digestOf('1') } },
    });
    expect(events.map(({ tag }) => tag)).toEqual(['ok']);
  });
});

describe('what cannot be read', () => {
  test('one repository does not hold the others, and none of its tags counts as gone', async () => {
    const { events, result } = await sweep({
      there: { a: failing('REGISTRY_UNAVAILABLE'), b: { x: digestOf('1') } },
      known: { a: { x: digestOf('2') } },
    });
    expect(events).toMatchObject([{ repository: 'b', action: 'push' }]);
    expect(result.failures).toEqual(['a: it says REGISTRY_UNAVAILABLE']);
  });
  test('one tag that breaks off keeps its repository from losing tags', async () => {
    const { events, result } = await sweep({
      there: { a: { x: digestOf('1'), y: failing('REGISTRY_UNAVAILABLE') } },
      known: { a: { gone: digestOf('2') } },
    });
    expect(events).toEqual([]);
    expect(result.failed).toBe(1);
  });
  test('a tag that goes meanwhile is for the next sweep', async () => {
    const { events, result } = await sweep({ there: { a: { x: failing('TARGET_NOT_FOUND'), y: digestOf('1') } } });
    expect(events.map(({ tag }) => tag)).toEqual(['y']);
    expect(result.failed).toBe(0);
  });
  test('a signal ends it', async () => {
    const stop = new AbortController();
    stop.abort(new PlimsollError('CANCELLED', 'enough'));
    await expect(sweep({ there: { a: {} }, signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
  test('sweptRepositories and sweptTags: at them all, past them it says so', async () => {
    const there = { a: { x: digestOf('1') }, b: { y: digestOf('1'), z: digestOf('1') } };
    const at = await sweep({ there, limits: { sweptRepositories: 2, sweptTags: 3 } });
    expect([at.events.length, at.result.failed]).toEqual([3, 0]);
    const fewer = await sweep({ there, limits: { sweptRepositories: 1 } });
    expect([fewer.events.length, fewer.result.failures[0]]).toEqual([1, expect.stringContaining('sweptRepositories')]);
    const tags = await sweep({
      there: { b: there.b },
      known: { b: { gone: digestOf('9') } },
      limits: { sweptTags: 1 },
    });
    expect([tags.events, tags.result.failures[0]]).toEqual([[], expect.stringContaining('sweptTags')]);
  });
});
