import { describe, expect, it } from 'vitest';
import { PlimsollError } from '../domain/errors.ts';
import type { Descriptor } from '../domain/image/manifest.ts';
import { parsePlatform } from '../domain/image/platform.ts';
import type { Selector } from '../domain/image/target.ts';
import { LIMITS } from '../domain/limits.ts';
import type { PlatformChoice } from './choose-image.ts';
import type { BlobLocation, ContentStore, LooseImage, OpenedTarget } from './image-ports.ts';
import { resolveImages } from './resolve-images.ts';

const OCI = 'application/vnd.oci.image';
const TYPES = {
  index: `${OCI}.index.v1+json`,
  manifest: `${OCI}.manifest.v1+json`,
  config: `${OCI}.config.v1+json`,
  layer: `${OCI}.layer.v1.tar+gzip`,
};
const encoder = new TextEncoder();

/** Blobs by made-up digests, in the order in which they were put. */
class FakeContent implements ContentStore {
  readonly blobs = new Map<string, unknown>();
  /** Documents that were asked for. */
  readonly read: string[] = [];

  put(document: unknown, more: Partial<Record<keyof Descriptor, unknown>> = {}): Descriptor {
    const digest = `sha256:${String(this.blobs.size).padStart(64, '0')}`;
    this.blobs.set(digest, document);
    const none = { platform: null, annotations: {}, urls: [], artifactType: null };
    return { mediaType: '', digest, size: 1, ...none, ...more } as Descriptor;
  }

  async document({ digest }: Descriptor): Promise<Uint8Array> {
    this.read.push(digest);
    if (!this.blobs.has(digest)) throw new PlimsollError('BLOB_MISSING', `the blob ${digest} is not there`);
    return encoder.encode(JSON.stringify(this.blobs.get(digest)));
  }

  attached: readonly Descriptor[] = [];

  async attachedTo(): Promise<readonly Descriptor[]> {
    return this.attached;
  }

  async locate({ digest }: Descriptor): Promise<BlobLocation | null> {
    return this.blobs.has(digest) ? { kind: 'file', path: digest, compression: 'none', offset: 0, size: 1 } : null;
  }

  image(
    platform: string,
    options: { config?: object; layers?: readonly object[]; named?: string | null; tag?: string } = {},
  ): Descriptor {
    const { os, architecture, variant } = parsePlatform(platform);
    const layers = options.layers ?? [this.put('layer', { mediaType: TYPES.layer })];
    const config = this.put(
      {
        os,
        architecture,
        ...(variant && { variant }),
        rootfs: { diff_ids: layers.map((_, i) => `sha256:${String(i).padStart(64, 'd')}`) },
        history: layers.map((_, i) => ({ created_by: `RUN ${i}` })),
        ...options.config,
      },
      { mediaType: TYPES.config },
    );
    const stated = options.named === undefined ? platform : options.named;
    const annotations = options.tag === undefined ? {} : { 'org.opencontainers.image.ref.name': options.tag };
    const manifest = { schemaVersion: 2, config, layers };
    return this.put(manifest, {
      mediaType: TYPES.manifest,
      platform: stated === null ? null : parsePlatform(stated),
      annotations,
    });
  }

  index(manifests: readonly Descriptor[], more: Partial<Descriptor> = {}): Descriptor {
    return this.put({ schemaVersion: 2, mediaType: TYPES.index, manifests }, { mediaType: TYPES.index, ...more });
  }

  attestation(): Descriptor {
    const platform = { os: 'unknown', architecture: 'unknown', variant: null };
    return this.put({ schemaVersion: 2, config: {} }, { mediaType: TYPES.manifest, platform });
  }
}

interface Asked {
  readonly selector?: Selector;
  readonly platform?: string;
  readonly dockerConfigs?: readonly string[];
}

