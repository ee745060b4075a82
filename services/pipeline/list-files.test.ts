import { describe, expect, it } from 'vitest';
import {
  type FakeEntry,
  FakeLayerReader,
  fakeDigest,
  fakeFile,
  fakeLink,
  fakeOptions,
} from '../../test/support/fake-layers.ts';
import { MemoryFactsCache } from '../../test/support/memory-facts-cache.ts';
import { dpkgStatus } from '../../test/support/package-databases.ts';
import { parseTarget } from '../domain/image/target.ts';
import { ANALYZERS } from '../domain/packages/registry.ts';
import type { OpenedTarget } from './image-ports.ts';
import type { FactsCache } from './layer-ports.ts';
import { listFiles } from './list-files.ts';

const STATUS = dpkgStatus([{ name: 'a', version: '1' }]);
const encoder = new TextEncoder();

/** An image of these layers, as a classic archive describes it. */
async function listed(layers: readonly (readonly FakeEntry[])[], cache: FactsCache | null = null) {
  const reader = new FakeLayerReader(layers, ANALYZERS);
  let closed = 0;
  const config = { os: 'linux', architecture: 'amd64', rootfs: { diff_ids: layers.map((_, i) => fakeDigest(i)) } };
  const location = { kind: 'file', path: 'x', compression: 'none', offset: 0, size: 1 } as const;
  const opened: OpenedTarget = {
    kind: 'loose',
    targetKind: 'docker-archive',
    path: 'x',
    images: [
      {
        names: [],
        config: encoder.encode(JSON.stringify(config)),
        layers: layers.map((_, i) => ({ name: `${i}`, location })),
      },
    ],
    close: async () => {
      closed++;
    },
  };
  const options = fakeOptions({ analyzers: ANALYZERS, cache });
  const request = {
    ...options,
    engines: [],
    target: parseTarget('docker-archive:x'),
    platform: null,
    crossMounts: false,
    readLockfiles: false,
    useSboms: false,
  };
  const clock = { moment: () => '', elapsed: () => 0 };
  const lines: string[] = [];
  const engineRunner = { run: async () => Promise.reject(new Error('no engine was asked for')) };
  const dependencies = {
    ...options,
    lockfileAnalyzers: () => Promise.resolve([]),
    sbomAnalyzer: () => Promise.reject(new Error('nobody asked for SBOMs')),
    sbomReader: { read: () => Promise.reject(new Error('there is no SBOM')) },
    engineRunner,
    opener: { open: async () => opened },
    reader,
    clock,
    version: '0',
  };
  const { complete } = await listFiles(request, dependencies, ({ path, type, layer, owner, target }) => {
    lines.push(
      `${layer} ${type} ${path}${target === null ? '' : ` -> ${target}`}${owner === null ? '' : ` (${owner})`}`,
    );
  });
  expect(closed).toBe(1);
  return { lines, complete };
}

describe('files of an image', () => {
  it('are those of all layers together, with the package of each', async () => {
    const base = [
      fakeFile('var/lib/dpkg/status', STATUS),
      fakeFile('var/lib/dpkg/info/a.list', '/.\n/usr\n/usr/bin\n/usr/bin/a\n/usr/bin/b\n'),
      fakeFile('usr/bin/a'),
      fakeFile('usr/bin/b'),
    ];
    const top = [fakeFile('usr/bin/.wh.b'), fakeFile('usr/bin/a'), fakeLink('usr/bin/c', 'a')];
    const { lines, complete } = await listed([base, top]);
    expect(complete).toBe(true);
    expect(lines.filter((line) => line.includes(' usr/'))).toEqual([
      '1 implicit usr/bin (a)',
      '1 file usr/bin/a (a)',
      '1 symlink usr/bin/c -> a',
    ]);
    expect(lines.some((line) => line.includes('usr/bin/b'))).toBe(false);
  });

  it('belong to packages also by the names that they had before usr-merge, and from the cache', async () => {
    const layers = [
      [
        fakeFile('var/lib/dpkg/status', STATUS),
        fakeFile('var/lib/dpkg/info/a.list', '/bin/a\n'),
        fakeLink('bin', 'usr/bin'),
        fakeFile('usr/bin/a'),
      ],
    ];
    const cache = new MemoryFactsCache();
    const first = await listed(layers, cache);
    expect(first.lines).toContain('0 file usr/bin/a (a)');
    expect(await listed(layers, cache)).toEqual(first);
  });

  it('belong to packages whose database was read a second time', async () => {
    const layers = [
      [fakeFile('opt/db/status', STATUS), fakeFile('opt/db/info/a.list', '/srv/a\n'), fakeFile('srv/a')],
      [fakeLink('var/lib/dpkg', '/opt/db')],
    ];
    expect((await listed(layers)).lines).toContain('0 file srv/a (a)');
  });

  it('are many lists in one layer, each looked at once', async () => {
    const many = Array.from({ length: 2_000 }, (_, i) => fakeFile(`var/lib/dpkg/info/p${i}.list`, `/srv/${i}\n`));
    const start = performance.now();
    const { lines } = await listed([[fakeFile('var/lib/dpkg/status', STATUS), ...many, fakeFile('srv/7')]]);
    expect(lines).toContain('0 file srv/7 (p7)');
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
