import { expect, test, vi } from 'vitest';
import { Backlog, type RecordLine } from '../../domain/runtime/backlog.ts';
import { RecordDelivery } from './record-delivery.ts';

const line = (text: string): RecordLine => ({ text, severity: 'low', time: '', kind: 'exec' });

/** A sink that fails as long as `failing` says so. */
function sinkOf(failing: () => boolean) {
  const taken: string[] = [];
  const sink = {
    name: 'test',
    send: async (lines: readonly RecordLine[]) => {
      if (failing()) throw new Error('nobody there');
      taken.push(...lines.map(({ text }) => text));
    },
    close: async () => {},
  };
  return { sink, taken };
}

test('a sink that fails is asked again; it is told when it begins and when it works again; nothing is lost or doubled', async () => {
  let left = 2;
  const { sink, taken } = sinkOf(() => left-- > 0);
  const said: string[] = [];
  const delivery = new RecordDelivery(sink, new Backlog(1_000), (text) => said.push(text));
  delivery.offer([line('a')]);
  delivery.offer([line('b')]);
  await vi.waitFor(() => expect(taken).toEqual(['a', 'b']), { timeout: 20_000 });
  await vi.waitFor(() => expect(said).toHaveLength(2), { timeout: 20_000 });
  expect(said).toEqual(['test: nobody there; tried again until it works', 'test: works again']);
  delivery.offer([line('c')]);
  expect(await delivery.close(1_000)).toBe(true);
  expect(taken).toEqual(['a', 'b', 'c']);
});

test('one that fails to the end says that not all was taken', async () => {
  const { sink } = sinkOf(() => true);
  const said: string[] = [];
  const delivery = new RecordDelivery(sink, new Backlog(1_000), (text) => said.push(text));
  delivery.offer([line('a')]);
  expect(await delivery.close(500)).toBe(false);
  expect(said.at(-1)).toContain('not all was taken at the end: nobody there');
});
