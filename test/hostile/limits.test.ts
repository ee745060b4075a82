import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { FileFactsCache } from '../../services/adapters/cache/file-facts-cache.ts';
import { LayerThreads } from '../../services/adapters/readers/layer-threads.ts';
import { LIMITS, type LimitName } from '../../services/domain/limits.ts';
import type { Report } from '../../services/domain/report/report.ts';
import type { LayerReader } from '../../services/pipeline/layer-ports.ts';
import { buildImage, descriptorOf, json, type LayerSpec, ociArchive, sha256 } from '../support/image-builder.ts';
import { file, type LayerEntry, layerTar, symlink, whiteout } from '../support/layer-builder.ts';
import { outcomeOf, packagesOf } from '../support/outcome.ts';
import { apkInstalled, dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { REPOSITORY, repositoryFiles } from '../support/repository.ts';
import { buildRpmDatabase, buildRpmHeader } from '../support/rpm-databases.ts';
import {
  archiveFile,
  LAYER_WORKER,
  ociTarget,
  runCommand,
  type ScanChanges,
  scan,
  scratch,
  WITHOUT_THREADS,
} from '../support/scan.ts';
import { concat, END, paxRecord, rawEntry } from '../support/tar-blocks.ts';

/*
 * Every limit: at it a scan is complete, one past it the limit is called by its name in a blocking gap, or in
 * LIMIT_EXCEEDED. Most are tested lowered to exactly what a small image needs, and then by one more.
 */

const place = scratch('limits');
const reader = WITHOUT_THREADS;

interface LimitCase {
  /** Ends complete. */
  readonly at: () => Promise<Report>;
  /** Ends with the limit's name. */
  readonly past: () => Promise<Report>;
}

/** The limit lowered to what the target needs, and below. */
function lowered(limit: LimitName, need: number, target: () => Promise<string>, changes: ScanChanges = {}): LimitCase {
  const run = async (value: number) =>
    scan(await target(), { reader, ...changes, limits: { ...changes.limits, [limit]: value } });
  return { at: () => run(need), past: () => run(need - 1) };
}

const RELEASE = file('etc/os-release', OS_RELEASE.debian);
const STATUS = dpkgStatus([
  { name: 'a', version: '1' },
  { name: 'b', version: '1' },
  { name: 'c', version: '1' },
]);
const BASE = [RELEASE, file('var/lib/dpkg/status', STATUS)];

const layers = async (...specs: LayerSpec[]) => ociTarget(place, await buildImage({ layers: specs }));
const image =
  (...entries: LayerEntry[]) =>
  () =>
    layers({ entries: [...BASE, ...entries] });
const tarLayer =
  (tar: Uint8Array, compression: LayerSpec['compression'] = 'none') =>
  () =>
    layers({ entries: BASE }, { tar: Buffer.from(tar), compression });
const times = <Item>(count: number, make: (i: number) => Item) => Array.from({ length: count }, (_, i) => make(i));

const rpms = times(3, (i) => ({
  name: `p${i}`,
  version: '1',
  release: '1',
  provides: ['x', 'y'],
  files: { '/a': '', '/b': '' },
}));
const rpmImage = () =>
  layers({ entries: [RELEASE, file('var/lib/rpm/rpmdb.sqlite', Buffer.from(buildRpmDatabase('sqlite', rpms)))] });

const baseTar = await layerTar(BASE);
const zeros = gzipSync(await layerTar([file('zeros', Buffer.alloc(500_000))]));
const good = await buildImage({ layers: [{ entries: BASE }] });
const indexBytes = json({ schemaVersion: 2, manifests: [descriptorOf(good)] }).length;
const oci = () => Promise.resolve(ociTarget(place, good, { schemaVersion: 2, manifests: [descriptorOf(good)] }));
const archive = async () => archiveFile(place, await ociArchive([good]));

const paxContent = paxRecord('comment', 'x'.repeat(900));

function sparseTar(segments: number): Uint8Array {
  const map = times(segments, (i) => [i * 1_024, 512]).flat();
  const lines = `${segments}\n${map.map((number) => `${number}\n`).join('')}`;
  const content = concat(new TextEncoder().encode(lines.padEnd(512, '\0')), new Uint8Array(512 * segments));
  const records = [
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', 'sparse'],
    ['GNU.sparse.realsize', String(segments * 1_024)],
  ] as const;
  return concat(
    rawEntry({ name: 'x', type: 'x' }, records.map(([key, value]) => paxRecord(key, value)).join('')),
    rawEntry({ name: 'sparse' }, content),
    END,
  );
}

function rootfs(depth: number): string {
  const path = join(place, `rootfs-${depth}`);
  mkdirSync(join(path, times(depth, () => 'd').join('/'), ''), { recursive: true });
  mkdirSync(join(path, 'etc'), { recursive: true });
  mkdirSync(join(path, 'var/lib/dpkg'), { recursive: true });
  writeFileSync(join(path, 'etc/os-release'), OS_RELEASE.debian);
  writeFileSync(join(path, 'var/lib/dpkg/status'), STATUS);
  return `rootfs:${path}`;
}

/** The image below so many indexes. */
function nested(depth: number): Promise<Report> {
  const blobs: Buffer[] = [];
  let manifests: unknown[] = [descriptorOf(good)];
  for (let i = 0; i < depth; i++) {
    const blob = json({ schemaVersion: 2, manifests });
    blobs.push(blob);
    manifests = [{ mediaType: '', digest: sha256(blob), size: blob.length }];
  }
  return scan(ociTarget(place, good, { schemaVersion: 2, manifests }, blobs), { reader });
}

function manyManifests(count: number): Promise<Report> {
  const absent = times(count - 1, (i) => ({
    mediaType: '',
    digest: sha256(json(i)),
    size: 1,
    platform: { os: 'linux', architecture: `cpu${i}` },
  }));
  return scan(ociTarget(place, good, { schemaVersion: 2, manifests: [...absent, descriptorOf(good)] }), { reader });
}

const manyLayers = async (count: number) =>
  scan(
    await layers(
      { entries: BASE },
      ...times(count - 1, () => ({ tar: Buffer.alloc(0), compression: 'none' }) as const),
    ),
    { reader },
  );

const chain = (links: number) => [
  ...times(links - 1, (i) => symlink(`l/${i}`, `${i + 1}`)),
  file(`l/${links - 1}`, STATUS),
  symlink('var/lib/dpkg/status', '/l/0'),
];
const chained = async (links: number) => scan(await layers({ entries: [RELEASE, ...chain(links)] }), { reader });

const busybox = async (bytes: number) => {
  const binary = Buffer.alloc(bytes);
  binary.write('BusyBox v1.36.1', bytes - 100);
  return scan(
    await layers({
      entries: [file('lib/apk/db/installed', apkInstalled([{ name: 'a', version: '1' }])), file('bin/busybox', binary)],
    }),
    { reader },
  );
};

const flawed = async (records: number) =>
  scan(
    await layers({
      entries: [RELEASE, file('var/lib/dpkg/status', STATUS + 'Package: x\nVersion: 1\n\n'.repeat(records))],
    }),
    { reader },
  );

const lists = [file('var/lib/dpkg/info/a.list', '/a\n/b\n'), file('var/lib/dpkg/info/b.list', '/c\n')];
const owned = lowered('ownedFiles', 3, image(...lists));
const slow = async (layerMs: number) => scan(await layers({ entries: BASE }), { limits: { layerMs } });

/** As a command: exit 1 and TIMEOUT, as nothing is left to report. */
const timed = async (timeout: string): Promise<Report> => {
  const { code, stdout, stderr } = await runCommand([
    'scan',
    '--no-cache',
    '--db',
    'none',
    '--format',
    'json',
    '--timeout',
    timeout,
    await oci(),
  ]);
  if (code === 0) return JSON.parse(stdout) as Report;
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/--timeout.*\[TIMEOUT\]/) });
  return limitReached('scanMs');
};

