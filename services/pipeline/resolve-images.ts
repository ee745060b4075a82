import { type Gap, gap } from '../domain/completeness.ts';
import { PlimsollError } from '../domain/errors.ts';
import { alignHistory, type ImageConfig, parseConfig } from '../domain/image/config.ts';
import { parseJsonObject } from '../domain/image/json.ts';
import {
  type Descriptor,
  type IndexDocument,
  isAttestation,
  isEncryptedLayer,
  isForeignLayer,
  isManifestType,
  type ManifestDocument,
  parseManifest,
} from '../domain/image/manifest.ts';
import { formatPlatform, type Platform, samePlatform } from '../domain/image/platform.ts';
import { mayAttachTo } from '../domain/image/referrer.ts';
import type { Selector } from '../domain/image/target.ts';
import { LIMITS } from '../domain/limits.ts';
import type { FoundVex } from '../domain/vulnerabilities/vex/found-vex.ts';
import { Attachments } from './attachments.ts';
import { type Candidate, choosePlatforms, isNamed, type PlatformChoice, selectRoots } from './choose-image.ts';
import type { BlobLocation, ContentStore, LooseImage, OpenedImage } from './image-ports.ts';
import type { Sha256 } from './layer-ports.ts';

/** One layer of one image, ready to be read. */
export interface SourceLayer {
  /** As the manifest states it; null where there is none (classic docker save, rootfs). */
  readonly digest: string | null;
  /** As the config claims it; never a cache key. */
  readonly diffId: string | null;
  /** Bytes as stored; null where unknown. */
  readonly size: number | null;
  readonly instruction: string | null;
  /** null where there is nothing to read; `refusal` says why. */
  readonly location: BlobLocation | null;
  readonly refusal: {
    readonly code: 'layer-missing' | 'layer-foreign' | 'layer-encrypted';
    readonly message: string;
  } | null;
}

export interface SourceImage {
  readonly manifestDigest: string | null;
  readonly configDigest: string | null;
  readonly platform: Platform | null;
  readonly config: ImageConfig | null;
  readonly layers: readonly SourceLayer[];
  /** What is attached to it, and is not believed yet. */
  readonly attachedVex: readonly FoundVex[];
  /** Attestation manifests that speak of this image, or do not say of which. */
  readonly attestations: readonly Descriptor[];
  readonly gaps: readonly Gap[];
}

export interface ResolvedImages {
  readonly images: readonly SourceImage[];
  /** Of the index that held them; null where a single manifest was named. */
  readonly indexDigest: string | null;
}

/** From what was opened to the images to scan: index, platform, manifest, config. */
export async function resolveImages(
  opened: OpenedImage,
  selector: Selector,
  choice: PlatformChoice,
  sha256: Sha256,
): Promise<ResolvedImages> {
  if (opened.kind === 'rootfs') return { images: [rootfsImage(opened.location)], indexDigest: null };
  if (opened.kind === 'loose') {
    const loose = selectLoose(opened.images, selector);
    return { images: [ofAskedPlatform(looseImage(loose, sha256), choice)], indexDigest: null };
  }
  const { content, roots, dockerConfigs } = opened;
  const walk = new ManifestWalk(content);
  const attachments = new Attachments(roots, content);
  const attached = await attachments.roots();
  const selected = selectRoots(
    roots.filter((root) => !attached.includes(root)),
    selector,
  );
  const found = selected.length === 1 ? await walk.from(selected[0]!) : await walk.indexOf(selected);
  const beside = roots.filter((root) => isAttestation(root) || attached.includes(root));
  const skipped = [...beside.filter((root) => !selected.includes(root)), ...walk.attestations];
  const gaps = [...new Set(skipped.map(({ digest }) => digest))].map((digest) =>
    gap('attestation-skipped', `attestation manifest ${digest} was not scanned`),
  );
  if (dockerConfigs !== null) gaps.push(...(await ambiguities(dockerConfigs, roots, content)));
  const images: SourceImage[] = [];
  for (const { descriptor } of choosePlatforms(found, choice)) {
    const own = skipped.filter((each) => isAttestation(each) && mayAttachTo(each, descriptor.digest));
    const attestations = [...new Map(own.map((each) => [each.digest, each])).values()];
    images.push(await contentImage(descriptor, await walk.manifest(descriptor), content, { attestations, gaps }));
  }
  // Last, so that what somebody attached cannot use up what may be read of the images.
  for (const [i, image] of images.entries()) {
    const vex = await attachments.vexOf(image.manifestDigest!, walk.attestations, selected);
    images[i] = { ...image, attachedVex: vex.found, gaps: [...image.gaps, ...vex.gaps] };
  }
  const indexDigest = selected.length === 1 && walk.sawIndex ? selected[0]!.digest : null;
  return { images: images.map((image) => ofAskedPlatform(image, choice)), indexDigest };
}

