import { PlimsollError } from '../../domain/errors.ts';
import { parseJsonObject } from '../../domain/image/json.ts';
import type { Descriptor } from '../../domain/image/manifest.ts';
import type { RepositoryName } from '../../domain/image/reference.ts';
import { attestationTag, NAME_ANNOTATION } from '../../domain/image/referrer.ts';
import { parseReferrers, type Referrer, referrersTag } from '../../domain/registries/referrers.ts';
import type { FetchOptions } from '../../pipeline/image-ports.ts';
import { pullScope } from './blob-stream.ts';
import type { Connection } from './connection.ts';
import { pagesOf } from './listing.ts';
import { resolveTag } from './manifest-answers.ts';

/** What refers to an image. See ReferrerLister. */
export async function referrersOf(
  connection: Connection,
  { registry, repository }: RepositoryName,
  digest: string,
  options: FetchOptions,
): Promise<readonly Referrer[]> {
  const of = `the referrers of ${registry}/${repository}@${digest}`;
  const api = `/v2/${repository}/referrers/${digest}`;
  // Registries before distribution spec 1.1 have no such list, and their clients keep it under a tag.
  const tagged = `/v2/${repository}/manifests/${referrersTag(digest)}`;
  for (const path of [api, tagged]) {
    const found: Referrer[] = [];
    try {
      for await (const page of pagesOf(connection, { path, scope: pullScope(repository), of }, '', options)) {
        found.push(...parseReferrers(parseJsonObject(page, of), of));
        if (found.length <= options.limits.referrers) continue;
        throw new PlimsollError('LIMIT_EXCEEDED', `${of} are more than ${options.limits.referrers} (referrers)`, {
          details: { limit: 'referrers' },
        });
      }
      return found;
    } catch (error) {
      if (!(error instanceof PlimsollError) || error.code !== 'TARGET_NOT_FOUND' || found.length > 0) throw error;
    }
  }
  return [];
}

/** What refers to an image, and what cosign attached before it knew referrers. See ContentStore. */
export async function attachedTo(
  connection: Connection,
  name: RepositoryName,
  image: string,
  options: FetchOptions,
): Promise<readonly Descriptor[]> {
  const tag = attestationTag(image);
  const [referrers, tagged] = await Promise.all([
    referrersOf(connection, name, image, options),
    resolveTag(connection, { ...name, tag, digest: null }, options).catch((error: unknown) => {
      if (error instanceof PlimsollError && error.code === 'TARGET_NOT_FOUND') return null;
      throw error;
    }),
  ]);
  return [
    ...referrers.map((referrer) => ({ ...referrer, platform: null, urls: [] })),
    ...(tagged === null ? [] : [{ ...tagged, annotations: { [NAME_ANNOTATION]: tag } }]),
  ];
}