/** A stand-in for a scan whose end says by other means that it reached the limit. */
const limitReached = (limit: string) =>
  ({ completeness: { gaps: [{ code: 'limit-reached', class: 'blocking', message: limit }] } }) as unknown as Report;

const threads = new LayerThreads(LAYER_WORKER, { keepThreads: true });
const twoLayers = () => layers({ entries: BASE }, { entries: [...BASE, ...lists] }, { entries: BASE });

/** What a scan of two layers, one of them twice, holds of them: as the reader hands it on. */
async function heldBytes(kind: 'facts' | 'inventory'): Promise<number> {
  let bytes = 0;
  const counting: LayerReader = {
    async read(jobs, options) {
      const readings = await threads.read(jobs, options);
      for (const [part, { length }] of readings.flatMap(({ parts }) => [...parts])) {
        if (/^inventory|-files@/.test(part) === (kind === 'inventory')) bytes += length;
      }
      return readings;
    },
  };
  await scan(await twoLayers(), { reader: counting });
  return bytes;
}

/** The least value at which it is complete. */
async function least(limit: LimitName, target: () => Promise<string>): Promise<number> {
  let [low, high] = [0, 1_024];
  while (low < high) {
    const value = (low + high) >> 1;
    const { completeness } = await scan(await target(), { reader, limits: { [limit]: value } });
    if (completeness.status === 'complete') high = value;
    else low = value + 1;
  }
  return low;
}

