import { describe, expect, test } from 'vitest';
import { KnownPods } from './known-pods.ts';

const podOf = (name: string, app = 'web') => ({
  metadata: { namespace: 'shop', name, labels: { app }, managedFields: [{ manager: 'kubectl' }] },
  spec: { containers: [] },
  status: { phase: 'Running' },
});

function pods(found: unknown = null) {
  const asked: string[] = [];
  const signals: number[] = [];
  const reader = {
    pod: async (namespace: string, name: string) => {
      asked.push(`${namespace}/${name}`);
      if (found instanceof Error) throw found;
      return found;
    },
  };
  const known = new KnownPods(reader, (ms) => {
    signals.push(ms);
    return new AbortController().signal;
  });
  return { known, asked, signals };
}

describe('known Pods', () => {
  test('are answered from the watch, without what nobody reads', async () => {
    const { known, asked } = pods();
    known.put(podOf('web-0'));
    expect(await known.find('shop', 'web-0')).toEqual({
      metadata: { namespace: 'shop', name: 'web-0', labels: { app: 'web' } },
      spec: { containers: [] },
    });
    known.put(podOf('web-0', 'other'));
    expect(await known.find('shop', 'web-0')).toMatchObject({ metadata: { labels: { app: 'other' } } });
    expect(asked).toEqual([]);
  });

  test('that the watch does not know are asked for once, for half a second at the most', async () => {
    const { known, asked, signals } = pods(podOf('new'));
    expect(await known.find('shop', 'new')).toMatchObject({ metadata: { name: 'new' } });
    expect([asked, signals]).toEqual([['shop/new'], [500]]);
  });

  test('of which nobody can tell are none', async () => {
    expect(await pods(new Error('the API server does not answer')).known.find('shop', 'web-0')).toBeNull();
    expect(await pods(null).known.find('shop', 'web-0')).toBeNull();
    expect(await pods('text').known.find('shop', 'web-0')).toBeNull();
  });

  test('that are gone, or not in a new list, are forgotten', async () => {
    const { known, asked } = pods();
    for (const name of ['a', 'b', 'c']) known.put(podOf(name));
    known.gone('shop', 'a');
    known.relist();
    known.put(podOf('b'));
    // Until the list is whole nothing is missing from it.
    expect(await known.find('shop', 'c')).not.toBeNull();
    known.listed();
    for (const name of ['a', 'b', 'c']) await known.find('shop', name);
    expect(asked).toEqual(['shop/a', 'shop/c']);
  });

  test.each([
    null,
    'text',
    {},
    { metadata: {} },
    { metadata: { name: 'x' } },
    { metadata: { name: 1, namespace: 'shop' } },
  ])('of no shape are passed over: %j', (object) => {
    expect(() => pods().known.put(object)).not.toThrow();
  });
});