/** The manifests that were chosen; or the error's code. */
async function resolved(
  content: FakeContent,
  roots: readonly Descriptor[],
  { selector = null, platform, dockerConfigs }: Asked = {},
) {
  const opened: OpenedTarget = {
    targetKind: 'oci-dir',
    path: 'x',
    kind: 'content',
    roots,
    content,
    dockerConfigs: dockerConfigs ?? null,
    close: async () => {},
  };
  const choice: PlatformChoice = platform === undefined ? null : platform === 'all' ? 'all' : parsePlatform(platform);
  try {
    const { images, indexDigest } = await resolveImages(opened, selector, choice, () => '');
    const gaps = [...new Set(images.flatMap((image) => image.gaps.map(({ code }) => code)))];
    return { manifests: images.map(({ manifestDigest }) => manifestDigest), indexDigest, gaps, images };
  } catch (error) {
    if (error instanceof PlimsollError) return error.code;
    throw error;
  }
}

describe('the platform', () => {
  it('that is asked for is taken from an index, the default else, by what the index says', async () => {
    const content = new FakeContent();
    const [arm, amd, windows] = [
      content.image('linux/arm64/v8'),
      content.image('linux/amd64'),
      content.image('windows/amd64'),
    ];
    const index = content.index([windows!, arm!, amd!]);
    const expected = { indexDigest: index.digest, gaps: [] };
    expect(await resolved(content, [index])).toMatchObject({ ...expected, manifests: [amd!.digest] });
    expect(await resolved(content, [index], { platform: 'linux/arm64' })).toMatchObject({
      ...expected,
      manifests: [arm!.digest],
    });
    expect(await resolved(content, [index], { platform: 'windows/amd64' })).toMatchObject({
      manifests: [windows!.digest],
    });
    expect(await resolved(content, [index], { platform: 'linux/arm/v6' })).toBe('PLATFORM_NOT_FOUND');
    expect(await resolved(content, [index], { platform: 'all' })).toMatchObject({
      manifests: [windows!.digest, arm!.digest, amd!.digest],
    });
  });

  it('decides before manifests are read: what is wrong with another one does not matter', async () => {
    const content = new FakeContent();
    const broken = content.put('no manifest', { mediaType: TYPES.manifest, platform: parsePlatform('linux/arm64') });
    const good = content.image('linux/amd64');
    expect(await resolved(content, [content.index([broken, good])])).toMatchObject({ manifests: [good.digest] });
    expect(content.read).not.toContain(broken.digest);
    expect(await resolved(content, [content.index([broken, good])], { platform: 'all' })).toBe('MANIFEST_INVALID');
  });

  it('of a single image is held against its config', async () => {
    const content = new FakeContent();
    const arm = content.image('linux/arm64', { named: null });
    expect(await resolved(content, [arm])).toMatchObject({ manifests: [arm.digest], indexDigest: null, gaps: [] });
    expect(await resolved(content, [arm], { platform: 'linux/arm64' })).toMatchObject({ manifests: [arm.digest] });
    expect(await resolved(content, [arm], { platform: 'linux/arm64/v8' })).toMatchObject({ manifests: [arm.digest] });
    expect(await resolved(content, [arm], { platform: 'linux/amd64' })).toBe('PLATFORM_NOT_FOUND');
    // Configs often leave the variant out; where one stands it counts.
    const old = content.image('linux/arm', { named: null });
    expect(await resolved(content, [old], { platform: 'linux/arm/v6' })).toMatchObject({ manifests: [old.digest] });
    const seven = content.image('linux/arm/v7', { named: null });
    expect(await resolved(content, [seven], { platform: 'linux/arm/v6' })).toBe('PLATFORM_NOT_FOUND');
    expect(await resolved(content, [content.index([arm])])).toMatchObject({ manifests: [arm.digest] });
    expect(await resolved(content, [content.index([arm])], { platform: 'linux/amd64' })).toBe('PLATFORM_NOT_FOUND');
  });

  it('that index and config do not agree on is a gap, and what was asked for counts by the config', async () => {
    const content = new FakeContent();
    const lying = content.image('linux/arm64', { named: 'linux/amd64' });
    const index = content.index([lying, content.image('windows/amd64')]);
    expect(await resolved(content, [index])).toMatchObject({ manifests: [lying.digest], gaps: ['platform-mismatch'] });
    expect(await resolved(content, [index], { platform: 'linux/amd64' })).toBe('PLATFORM_NOT_FOUND');
  });

  it('that is the only one held is taken unless another was asked for', async () => {
    const content = new FakeContent();
    const arm = content.image('linux/arm64');
    const absent = { ...arm, digest: `sha256:${'f'.repeat(64)}`, platform: parsePlatform('linux/amd64') };
    const index = content.index([absent, arm]);
    expect(await resolved(content, [index])).toMatchObject({ manifests: [arm.digest] });
    expect(await resolved(content, [index], { platform: 'linux/amd64' })).toBe('BLOB_MISSING');
    expect(await resolved(content, [index], { platform: 'all' })).toBe('BLOB_MISSING');
    expect(await resolved(content, [content.index([absent])])).toBe('BLOB_MISSING');
  });
});

