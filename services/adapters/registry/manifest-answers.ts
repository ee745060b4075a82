import { createHash } from 'node:crypto';
import { PlimsollError } from '../../domain/errors.ts';
import { isDigest } from '../../domain/image/digest.ts';
import type { Descriptor } from '../../domain/image/manifest.ts';
import { formatReference, type ImageReference } from '../../domain/image/reference.ts';
import type { Limits } from '../../domain/limits.ts';
import type { FetchOptions } from '../../pipeline/image-ports.ts';
import { discard, headerOf, type Response, wholeBody } from './answer.ts';
import { pullScope } from './blob-stream.ts';
import { type Connection, refuseCancelled, within } from './connection.ts';

export const SCHEMA1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;
export const ACCEPTED = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  // Only to be refused by its name.
  'application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1',
].join(', ');

/** What one registry or mirror says that a tag names. See RegistryResolver. */
export async function resolveTag(
  connection: Connection,
  reference: ImageReference,
  { limits, signal }: FetchOptions,
): Promise<Descriptor> {
  const { repository, tag } = reference;
  const descriptor = { platform: null, annotations: {}, urls: [], artifactType: null };
  const path = `/v2/${repository}/manifests/${tag}`;
  const request = { path, scope: pullScope(repository), headers: { accept: ACCEPTED } };
  const deadline = answerBy(limits, signal);
  const head = await connection.send({ ...request, method: 'HEAD', signal: deadline });
  await discard(head);
  const mediaType = headerOf(head, 'content-type')?.split(';')[0]?.trim() ?? '';
  const stated = headerOf(head, 'docker-content-digest');
  if (head.statusCode === 200 && SCHEMA1.test(mediaType)) throw schema1(formatReference(reference));
  if (head.statusCode === 200 && isDigest(stated)) return { mediaType, digest: stated, size: -1, ...descriptor };
  // Not every registry answers HEAD, or with a digest.
  const response = await connection.send({ ...request, method: 'GET', signal: deadline });
  if (response.statusCode === 404) {
    await discard(response);
    throw new PlimsollError('TARGET_NOT_FOUND', `${formatReference(reference)} is not in the registry`);
  }
  const bytes = await bodyOf(connection, response, { limits, signal }, 'the manifest');
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { mediaType, digest, size: bytes.length, ...descriptor };
}

/** The body of a 200. REGISTRY_UNAVAILABLE for any other, LIMIT_EXCEEDED. */
export async function bodyOf(
  connection: Connection,
  response: Response,
  { limits, signal }: FetchOptions,
  what: string,
  limit: 'manifestBytes' | 'sbomBytes' = 'manifestBytes',
): Promise<Uint8Array> {
  if (response.statusCode !== 200) {
    await discard(response);
    throw connection.unavailable(`it answered ${response.statusCode} for ${what}`);
  }
  try {
    return await wholeBody(response, limits[limit], limit, what);
  } catch (cause) {
    refuseCancelled(signal);
    if (cause instanceof PlimsollError) throw cause;
    throw connection.unavailable(`${what} broke off`, cause);
  }
}

export function answerBy({ registryAnswerMs }: Limits, signal: AbortSignal): AbortSignal {
  return within(registryAnswerMs, 'registryAnswerMs', signal);
}

export function schema1(what: string): PlimsollError {
  const hint = 'push it again with a current client, or convert it with "skopeo copy --format oci"';
  return new PlimsollError(
    'MANIFEST_SCHEMA1',
    `${what} is a Docker schema 1 manifest, which has no verifiable layers; ${hint}`,
  );
}