/** Follows indexes to manifests, within limits, visiting each digest once. Manifests are read when they are chosen. */
class ManifestWalk {
  readonly attestations: Descriptor[] = [];
  sawIndex = false;
  readonly #content: ContentStore;
  readonly #seen = new Set<string>();
  readonly #read = new Map<string, ManifestDocument>();

  constructor(content: ContentStore) {
    this.#content = content;
  }

  async from(descriptor: Descriptor, depth = 0): Promise<Candidate[]> {
    if (this.#seen.has(descriptor.digest)) return [];
    this.#seen.add(descriptor.digest);
    if (this.#seen.size > LIMITS.manifests || depth > LIMITS.indexDepth) {
      const limit = depth > LIMITS.indexDepth ? 'indexDepth' : 'manifests';
      const message = `${descriptor.digest} lies past the limit ${limit} of ${LIMITS[limit]}`;
      throw new PlimsollError('LIMIT_EXCEEDED', message, { details: { limit } });
    }
    if (depth > 0 && isAttestation(descriptor)) {
      this.attestations.push(descriptor);
      return [];
    }
    if (depth > 0) {
      const held = (await this.#content.locate(descriptor)) !== null;
      if (!held || isManifestType(descriptor)) return [{ descriptor, held }];
    }
    const document = await this.#document(descriptor);
    if (document.kind === 'manifest') {
      this.#read.set(descriptor.digest, document);
      return [{ descriptor, held: true }];
    }
    this.sawIndex = true;
    return this.indexOf(document.manifests, depth + 1);
  }

  async indexOf(descriptors: readonly Descriptor[], depth = 1): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for (const descriptor of descriptors) found.push(...(await this.from(descriptor, depth)));
    return found;
  }

  async manifest(descriptor: Descriptor): Promise<ManifestDocument> {
    const read = this.#read.get(descriptor.digest);
    if (read !== undefined) return read;
    const document = await this.#document(descriptor);
    if (document.kind === 'manifest') return document;
    throw new PlimsollError('MANIFEST_INVALID', `${descriptor.digest} is an index; its descriptor says a manifest`);
  }

  async #document(descriptor: Descriptor): Promise<IndexDocument | ManifestDocument> {
    const what = `manifest ${descriptor.digest}`;
    return parseManifest(parseJsonObject(await this.#content.document(descriptor, 'manifest'), what), what);
  }
}

/** What manifest.json names and index.json leads to nowhere. Broken manifests beside the chosen one lead nowhere too. */
async function ambiguities(
  dockerConfigs: readonly string[],
  roots: readonly Descriptor[],
  content: ContentStore,
): Promise<Gap[]> {
  const walk = new ManifestWalk(content);
  const reachable = new Set<string>();
  for (const root of roots) {
    for (const { descriptor, held } of await walk.from(root, 1).catch(ignoringOurs)) {
      const manifest = held ? await walk.manifest(descriptor).catch(ignoringOurs) : [];
      if ('config' in manifest) reachable.add(manifest.config.digest);
    }
  }
  const strays = dockerConfigs.filter((digest) => !reachable.has(digest));
  return strays.map((digest) =>
    gap(
      'archive-ambiguous',
      `manifest.json names the image ${digest}, which index.json does not: a loader may start what was not scanned`,
    ),
  );
}

function ignoringOurs(error: unknown): [] {
  if (error instanceof PlimsollError) return [];
  throw error;
}

async function contentImage(
  { digest: manifestDigest, platform }: Descriptor,
  manifest: ManifestDocument,
  content: ContentStore,
  { attestations, gaps }: Pick<SourceImage, 'attestations' | 'gaps'>,
): Promise<SourceImage> {
  const what = `config ${manifest.config.digest}`;
  const config = parseConfig(parseJsonObject(await content.document(manifest.config, 'config'), what), what);
  const instructions = alignHistory(config.history, manifest.layers.length);
  const layers: SourceLayer[] = [];
  for (const [i, descriptor] of manifest.layers.entries()) {
    const { digest, size } = descriptor;
    const location = await content.locate(descriptor);
    const refusal = refusalOf(descriptor, location);
    const diffId = config.diffIds[i] ?? null;
    layers.push({
      digest,
      diffId,
      size,
      instruction: instructions?.[i] ?? null,
      location: refusal ? null : location,
      refusal,
    });
  }
  return {
    manifestDigest,
    configDigest: manifest.config.digest,
    platform: config.platform,
    config,
    layers,
    attachedVex: [],
    attestations,
    gaps: [...gaps, ...configGaps(config, layers.length, instructions !== null), ...platformGap(platform, config)],
  };
}

function refusalOf(descriptor: Descriptor, location: BlobLocation | null): SourceLayer['refusal'] {
  if (isEncryptedLayer(descriptor)) {
    return {
      code: 'layer-encrypted',
      message: `layer ${descriptor.digest} is encrypted; decrypt the image first (skopeo copy --decryption-key)`,
    };
  }
  if (location !== null) return null;
  if (isForeignLayer(descriptor)) {
    const where = descriptor.urls.length > 0 ? ` at ${descriptor.urls.join(', ')}` : '';
    return {
      code: 'layer-foreign',
      message: `layer ${descriptor.digest} is foreign: its bytes are kept elsewhere${where} and were not fetched`,
    };
  }
  return { code: 'layer-missing', message: `layer ${descriptor.digest} is named by the manifest and not there` };
}

function configGaps(config: ImageConfig, layers: number, aligned: boolean): Gap[] {
  const gaps: Gap[] = [];
  if (!aligned) {
    const made = config.history.filter(({ emptyLayer }) => !emptyLayer).length;
    gaps.push(
      gap(
        'history-misaligned',
        `the history has ${made} instructions that made layers, the image ${layers} layers: instructions are unknown`,
      ),
    );
  }
  if (config.diffIds.length !== layers || config.diffIds.includes(null)) {
    gaps.push(
      gap('layer-diffid-mismatch', `the config does not give one valid diff_id to each of the ${layers} layers`),
    );
  }
  return gaps;
}

function platformGap(named: Platform | null, config: ImageConfig): Gap[] {
  if (named === null || samePlatform(named, config.platform)) return [];
  return [
    gap(
      'platform-mismatch',
      `the index says ${formatPlatform(named)}, the image's config ${formatPlatform(config.platform)}`,
    ),
  ];
}

/** A single image is never taken for another platform than the one that was asked for by name. */
function ofAskedPlatform(image: SourceImage, choice: PlatformChoice): SourceImage {
  if (choice === null || choice === 'all' || image.platform === null) return image;
  const { os, architecture, variant } = image.platform;
  if (
    os === choice.os &&
    architecture === choice.architecture &&
    (variant === null || samePlatform(image.platform, choice))
  )
    return image;
  throw new PlimsollError(
    'PLATFORM_NOT_FOUND',
    `the image is for ${formatPlatform(image.platform)}, not ${formatPlatform(choice)}`,
  );
}

function selectLoose(images: readonly LooseImage[], selector: Selector): LooseImage {
  if (selector !== null && 'digest' in selector) {
    throw new PlimsollError('USAGE', 'this archive records no manifest digests; choose by :TAG');
  }
  const matching =
    selector === null ? images : images.filter(({ names }) => names.some((name) => isNamed(name, selector.tag)));
  if (matching.length === 1) return matching[0]!;
  const known = images.flatMap(({ names }) => names).join(', ') || 'none';
  if (matching.length === 0)
    throw new PlimsollError('TARGET_NOT_FOUND', `no such image in the archive; there are: ${known}`);
  throw new PlimsollError('USAGE', `there are ${matching.length} images; append one of their names as :TAG: ${known}`);
}

function looseImage({ config: bytes, layers: files }: LooseImage, sha256: Sha256): SourceImage {
  const configDigest = `sha256:${sha256(bytes)}`;
  const what = `config ${configDigest}`;
  const config = parseConfig(parseJsonObject(bytes, what), what);
  const instructions = alignHistory(config.history, files.length);
  const layers = files.map(({ name, location }, i): SourceLayer => {
    const missing = {
      code: 'layer-missing',
      message: `layer ${name} is named by manifest.json and not in the archive`,
    } as const;
    return {
      digest: null,
      diffId: config.diffIds[i] ?? null,
      size: location?.kind === 'file' ? location.size : null,
      instruction: instructions?.[i] ?? null,
      location,
      refusal: location === null ? missing : null,
    };
  });
  const gaps = configGaps(config, layers.length, instructions !== null);
  return {
    manifestDigest: null,
    configDigest,
    platform: config.platform,
    config,
    layers,
    attestations: [],
    attachedVex: [],
    gaps,
  };
}

function rootfsImage(location: BlobLocation): SourceImage {
  const layer: SourceLayer = { digest: null, diffId: null, size: null, instruction: null, location, refusal: null };
  return {
    manifestDigest: null,
    configDigest: null,
    platform: null,
    config: null,
    layers: [layer],
    attestations: [],
    attachedVex: [],
    gaps: [],
  };
}
