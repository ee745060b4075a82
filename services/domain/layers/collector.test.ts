import { describe, expect, it } from 'vitest';
import { PlimsollError } from '../errors.ts';
import { LIMITS, type Limits } from '../limits.ts';
import { type Analyzer, EMPTY_UNIT } from '../packages/ecosystem.ts';
import { type CollectedEntry, type CollectorOptions, LayerCollector } from './collector.ts';
import { Inventory } from './inventory.ts';

const decoder = new TextDecoder();

/** Wants what lies in `db/` and keeps its text. */
const texts: Analyzer = {
  id: 'texts',
  version: 1,
  roots: ['db'],
  wants: ({ path }) => (path.startsWith('db/') ? 'whole' : 'no'),
  readDatabase: (files) => ({
    units: files.map(({ path, bytes }) => ({
      ...EMPTY_UNIT,
      path,
      text: decoder.decode(bytes),
      fileLists: [{ package: 'p', paths: ['usr/bin/p'] }],
    })),
  }),
};

const unused = (): never => {
  throw new Error('the analyzers of these tests need neither digests nor inflation');
};

interface Given {
  readonly path: string;
  readonly type?: CollectedEntry['type'];
  readonly target?: string;
  readonly content?: string;
  readonly mode?: number;
  readonly escaped?: boolean;
  /** What the header says, where that is not the content's length. */
  readonly size?: number;
}

function collect(
  entries: readonly Given[],
  { limits = {}, ...options }: Partial<CollectorOptions> & { limits?: Partial<Limits> } = {},
) {
  const collector = new LayerCollector({
    analyzers: [texts],
    extra: null,
    skip: () => false,
    contentHash: null,
    context: { sha256: unused, inflate: unused, limits: { ...LIMITS, ...limits } },
    whiteouts: true,
    ...options,
  });
  const lent = new Uint8Array(64);
  for (const { path, type = 'file', target, content = '', mode = 0o644, escaped = false, size } of entries) {
    const bytes = new TextEncoder().encode(content);
    const entry = { path, escaped, type, mode, size: size ?? bytes.length, linkTarget: target ?? null };
    if (!collector.entry(entry, bytes.subarray(0, 512))) continue;
    for (let at = 0; at < bytes.length; at += lent.length) {
      const part = bytes.subarray(at, at + lent.length);
      lent.set(part);
      collector.data(lent.subarray(0, part.length));
      lent.fill(0x2a);
    }
    collector.end();
  }
  const { outline, inventory, analyses } = collector.finish();
  const { facts, fileLists } = analyses.get(texts) ?? { facts: { read: [], units: [] }, fileLists: [] };
  const list =
    inventory === null
      ? null
      : [...new Inventory(inventory).below('')].map(
          ({ path, type, target }) => `${path} ${type}${target === null ? '' : ` ${target}`}`,
        );
  const read = Object.fromEntries(facts.units.map(({ realPath, unit }) => [`${realPath} as ${unit.path}`, unit.text]));
  return { outline, inventory, list, read, facts, fileLists, flaws: outline.flaws };
}

