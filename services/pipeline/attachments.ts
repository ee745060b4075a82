import { type Gap, gap } from '../domain/completeness.ts';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { type JsonObject, parseJsonObject } from '../domain/image/json.ts';
import { type Descriptor, isAttestation, parseManifest } from '../domain/image/manifest.ts';
import {
  type AttachingManifest,
  claimsToAttach,
  isAttachedTo,
  mayAttachTo,
  parseAttachingManifest,
} from '../domain/image/referrer.ts';
import { LIMITS } from '../domain/limits.ts';
import { bundleOfEnvelope } from '../domain/vulnerabilities/vex/cosign-envelope.ts';
import type { FoundVex } from '../domain/vulnerabilities/vex/found-vex.ts';
import { attestsVex, IN_TOTO_TYPE, isVexPredicate } from '../domain/vulnerabilities/vex/in-toto.ts';
import type { ContentStore } from './image-ports.ts';

const BUNDLE_TYPE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v[\d.]+\+json|\+json;version=[\d.]+)$/;
const ENVELOPE_TYPE = 'application/vnd.dsse.envelope.v1+json';
/** Where cosign, BuildKit and Sigstore's clients say what an attestation is of. */
const PREDICATE_ANNOTATIONS = ['predicateType', 'in-toto.io/predicate-type', 'dev.sigstore.bundle.predicateType'];

/** What lies beside the images of a layout: attestations of BuildKit, of cosign, and OCI referrers. */
export class Attachments {
  readonly #roots: readonly Descriptor[];
  readonly #content: ContentStore;

  constructor(roots: readonly Descriptor[], content: ContentStore) {
    this.#roots = roots;
    this.#content = content;
  }

