import { PlimsollError } from '../domain/errors.ts';
import { type Descriptor, isAttestation } from '../domain/image/manifest.ts';
import { DEFAULT_PLATFORM, formatPlatform, type Platform, samePlatform } from '../domain/image/platform.ts';
import type { Selector } from '../domain/image/target.ts';

/** Which of several images is meant: by name or digest, then by platform. */

/** null: the default, or the only one there is. */
export type PlatformChoice = Platform | 'all' | null;

/** A manifest that an index leads to. */
export interface Candidate {
  readonly descriptor: Descriptor;
  /** False: the index names it, and the archive does not hold it. */
  readonly held: boolean;
}

const NAME_ANNOTATIONS = ['org.opencontainers.image.ref.name', 'io.containerd.image.name'];

function namesOf({ annotations }: Descriptor): string[] {
  return NAME_ANNOTATIONS.flatMap((key) => annotations[key] ?? []);
}

/** `latest` names `repository:latest` too: docker save and containerd record whole names, OCI tools bare tags. */
export function isNamed(name: string, tag: string): boolean {
  return name === tag || name.endsWith(`:${tag}`) || name.endsWith(`/${tag}`);
}

/** The root that was asked for, or several that are one image for several platforms. */
export function selectRoots(roots: readonly Descriptor[], selector: Selector): readonly Descriptor[] {
  const images = roots.filter((root) => !isAttestation(root));
  if (selector !== null && 'digest' in selector) {
    // A digest below a nested index is as good as one that index.json names.
    const platform = null;
    const named = roots.find(({ digest }) => digest === selector.digest);
    return [
      named ?? {
        mediaType: '',
        digest: selector.digest,
        size: -1,
        platform,
        annotations: {},
        urls: [],
        artifactType: null,
      },
    ];
  }
  const matching =
    selector === null ? images : images.filter((root) => namesOf(root).some((name) => isNamed(name, selector.tag)));
  const distinct = [...new Map(matching.map((root) => [root.digest, root])).values()];
  if (distinct.length === 1 || (distinct.length > 1 && areOneImage(distinct))) return distinct;
  const known = images.map((root) => namesOf(root)[0] ?? root.digest);
  if (distinct.length === 0 && selector !== null) {
    throw new PlimsollError(
      'TARGET_NOT_FOUND',
      `no image is named "${selector.tag}"; there are: ${known.join(', ') || 'none'}`,
    );
  }
  if (distinct.length === 0) throw new PlimsollError('TARGET_NOT_FOUND', 'the index names no image');
  throw new PlimsollError(
    'USAGE',
    `there are ${distinct.length} images; append one of :TAG or @DIGEST: ${known.join(', ')}`,
  );
}

/** One name, and a platform of its own for each. */
function areOneImage(roots: readonly Descriptor[]): boolean {
  const names = new Set(roots.map((root) => namesOf(root).join()));
  const platforms = new Set(roots.flatMap(({ platform }) => (platform === null ? [] : formatPlatform(platform))));
  return names.size === 1 && platforms.size === roots.length;
}

/** The manifests of the platform that was asked for; see PlatformChoice. */
export function choosePlatforms(found: readonly Candidate[], choice: PlatformChoice): readonly Candidate[] {
  const held = found.filter((candidate) => candidate.held);
  if (choice === 'all') {
    if (found.length === 0) throw new PlimsollError('TARGET_NOT_FOUND', 'the index names no image');
    const absent = found.find((candidate) => !candidate.held);
    if (absent !== undefined) throw missingManifest(absent);
    return found;
  }
  // One image without a platform of its own: its config decides, later.
  if (found.length === 1 && (choice === null || found[0]!.descriptor.platform === null)) {
    if (!found[0]!.held) throw missingManifest(found[0]!);
    return found;
  }
  const wanted = choice ?? DEFAULT_PLATFORM;
  const matching = found.filter(({ descriptor: { platform } }) => platform !== null && samePlatform(platform, wanted));
  const chosen = matching.find((candidate) => candidate.held);
  if (chosen !== undefined) return [chosen];
  // An archive of one platform of a larger index, as docker save writes it: what is there is what is meant.
  if (choice === null && held.length === 1) return held;
  if (matching[0] !== undefined) throw missingManifest(matching[0]);
  const known = found.map(({ descriptor: { platform } }) => (platform === null ? 'unknown' : formatPlatform(platform)));
  throw new PlimsollError(
    'PLATFORM_NOT_FOUND',
    `no image for ${formatPlatform(wanted)}; choose with --platform: ${known.join(', ') || 'none'}`,
  );
}

function missingManifest({ descriptor: { digest, platform } }: Candidate): PlimsollError {
  const name = platform === null ? '' : ` for ${formatPlatform(platform)}`;
  return new PlimsollError('BLOB_MISSING', `the manifest ${digest}${name} is named by the index and not there`, {
    details: { digest },
  });
}