describe('what analyzers want', () => {
  it('is kept byte for byte although the chunks are only lent', () => {
    const content = 'x'.repeat(1_000);
    const { read, fileLists, facts } = collect([
      { path: 'db/a', content },
      { path: 'other', content: 'y' },
      { path: 'db/empty' },
    ]);
    expect(read).toEqual({ 'db/a as db/a': content, 'db/empty as db/empty': '' });
    expect(facts.read).toEqual(['db/a', 'db/empty']);
    expect(facts.units.every(({ unit }) => unit.fileLists.length === 0)).toBe(true);
    expect(fileLists.map(({ realPath }) => realPath)).toEqual(['db/a', 'db/empty']);
  });

  it('is the last of its name', () => {
    const { read } = collect([
      { path: 'db/a', content: 'old' },
      { path: 'db/a', content: 'new' },
    ]);
    expect(read).toEqual({ 'db/a as db/a': 'new' });
  });

  it.each<readonly [string, readonly Given[]]>([
    ['a link', [{ path: 'db/a', type: 'symlink', target: 'b' }]],
    ['something in the place of its directory', [{ path: 'db', content: 'x' }]],
    ['a directory', [{ path: 'db/a', type: 'directory' }]],
  ])('is forgotten when %s takes its place', (_, later) => {
    expect(collect([{ path: 'db/a', content: 'old' }, ...later]).read).toEqual({});
  });

  it('is found where a link of the layer leads it', () => {
    const { read, list } = collect([
      { path: 'lib', type: 'symlink', target: '/db' },
      { path: 'lib/a', content: 'x' },
    ]);
    expect(read).toEqual({ 'db/a as db/a': 'x' });
    expect(list).toEqual(['db implicit', 'db/a file', 'lib symlink /db']);
  });

  it('is left out past the limit of one file, which is said', () => {
    const limits = { wantedFileBytes: 4 };
    expect(collect([{ path: 'db/a', content: '1234' }], { limits })).toMatchObject({
      read: { 'db/a as db/a': '1234' },
      flaws: [],
    });
    const { read, flaws, list } = collect(
      [
        { path: 'db/a', content: '12345' },
        { path: 'other', content: '12345' },
      ],
      { limits },
    );
    expect([read, list]).toEqual([{}, ['db implicit', 'db/a file', 'other file']]);
    expect(flaws).toEqual([expect.objectContaining({ code: 'limit-reached', limit: 'wantedFileBytes', path: 'db/a' })]);
  });

  it('ends the reading where all of it, or a file that grows, is past a limit', () => {
    const grows: Given[] = [{ path: 'db/a', content: '12345', size: 1 }];
    const two: Given[] = [
      { path: 'db/a', content: '123' },
      { path: 'db/b', content: '123' },
    ];
    for (const [entries, limits] of [
      [grows, { wantedFileBytes: 4 }],
      [two, { wantedLayerBytes: 5 }],
    ] as const) {
      expect(() => collect(entries, { limits })).toThrow(
        expect.objectContaining({
          code: 'LIMIT_EXCEEDED',
          details: expect.objectContaining({ limit: Object.keys(limits)[0] }),
        }),
      );
    }
    expect(() => collect([two[0]!, two[0]!, two[0]!], { limits: { wantedLayerBytes: 3 } })).not.toThrow(PlimsollError);
  });

  it('is left out where the user says so, which is a gap that blocks', () => {
    const { read, flaws } = collect([{ path: 'db/a' }, { path: 'x' }], { skip: () => true });
    expect(read).toEqual({});
    expect(flaws.map(({ code, path }) => [code, path])).toEqual([
      ['wanted-file-skipped', 'db/a'],
      ['skipped-by-option', 'x'],
    ]);
  });
});

describe('a second reading', () => {
  it('keeps only the paths that it is for, under the names asked for, and makes no inventory', () => {
    const extra = [
      { realPath: 'tmp/x', analyzerId: 'texts', as: 'db/a' },
      { realPath: 'tmp/x', analyzerId: 'texts', as: 'db/b' },
      { realPath: 'tmp/gone', analyzerId: 'texts', as: 'db/c' },
      { realPath: 'tmp/y', analyzerId: 'unknown', as: 'db/d' },
    ];
    const { read, inventory, facts } = collect(
      [{ path: 'tmp/x', content: '1' }, { path: 'db/z', content: '2' }, { path: 'tmp/y' }],
      { extra },
    );
    expect(read).toEqual({ 'tmp/x as db/a': '1', 'tmp/x as db/b': '1' });
    expect([inventory, facts.read]).toEqual([null, ['tmp/x']]);
  });
});

