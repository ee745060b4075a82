import type { KnownImage } from '../domain/admission/judged-images.ts';
import type { WorkloadImage } from '../domain/admission/workload.ts';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import type { ImageReference } from '../domain/image/reference.ts';
import type { ImageVerdict } from '../domain/verdict/judged-image.ts';
import type { AdmittedDigests, StoredVerdicts, TagDigests } from './admission-store-ports.ts';
import { type Lookup, Remembered } from './remembered.ts';
import type { Timer } from './timer.ts';

export interface KnownImagesDependencies {
  readonly store: StoredVerdicts & AdmittedDigests & TagDigests;
  /** Id of the registration that the image belongs to; null: none. */
  readonly registrationOf: (reference: ImageReference) => string | null;
  /** Asks for a scan of what nobody knows. Waits for nothing. */
  readonly requestScan: (reference: ImageReference, namespace: string | null) => void;
  readonly timer: (ms: number) => Timer;
  readonly onLookup: (cache: 'verdict' | 'tag', result: Lookup) => void;
}

export interface FindOptions {
  /** Nothing is asked for that would outlive the review: it is a dry run. */
  readonly quiet: boolean;
}

interface Entry {
  readonly verdict: ImageVerdict | null;
  /** Since when it fails, by namespace that it was admitted to. */
  readonly failingSince: Map<string, Promise<string | null>>;
}

const VERDICTS = 20_000;
/** In characters of their JSON. */
const VERDICTS_LENGTH = 64 * 2 ** 20;
const TAGS = 20_000;
const NAMESPACES = 1_000;
/** Changes are told; what is kept so long is asked for again even so. Milliseconds. */
const VERDICT_MS = 60_000;
const TAG_MS = 10_000;
const UNKNOWN_TAG_MS = 2_000;
const STORE_MS = 1_000;

/**
 * Verdicts by digest from memory, behind it the store; never a registry. What many reviews ask for at one moment is asked for once. Where
 * the store does not answer what was known last holds.
 */
export class KnownImages {
  readonly #dependencies: KnownImagesDependencies;
  readonly #verdicts: Remembered<Entry>;
  readonly #tags: Remembered<{ readonly digest: string | null }>;

  constructor(dependencies: KnownImagesDependencies) {
    this.#dependencies = dependencies;
    this.#verdicts = new Remembered({
      max: VERDICTS,
      maxSize: VERDICTS_LENGTH,
      sizeOf: ({ verdict }) => JSON.stringify(verdict).length,
      ttlOf: () => VERDICT_MS,
    });
    this.#tags = new Remembered({
      max: TAGS,
      maxSize: TAGS,
      sizeOf: () => 1,
      // A scan that was asked for tells where it points.
      ttlOf: ({ digest }) => (digest === null ? UNKNOWN_TAG_MS : TAG_MS),
    });
  }

  /** In the order of `images`; null where no verdict is known. Raises STORE_UNUSABLE where the store does not say, and nothing is kept. */
  async find(
    images: readonly WorkloadImage[],
    namespace: string | null,
    { quiet }: FindOptions,
  ): Promise<readonly (KnownImage | null)[]> {
    return await Promise.all(
      images.map(async ({ reference }) => {
        if (reference === null) return null;
        const known = await this.#known(reference, namespace);
        if (known === null && !quiet) this.#dependencies.requestScan(reference, namespace);
        return known;
      }),
    );
  }

  /** Where the tag pointed when last told; null: nobody told. Raises STORE_UNUSABLE. */
  async digestOf(reference: ImageReference): Promise<string | null> {
    if (reference.digest !== null) return reference.digest;
    const text = `${reference.registry}/${reference.repository}:${reference.tag}`;
    const { value, lookup } = await this.#tags.find(text, async () => ({ digest: await this.#digestOfTag(reference) }));
    this.#dependencies.onLookup('tag', lookup);
    return value.digest;
  }

  /** The verdict of the digest, or of any that is kept (null), is to be asked for again. */
  forget(digest: string | null): void {
    this.#verdicts.forget(digest);
    if (digest === null) this.#tags.forget(null);
  }

  /** Tags that were asked for and are still kept. */
  tagsInUse(): readonly string[] {
    return this.#tags.keys();
  }

  async #known(reference: ImageReference, namespace: string | null): Promise<KnownImage | null> {
    const digest = await this.digestOf(reference);
    if (digest === null) return null;
    const { value: entry, lookup } = await this.#verdicts.find(digest, async () => {
      const { store } = this.#dependencies;
      return { verdict: await this.#inTime(store.verdictOf(digest)), failingSince: new Map() };
    });
    this.#dependencies.onLookup('verdict', lookup);
    if (entry.verdict === null) return null;
    const isFailing = entry.verdict.decision === 'fail' && namespace !== null;
    return {
      verdict: entry.verdict,
      failingSince: isFailing ? await this.#failingSince(entry, namespace, digest) : null,
    };
  }

  async #failingSince({ failingSince }: Entry, namespace: string, digest: string): Promise<string | null> {
    const known = failingSince.get(namespace);
    if (known !== undefined) return await known;
    if (failingSince.size >= NAMESPACES) failingSince.clear();
    const asked = this.#inTime(this.#dependencies.store.failingSince({ namespace, digest }));
    failingSince.set(namespace, asked);
    // Another review asks again.
    asked.catch(() => failingSince.delete(namespace));
    return await asked;
  }

  async #digestOfTag(reference: ImageReference): Promise<string | null> {
    const { registry, repository, tag } = reference;
    return await this.#inTime(
      this.#dependencies.store.tagDigest({
        registry: this.#dependencies.registrationOf(reference),
        reference: `registry:${registry}/${repository}:${tag}`,
        repository,
        tag: tag!,
      }),
    );
  }

  async #inTime<Answer>(asked: Promise<Answer>): Promise<Answer> {
    const { late, stop } = this.#dependencies.timer(STORE_MS);
    try {
      return await Promise.race([asked, late]);
    } catch (cause) {
      throw new PlimsollError('STORE_UNUSABLE', `The store does not say what is known of images: ${messageOf(cause)}`, {
        cause,
      });
    } finally {
      stop();
    }
  }
}