const CASES: Readonly<Partial<Record<LimitName, LimitCase>>> = {
  layerEntries: lowered('layerEntries', 4, image(file('c'), file('d'))),
  directoryDepth: lowered('directoryDepth', 6, async () => rootfs(6)),
  pathBytes: lowered('pathBytes', 180, image(file('d/'.repeat(40) + 'f'.repeat(100)))),
  paxHeaderBytes: lowered(
    'paxHeaderBytes',
    paxContent.length,
    tarLayer(concat(rawEntry({ name: 'x', type: 'x' }, paxContent), rawEntry({ name: 'f' }), END)),
  ),
  wantedFileBytes: lowered('wantedFileBytes', STATUS.length, image()),
  wantedLayerBytes: lowered('wantedLayerBytes', STATUS.length + OS_RELEASE.debian.length, image()),
  layerBytes: lowered('layerBytes', baseTar.length, image()),
  imageBytes: lowered(
    'imageBytes',
    2 * baseTar.length,
    () => layers({ entries: BASE }, { entries: [...BASE].reverse() }),
    { reader: threads },
  ),
  ratio: lowered(
    'ratio',
    Math.ceil(502_000 / zeros.length),
    async () => layers({ entries: BASE }, { blob: zeros, tar: await layerTar([file('zeros', Buffer.alloc(500_000))]) }),
    { limits: { ratioGraceBytes: 100_000 } },
  ),
  ratioGraceBytes: lowered('ratioGraceBytes', baseTar.length, image(), { limits: { ratio: 1 } }),
  zstdWindowBytes: lowered('zstdWindowBytes', 2 ** 20, async () => {
    const tar = await layerTar([file('big', Buffer.alloc(3 * 2 ** 20))]);
    return layers(
      { entries: BASE },
      { tar, blob: zstdCompressSync(tar, { params: { [constants.ZSTD_c_windowLog]: 20 } }) },
    );
  }),
  layerWhiteouts: lowered('layerWhiteouts', 3, () =>
    layers({ entries: BASE }, { entries: [whiteout('x'), whiteout('y'), file('z/.wh..wh..opq')] }),
  ),
  layerLinks: lowered('layerLinks', 3, image(symlink('x', 'y'), symlink('y', 'z'), symlink('z', 'x'))),
  inventoryBytes: lowered('inventoryBytes', await least('inventoryBytes', image()), image()),
  imageFactsBytes: lowered('imageFactsBytes', await heldBytes('facts'), twoLayers, { reader: threads }),
  imageInventoryBytes: lowered('imageInventoryBytes', await heldBytes('inventory'), twoLayers, { reader: threads }),
  sparseSegments: lowered('sparseSegments', 3, tarLayer(sparseTar(3))),
  manifestBytes: lowered('manifestBytes', Math.max(indexBytes, good.manifest.length, good.config.length), oci),
  documentBytes: lowered('documentBytes', indexBytes + good.manifest.length + good.config.length, oci),
  indexDepth: { at: () => nested(4), past: () => nested(5) },
  manifests: { at: () => manyManifests(1_000), past: () => manyManifests(1_001) },
  layers: { at: () => manyLayers(1_000), past: () => manyLayers(1_001) },
  archiveEntries: lowered('archiveEntries', 5, archive),
  linkDepth: { at: () => chained(40), past: () => chained(41) },
  wantedFiles: lowered('wantedFiles', 4, image(...lists)),
  searchedEntries: lowered('searchedEntries', await least('searchedEntries', twoLayers), twoLayers),
  secondReadPaths: lowered('secondReadPaths', 3, () =>
    layers({
      entries: [
        RELEASE,
        ...times(3, (i) => file(`opt/${i}`, `Package: p${i}\nVersion: 1\n`)),
        ...times(3, (i) => symlink(`var/lib/dpkg/status.d/${i}`, `/opt/${i}`)),
      ],
    }),
  ),
  packages: lowered('packages', 3, image()),
  ownedFiles: owned,
  repositories: lowered(
    'repositories',
    3,
    image(file('etc/apk/repositories', 'https://a/b\nhttps://c/d\nhttps://e/f\n')),
  ),
  recordFieldBytes: lowered('recordFieldBytes', 500, () =>
    layers({
      entries: [
        RELEASE,
        file(
          'var/lib/dpkg/status',
          `${STATUS}Package: d\nStatus: install ok installed\nDescription: ${'x'.repeat(487)}\nVersion: 1\n\n`,
        ),
      ],
    }),
  ),
  releaseFileBytes: lowered('releaseFileBytes', OS_RELEASE.debian.length, image()),
  versionedBinaryBytes: {
    at: () => busybox(LIMITS.versionedBinaryBytes),
    past: () => busybox(LIMITS.versionedBinaryBytes + 1),
  },
  relations: lowered('relations', 6, rpmImage),
  rpmHeaderBytes: lowered('rpmHeaderBytes', buildRpmHeader(rpms[0]!).length, rpmImage),
  listedFlaws: { at: () => flawed(LIMITS.listedFlaws), past: () => flawed(LIMITS.listedFlaws + 1) },
  cacheEntryBytes: { at: () => cached(LIMITS.cacheEntryBytes), past: () => cached(LIMITS.cacheEntryBytes + 1) },
  layerMs: { at: () => slow(LIMITS.layerMs), past: () => slow(1) },
  scanMs: { at: () => timed('10m'), past: () => timed('1ms') },
};