describe('deletions', () => {
  it('are noted where they count, and are no files', () => {
    const { outline, list } = collect([
      { path: 'a/.wh.b' },
      { path: 'a/.wh.c' },
      { path: 'd/.wh..wh..opq' },
      { path: '.wh..wh.plnk', type: 'directory' },
      { path: 'usr/bin/which' },
      { path: 'opt/wheel' },
    ]);
    expect([outline.whiteouts, outline.opaques]).toEqual([['a/b', 'a/c'], ['d']]);
    expect(list).toEqual([
      'a implicit',
      'd implicit',
      'opt implicit',
      'opt/wheel file',
      'usr implicit',
      'usr/bin implicit',
      'usr/bin/which file',
    ]);
  });

  it('count where a link of the layer leads', () => {
    const link: Given = { path: 'lib', type: 'symlink', target: 'usr/lib' };
    const { outline } = collect([link, { path: 'lib/.wh.a' }, { path: 'lib/.wh..wh..opq' }]);
    expect([outline.whiteouts, outline.opaques]).toEqual([['usr/lib/a'], ['usr/lib']]);
  });

  it('are ordinary names on an installed system', () => {
    const { outline, list } = collect([{ path: 'a/.wh.b' }], { whiteouts: false });
    expect([outline.whiteouts, list]).toEqual([[], ['a implicit', 'a/.wh.b file']]);
  });

  it('have a limit', () => {
    const entries = [{ path: '.wh.a' }, { path: '.wh.b' }];
    expect(() => collect(entries, { limits: { layerWhiteouts: 2 } })).not.toThrow();
    expect(() => collect(entries, { limits: { layerWhiteouts: 1 } })).toThrow(PlimsollError);
  });
});

describe('links', () => {
  it('another name of a symbolic link is one too', () => {
    const { list } = collect([
      { path: 'a', type: 'symlink', target: 'etc' },
      { path: 'b', type: 'hardlink', target: 'a' },
      { path: 'b/x' },
    ]);
    expect(list).toEqual(['a symlink etc', 'b symlink etc', 'etc implicit', 'etc/x file']);
  });

  it('places the target of a hard link as it places entries', () => {
    const { list } = collect([
      { path: 'lib', type: 'symlink', target: 'usr/lib' },
      { path: 'usr/lib/x' },
      { path: 'y', type: 'hardlink', target: 'lib/x' },
    ]);
    expect(list).toContain('y hardlink usr/lib/x');
  });

  it('has a limit of those remembered, which is said', () => {
    const entries: Given[] = ['a', 'b'].map((path) => ({ path, type: 'symlink', target: 'x' }));
    expect(collect(entries, { limits: { layerLinks: 2 } }).flaws).toEqual([]);
    expect(collect(entries, { limits: { layerLinks: 1 } }).flaws).toEqual([
      expect.objectContaining({ code: 'limit-reached', limit: 'layerLinks' }),
    ]);
  });
});

describe('flaws', () => {
  it('tells of names that leave the root, and of what no runtime unpacks', () => {
    const { flaws, read } = collect([{ path: 'x', escaped: true }, { path: 'db' }, { path: 'db/a' }, { path: 'x/y' }]);
    expect(flaws.map(({ code, path }) => [code, path])).toEqual([
      ['path-escape', 'x'],
      ['wanted-file-unreadable', 'db/a'],
      ['unreadable-path', 'x/y'],
    ]);
    expect(read).toEqual({});
  });

  it('lists so many of one kind and counts the rest', () => {
    const { flaws } = collect(Array.from({ length: 50 }, (_, i) => ({ path: `${i}`, escaped: true })));
    expect(flaws).toHaveLength(LIMITS.listedFlaws + 1);
    expect(flaws.at(-1)).toMatchObject({ path: null, message: '30 more of the same kind' });
  });
});

describe('digests', () => {
  it('are made of executables and libraries, and of nothing else', () => {
    const hashed: string[] = [];
    const contentHash = () => {
      let text = '';
      return {
        update: (chunk: Uint8Array) => {
          text += decoder.decode(chunk);
        },
        digest: () => {
          hashed.push(text);
          return new Uint8Array(32).fill(text.length);
        },
      };
    };
    const entries: Given[] = [
      { path: 'bin/a', content: 'run', mode: 0o755 },
      { path: 'lib/b.so.6', content: 'so' },
      { path: 'lib/c.node', content: 'node!' },
      { path: 'etc/d', content: 'text' },
      { path: 'db/e', content: 'both', mode: 0o755 },
    ];
    const { inventory, read } = collect(entries, { contentHash });
    expect(hashed).toEqual(['run', 'so', 'node!', 'both']);
    expect(new Inventory(inventory!).find('bin/a')?.sha256).toBe('03'.repeat(32));
    expect(new Inventory(inventory!).find('etc/d')?.sha256).toBeNull();
    expect(read).toEqual({ 'db/e as db/e': 'both' });
  });
});
