import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../domain/image/manifest.ts';
import { LIMITS } from '../domain/limits.ts';
import { refreshTags } from './refresh-tags.ts';
import type { Delivery } from './store-ports.ts';

const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

async function refreshed(tags: readonly string[], known: Readonly<Record<string, string>> = {}) {
  const accepted: Delivery[] = [];
  const warnings: string[] = [];
  const changed = await refreshTags(tags, new AbortController().signal, {
    resolver: {
      resolve: async ({ repository }) => {
        if (repository === 'broken') throw new Error('no answer');
        return { digest: digestOf('a') } as Descriptor;
      },
    },
    digestOf: async ({ repository }) => known[repository] ?? null,
    registrationOf: ({ registry }) => (registry === 'r.example' ? 'ours' : null),
    accept: async (delivery) => void accepted.push(delivery),
    limits: LIMITS,
    sha256: () => '0'.repeat(64),
    moment: () => '2026-03-10T12:00:00.000Z',
    onWarning: (message) => warnings.push(message),
  });
  return { changed, accepted, warnings };
}

describe('tags that reviews name', () => {
  test('that point elsewhere are told as a push, so that what they mean now is scanned', async () => {
    const { changed, accepted } = await refreshed(['r.example/team/app:1']);
    expect(changed).toBe(1);
    expect(accepted).toMatchObject([
      { registry: 'ours', events: [{ action: 'push', repository: 'team/app', tag: '1', digest: digestOf('a') }] },
    ]);
  });

  test('that point where they did, or are of no registered registry, are left', async () => {
    const { changed, accepted } = await refreshed(['r.example/app:1', 'docker.io/library/nginx:1'], {
      app: digestOf('a'),
    });
    expect([changed, accepted]).toEqual([0, []]);
  });

  test('of which a registry says nothing keep nobody else waiting', async () => {
    const { changed, warnings } = await refreshed(['r.example/broken:1', 'r.example/app:1']);
    expect([changed, warnings]).toEqual([1, ['where r.example/broken:1 points could not be asked: no answer']]);
  });
});
