import { expect, test } from 'vitest';
import { CgroupTable, chainOf } from './cgroup-table.ts';
import type { CgroupEvent } from './event.ts';

const event = (kind: CgroupEvent['kind'], id: bigint, parent: bigint, path: string) =>
  ({ kind, cgroupId: id, parentCgroupId: parent, path, existing: false }) as CgroupEvent;

test('knows a cgroup with those around it, also after its death', () => {
  const table = new CgroupTable({ rememberedCgroups: 10 });
  table.apply(event('cgroup-made', 1n, 0n, '/a'));
  table.apply(event('cgroup-made', 2n, 1n, '/a/b'));
  table.apply(event('cgroup-gone', 2n, 1n, '/a/b'));
  expect(chainOf(table.get(2n)!).map(({ path }) => path)).toEqual(['/a', '/a/b']);
  expect(table.get(3n)).toBeNull();
});

test('past the limit the longest dead go, and the living stay', () => {
  const table = new CgroupTable({ rememberedCgroups: 2 });
  for (const id of [1n, 2n, 3n]) table.apply(event('cgroup-made', id, 0n, `/${id}`));
  expect(table.size).toBe(3);
  table.apply(event('cgroup-gone', 2n, 0n, '/2'));
  expect([1n, 2n, 3n].map((id) => table.get(id)?.path)).toEqual(['/1', undefined, '/3']);
  table.apply(event('cgroup-gone', 3n, 0n, '/3'));
  table.apply(event('cgroup-gone', 1n, 0n, '/1'));
  table.apply(event('cgroup-made', 4n, 0n, '/4'));
  expect([1n, 3n, 4n].map((id) => table.get(id)?.path)).toEqual(['/1', undefined, '/4']);
});