  /**
   * The roots that are attached to others. A root that only says so is none: it must hold what nobody can start, or a scan would pass
   * over an image that a runtime may take.
   */
  async roots(): Promise<readonly Descriptor[]> {
    const attached: Descriptor[] = [];
    for (const root of this.#roots) {
      if (claimsToAttach(root) && (await this.#isNoImage(root, 0))) attached.push(root);
    }
    return attached;
  }

  /**
   * VEX that is attached to the image of this manifest digest. `others`: what its index named beside it. `read`: roots that are known
   * to be no attachments.
   */
  async vexOf(
    image: string,
    others: readonly Descriptor[],
    read: readonly Descriptor[],
  ): Promise<{ found: FoundVex[]; gaps: Gap[] }> {
    const found: FoundVex[] = [];
    const gaps: Gap[] = [];
    const kept: readonly Descriptor[] = await this.#content.attachedTo(image).catch((error: unknown) => {
      gaps.push(gap('vex-unreadable', `what is attached to ${image} cannot be listed: ${messageUnlessOver(error)}`));
      return [];
    });
    const waiting = [...this.#roots, ...others, ...kept].filter((each) => mayAttachTo(each, image));
    const seen = new Set([image, ...read.map(({ digest }) => digest)]);
    while (waiting.length > 0) {
      const descriptor = waiting.shift()!;
      if (seen.has(descriptor.digest) || statesOtherPredicate(descriptor.annotations)) continue;
      if (seen.size > LIMITS.manifests) {
        const most = `${LIMITS.manifests} (manifests)`;
        gaps.push(gap('vex-unreadable', `more than ${most} are attached to ${image}: those behind were not read`));
        break;
      }
      seen.add(descriptor.digest);
      try {
        const value = await this.#document(descriptor);
        if (value === null) continue;
        // The referrers of a layout that has no API for them: an index under the digest's tag.
        if (value.manifests !== undefined && value.manifests !== null) {
          const index = parseManifest(value, descriptor.digest);
          if (index.kind === 'index' && claimsToAttach(descriptor)) waiting.push(...index.manifests);
          continue;
        }
        const manifest = parseAttachingManifest(value, `manifest ${descriptor.digest}`);
        if (isAttachedTo(descriptor, manifest, image)) found.push(...(await this.#vexIn(descriptor, manifest)));
      } catch (error) {
        const message = messageUnlessOver(error);
        // Only a guess: whatever it is, it does not say that it is attached to anything.
        if (!claimsToAttach(descriptor) && !isAttestation(descriptor) && !kept.includes(descriptor)) continue;
        gaps.push(gap('vex-unreadable', `what is attached by ${descriptor.digest} cannot be read: ${message}`));
      }
    }
    return { found, gaps };
  }

  async #vexIn({ digest: referrer }: Descriptor, manifest: AttachingManifest): Promise<FoundVex[]> {
    const found: FoundVex[] = [];
    for (const layer of manifest.layers) {
      const annotations = { ...manifest.annotations, ...layer.annotations };
      // SBOMs and provenance are attached in the same way, and may be long.
      if (statesOtherPredicate(annotations)) continue;
      const signed = await this.#signed(layer);
      const text = signed ?? (layer.mediaType === IN_TOTO_TYPE ? await this.#text(layer) : null);
      if (text === null || (statedPredicates(annotations).length === 0 && !attestsVex(text))) continue;
      const place = { path: null, layer: null, referrer };
      found.push({ ...place, document: signed === null ? text : null, bundle: signed });
    }
    return found;
  }

  /** A Sigstore bundle, or what cosign attached before there were any; null for anything else. */
  async #signed(layer: Descriptor): Promise<string | null> {
    if (BUNDLE_TYPE.test(layer.mediaType)) return await this.#text(layer);
    if (layer.mediaType !== ENVELOPE_TYPE) return null;
    const bundle = bundleOfEnvelope(await this.#content.document(layer, 'config'), layer.annotations);
    if (bundle === null) throw new PlimsollError('VEX_INVALID', `the envelope ${layer.digest} is no JSON`);
    return bundle;
  }

  async #text(descriptor: Descriptor): Promise<string> {
    const bytes = await this.#content.document(descriptor, 'config');
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw new PlimsollError('VEX_INVALID', `${descriptor.digest} is no UTF-8: ${messageOf(cause)}`, { cause });
    }
  }

  /** Null where it is not there: an archive of one image often leaves out what was attached to it. */
  async #document(descriptor: Descriptor): Promise<JsonObject | null> {
    if ((await this.#content.locate(descriptor)) === null) return null;
    return parseJsonObject(await this.#content.document(descriptor, 'manifest'), `manifest ${descriptor.digest}`);
  }

  /** Whether everything that it leads to is something else than an image. */
  async #isNoImage(descriptor: Descriptor, depth: number): Promise<boolean> {
    if (depth > 1) return false;
    try {
      const value = await this.#document(descriptor);
      if (value === null) return false;
      const document = parseManifest(value, `manifest ${descriptor.digest}`);
      if (document.kind === 'manifest') return false;
      for (const each of document.manifests) {
        if (!isAttestation(each) && !(await this.#isNoImage(each, depth + 1))) return false;
      }
      return true;
    } catch (error) {
      if (error instanceof PlimsollError) return error.code === 'NOT_AN_IMAGE';
      throw error;
    }
  }
}

function statedPredicates(annotations: Descriptor['annotations']): readonly string[] {
  return PREDICATE_ANNOTATIONS.flatMap((key) => annotations[key] ?? []);
}

/** Whether annotations say what is attested, and that it is no VEX. */
function statesOtherPredicate(annotations: Descriptor['annotations']): boolean {
  const stated = statedPredicates(annotations);
  return stated.length > 0 && !stated.some(isVexPredicate);
}

/** What is wrong with something that a scan can do without; raises where the scan itself is over. */
function messageUnlessOver(error: unknown): string {
  if (!(error instanceof PlimsollError) || error.code === 'CANCELLED' || error.code === 'TIMEOUT') throw error;
  return error.message;
}