async function cached(bytes: number): Promise<Report> {
  const directory = join(place, 'cache');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const cache = await FileFactsCache.open({ directory });
  const key = { digest: `sha256:${'a'.repeat(64)}`, part: `part@${bytes}` };
  await cache.put(key, new Uint8Array(bytes));
  const { entries } = await cache.info();
  await cache.prune({ all: true });
  return entries === 1 ? scan(await oci(), { reader }) : limitReached('cacheEntryBytes');
}

/** Where a limit ends in another gap than `limit-reached`, and why that is right. */
const OTHER_ENDS: Partial<Record<LimitName, { code: string; message: RegExp }>> = {
  // Linux says ELOOP, of a circle and of a long chain alike.
  linkDepth: { code: 'wanted-file-unreadable', message: /circle/ },
  // A weak hint that is not taken: then nothing says which distribution it is.
  versionedBinaryBytes: { code: 'distribution-unknown', message: /./ },
  listedFlaws: { code: 'package-record-invalid', message: /^1 more/ },
};

const apk = (text: string) => () => layers({ entries: [RELEASE, file('lib/apk/db/installed', text)] });
const three = apkInstalled(times(3, (i) => ({ name: `p${i}`, version: '1' })));
const apkFiles = 'P:a\nV:1\nF:bin\nR:a\nR:b\nR:c\n\n';
const azure = times(3, (i) => `p${i}\t1-1\t0\t0\tvendor\t(none)\t1\tx86_64\t0\tp.src.rpm\n`).join('');