describe('indexes', () => {
  it('may be nested, so deep and no deeper, and lead round in circles', async () => {
    const content = new FakeContent();
    const image = content.image('linux/amd64');
    let nested = image;
    for (let i = 0; i < LIMITS.indexDepth; i++) nested = content.index([nested, nested]);
    expect(await resolved(content, [nested])).toMatchObject({ manifests: [image.digest] });
    expect(await resolved(content, [content.index([nested])])).toBe('LIMIT_EXCEEDED');
    const circle = content.index([]);
    content.blobs.set(circle.digest, { schemaVersion: 2, manifests: [circle, image] });
    expect(await resolved(content, [circle])).toMatchObject({ manifests: [image.digest] });
  });

  it('name only so many manifests together', async () => {
    const content = new FakeContent();
    const half = (): Descriptor =>
      content.index(
        Array.from({ length: LIMITS.manifests / 2 }, () => content.put('x', { mediaType: TYPES.manifest })),
      );
    expect(await resolved(content, [content.index([half(), half()])])).toBe('LIMIT_EXCEEDED');
  });

  it('list attestations, which are not scanned and said to be there', async () => {
    const content = new FakeContent();
    const [image, attestation] = [content.image('linux/amd64'), content.attestation()];
    const expected = { manifests: [image.digest], gaps: ['attestation-skipped'] };
    expect(await resolved(content, [content.index([image, attestation])])).toMatchObject(expected);
    expect(await resolved(content, [image, attestation])).toMatchObject(expected);
    expect(await resolved(content, [content.index([attestation])])).toBe('PLATFORM_NOT_FOUND');
    expect(await resolved(content, [content.index([attestation])], { platform: 'all' })).toBe('TARGET_NOT_FOUND');
    expect(await resolved(content, [attestation])).toBe('TARGET_NOT_FOUND');
  });

  it('are not what a descriptor calls a manifest', async () => {
    const content = new FakeContent();
    const index = content.index([content.image('linux/amd64')], { mediaType: TYPES.manifest });
    expect(await resolved(content, [content.index([index])])).toBe('MANIFEST_INVALID');
  });
});

describe('what a registry says is attached', () => {
  it('is read up to a limit, and what is behind it is said to be unread', async () => {
    const content = new FakeContent();
    const image = content.image('linux/amd64');
    const attached = Array.from({ length: LIMITS.manifests + 1 }, () => {
      return content.put({ schemaVersion: 2, subject: image, config: image, layers: [] });
    });
    content.attached = attached.slice(0, LIMITS.manifests - 1);
    expect(await resolved(content, [image])).toMatchObject({ gaps: [] });
    content.attached = attached;
    expect(await resolved(content, [image])).toMatchObject({ gaps: ['vex-unreadable'] });
  });

  it('and what it is said to be is not read where that is no VEX', async () => {
    const content = new FakeContent();
    const image = content.image('linux/amd64');
    const annotations = { 'dev.sigstore.bundle.predicateType': 'https://slsa.dev/provenance/v1' };
    const provenance = content.put({ schemaVersion: 2, subject: image, layers: [] }, { annotations });
    content.attached = [provenance];
    await resolved(content, [image]);
    expect(content.read).not.toContain(provenance.digest);
  });
});

describe('one of several images', () => {
  const content = new FakeContent();
  const first = content.image('linux/amd64', { tag: '1.0' });
  const second = content.image('linux/amd64', { tag: 'registry.io/app:latest' });
  const roots = [first, second];

  it.each([
    ['1.0', first],
    ['latest', second],
    ['app:latest', second],
    ['registry.io/app:latest', second],
  ])('by the tag %s', async (tag, { digest }) => {
    expect(await resolved(content, roots, { selector: { tag } })).toMatchObject({ manifests: [digest] });
  });

  it.each(['0', '.0', 'test', 'pp:latest', 'atest', ''])('not by the tag %j', async (tag) => {
    expect(await resolved(content, roots, { selector: { tag } })).toBe('TARGET_NOT_FOUND');
  });

  it('by digest, also below an index; an unknown one is missing', async () => {
    expect(await resolved(content, roots, { selector: { digest: second.digest } })).toMatchObject({
      manifests: [second.digest],
    });
    expect(await resolved(content, [content.index(roots)], { selector: { digest: first.digest } })).toMatchObject({
      manifests: [first.digest],
      indexDigest: null,
    });
    expect(await resolved(content, roots, { selector: { digest: `sha256:${'e'.repeat(64)}` } })).toBe('BLOB_MISSING');
    const attestation = content.put(
      { schemaVersion: 2, config: { ...first, mediaType: 'application/vnd.in-toto+json' } },
      { platform: { os: 'unknown', architecture: 'unknown' } },
    );
    expect(await resolved(content, roots, { selector: { digest: attestation.digest } })).toBe('NOT_AN_IMAGE');
  });

  it('must be chosen', async () => {
    expect(await resolved(content, roots)).toBe('USAGE');
    expect(await resolved(content, [first, first])).toMatchObject({ manifests: [first.digest] });
    expect(await resolved(content, [])).toBe('TARGET_NOT_FOUND');
  });

  it('may be for several platforms, where each has its own and the name is one', async () => {
    const [amd, arm] = [content.image('linux/amd64', { tag: 'x' }), content.image('linux/arm64', { tag: 'x' })];
    expect(await resolved(content, [...roots, amd, arm], { selector: { tag: 'x' }, platform: 'all' })).toMatchObject({
      manifests: [amd.digest, arm.digest],
      indexDigest: null,
    });
    expect(await resolved(content, [...roots, arm, amd], { selector: { tag: 'x' } })).toMatchObject({
      manifests: [amd.digest],
    });
    const another = content.image('linux/amd64', { tag: 'x' });
    expect(await resolved(content, [amd, another], { selector: { tag: 'x' } })).toBe('USAGE');
  });
});

describe('a manifest.json beside the index', () => {
  it('is a gap where it names what the index does not, and none where the index has it somewhere', async () => {
    const content = new FakeContent();
    const images = [content.image('linux/amd64', { tag: 'a' }), content.image('linux/amd64', { tag: 'b' })];
    const configs = images.map(({ digest }) => (content.blobs.get(digest) as { config: Descriptor }).config.digest);
    const selector = { tag: 'a' };
    expect(await resolved(content, images, { selector, dockerConfigs: configs })).toMatchObject({ gaps: [] });
    expect(await resolved(content, images, { selector, dockerConfigs: [configs[1]!] })).toMatchObject({ gaps: [] });
    expect(await resolved(content, [content.index(images.slice(0, 1))], { dockerConfigs: configs })).toMatchObject({
      gaps: ['archive-ambiguous'],
    });
    const broken = content.put('x', { mediaType: TYPES.manifest });
    expect(await resolved(content, [...images, broken], { selector, dockerConfigs: configs })).toMatchObject({
      gaps: [],
    });
  });
});