/** Limits that more than one reader keeps. */
const OTHER_READERS: readonly (readonly [LimitName, string, LimitCase])[] = [
  ['packages', 'apk', lowered('packages', 3, apk(three))],
  ['packages', 'rpm', lowered('packages', 3, rpmImage)],
  [
    'packages',
    'rpm manifest',
    lowered('packages', 3, () =>
      layers({ entries: [RELEASE, file('var/lib/rpmmanifest/container-manifest-2', azure)] }),
    ),
  ],
  ['ownedFiles', 'apk', lowered('ownedFiles', 3, apk(apkFiles))],
  ['ownedFiles', 'rpm', lowered('ownedFiles', 6, rpmImage)],
  ['recordFieldBytes', 'apk', lowered('recordFieldBytes', 300, apk(`${three}P:d\nV:1\nT:${'x'.repeat(298)}\n\n`))],
  [
    'recordFieldBytes',
    'apk repositories',
    lowered('recordFieldBytes', 300, image(file('etc/apk/repositories', `https://a/${'b'.repeat(290)}\n`))),
  ],
  [
    'recordFieldBytes',
    'dpkg file list',
    lowered('recordFieldBytes', 300, image(file('var/lib/dpkg/info/a.list', `/${'b'.repeat(299)}\n`))),
  ],
  [
    'imageBytes',
    'archive in gzip',
    lowered('imageBytes', (await ociArchive([good])).length, async () =>
      archiveFile(place, gzipSync(await ociArchive([good]))),
    ),
  ],
  ['pathBytes', 'link', lowered('pathBytes', 150, image(symlink('link', 'x'.repeat(150))))],
  ['layerEntries', 'rootfs', lowered('layerEntries', 7, async () => rootfs(1))],
  ['wantedFileBytes', 'rootfs', lowered('wantedFileBytes', STATUS.length, async () => rootfs(1))],
  [
    'wantedLayerBytes',
    'rootfs',
    lowered('wantedLayerBytes', STATUS.length + OS_RELEASE.debian.length, async () => rootfs(1)),
  ],
];

test('every limit has a case here, or is called by its name in the test of what keeps it', () => {
  const tests = repositoryFiles().filter((path) => path.endsWith('.test.ts') || path.startsWith('test/contract/'));
  const texts = tests.map((path) => readFileSync(join(REPOSITORY, path), 'utf8'));
  const untested = Object.keys(LIMITS).filter(
    (limit) => !(limit in CASES) && !texts.some((text) => text.includes(limit)),
  );
  expect(untested).toEqual([]);
});

const ALL = [
  ...(Object.entries(CASES) as [LimitName, LimitCase][]).map(([limit, ends]) => [limit, '', ends] as const),
  ...OTHER_READERS,
];

describe.each(ALL)('%s %s', (limit, _reader, { at, past }) => {
  const { code, message } = OTHER_ENDS[limit] ?? { code: 'limit-reached', message: new RegExp(`\\b${limit}\\b`) };
  const named = (report: Report) =>
    report.completeness.gaps.filter((gap) => gap.code === code && message.test(gap.message));

  test('at the limit', async () => {
    const report = await at();
    expect(named(report)).toEqual([]);
    expect(report.completeness.gaps.filter((gap) => gap.class === 'blocking')).toEqual([]);
    expect(packagesOf(report).length).toBeGreaterThan(0);
  });

  test('past it', async () => {
    const outcome = await outcomeOf(past());
    if (outcome.kind === 'error') expect(outcome).toMatchObject({ code: 'LIMIT_EXCEEDED', limit });
    else expect(named(outcome.report)).not.toEqual([]);
  });
});