describe('layers', () => {
  it('that cannot be read say why', async () => {
    const content = new FakeContent();
    const absent = { digest: `sha256:${'f'.repeat(64)}`, size: 1 };
    const layers = [
      content.put('x', { mediaType: TYPES.layer }),
      { ...absent, mediaType: TYPES.layer },
      { ...absent, mediaType: `${OCI}.layer.nondistributable.v1.tar`, urls: ['https://example.com/l'] },
      content.put('x', { mediaType: `${TYPES.layer}+encrypted` }),
      content.put('x', { mediaType: `${OCI}.layer.nondistributable.v1.tar` }),
    ];
    const result = await resolved(content, [content.image('linux/amd64', { layers })]);
    const [image] = (result as Exclude<typeof result, string>).images;
    expect(image!.layers.map(({ refusal, location }) => [refusal?.code ?? null, location === null])).toEqual([
      [null, false],
      ['layer-missing', true],
      ['layer-foreign', true],
      ['layer-encrypted', true],
      [null, false],
    ]);
    expect(image!.layers[0]).toMatchObject({ instruction: 'RUN 0', diffId: `sha256:${'d'.repeat(63)}0` });
  });

  it.each([
    ['history', { history: [] }, ['history-misaligned'], null],
    ['diff_ids', { rootfs: { diff_ids: [] } }, ['layer-diffid-mismatch'], 'RUN 0'],
    ['a diff_id', { rootfs: { diff_ids: ['none'] } }, ['layer-diffid-mismatch'], 'RUN 0'],
  ])('whose config has no right %s', async (_, config, gaps, instruction) => {
    const content = new FakeContent();
    const result = await resolved(content, [content.image('linux/amd64', { config })]);
    expect(result).toMatchObject({ gaps, images: [{ layers: [{ instruction }] }] });
  });
});

describe('images that only a manifest.json describes', () => {
  const loose = (names: readonly string[], architecture = 'amd64'): LooseImage => ({
    names,
    config: encoder.encode(
      JSON.stringify({
        os: 'linux',
        architecture,
        rootfs: { diff_ids: [`sha256:${'d'.repeat(64)}`] },
        history: [{ created_by: 'COPY' }],
      }),
    ),
    layers: [{ name: 'a/layer.tar', location: null }],
  });
  const choose = (images: readonly LooseImage[], selector: Selector, choice: PlatformChoice = null) =>
    resolveImages(
      { kind: 'loose', targetKind: 'docker-archive', path: 'x', images, close: async () => {} },
      selector,
      choice,
      () => 'c'.repeat(64),
    );

  it('are chosen by name', async () => {
    const images = [loose(['app:1', 'app:latest']), loose(['other:1'])];
    expect((await choose([images[0]!], null)).images).toMatchObject([
      {
        configDigest: `sha256:${'c'.repeat(64)}`,
        manifestDigest: null,
        layers: [{ digest: null, instruction: 'COPY', refusal: { code: 'layer-missing' } }],
      },
    ]);
    expect((await choose(images, { tag: 'latest' })).images).toHaveLength(1);
    const refused = [
      [images, null, 'USAGE'],
      [images, { tag: '1' }, 'USAGE'],
      [images, { tag: '2' }, 'TARGET_NOT_FOUND'],
      [images, { digest: `sha256:${'a'.repeat(64)}` }, 'USAGE'],
      [[], null, 'TARGET_NOT_FOUND'],
    ] as const;
    for (const [from, selector, code] of refused) await expect(choose(from, selector)).rejects.toMatchObject({ code });
  });

  it('are held against the platform asked for', async () => {
    const image = [loose([], 'arm64')];
    expect((await choose(image, null, parsePlatform('linux/arm64'))).images).toHaveLength(1);
    expect((await choose(image, null, 'all')).images).toHaveLength(1);
    await expect(choose(image, null, parsePlatform('linux/amd64'))).rejects.toMatchObject({
      code: 'PLATFORM_NOT_FOUND',
    });
  });
});
