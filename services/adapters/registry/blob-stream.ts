import { PlimsollError } from '../../domain/errors.ts';
import type { FetchedLocation, FetchOptions } from '../../pipeline/image-ports.ts';
import { discard, headerOf, type Response } from './answer.ts';
import { type Connection, refuseCancelled, within } from './connection.ts';
import { reasonOf } from './transport.ts';

/** So much has to come before a broken connection counts as a new first attempt. */
const PROGRESS_BYTES = 2 ** 20;
const ATTEMPTS = 4;

export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/** See BlobSource.fetch, for one registry or mirror; from the byte `start` on. */
export async function* blobBytes(
  connection: Connection,
  { repository, digest, size }: FetchedLocation,
  { limits, signal }: FetchOptions,
  start = 0,
): AsyncGenerator<Uint8Array> {
  const both = within(limits.registryBlobMs, 'registryBlobMs', signal);
  let at = start;
  let attempts = 0;
  let trouble: { readonly reason: string; readonly cause: unknown } | null = null;
  for (let isFirst = true; isFirst || at < size; isFirst = false) {
    if (attempts++ >= ATTEMPTS) {
      if (trouble !== null) {
        throw connection.unavailable(`${digest} broke off ${ATTEMPTS} times: ${trouble.reason}`, trouble.cause);
      }
      throw wrongCount(digest, `${at} bytes`, size);
    }
    let body: Response['body'] | null = null;
    try {
      const range = at > 0 ? { range: `bytes=${at}-` } : {};
      const path = `/v2/${repository}/blobs/${digest}`;
      const response = await connection.send({
        method: 'GET',
        path,
        scope: pullScope(repository),
        headers: range,
        signal: both,
      });
      let skip = await bytesToSkip(response, at, connection, digest);
      body = response.body;
      const before = at;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        const wanted = chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.length);
        at += wanted.length;
        if (at > size) throw wrongCount(digest, 'more bytes', size);
        if (wanted.length > 0) yield wanted;
        if (at - before >= PROGRESS_BYTES) attempts = 0;
      }
      trouble = null;
    } catch (cause) {
      refuseCancelled(both);
      if (cause instanceof PlimsollError) throw cause;
      trouble = { reason: reasonOf(cause), cause };
    } finally {
      // Whoever stops early wants no more of it.
      body?.on('error', () => {}).destroy();
    }
  }
}

/** How many bytes of the body come before the byte `at`: a registry may not know ranges, and send all again. */
async function bytesToSkip(response: Response, at: number, connection: Connection, digest: string): Promise<number> {
  const { statusCode: status } = response;
  if (status === 200) return at;
  if (status === 206 && at > 0) {
    const first = /^bytes (\d+)-/.exec(headerOf(response, 'content-range') ?? '')?.[1];
    if (first !== undefined && Number(first) <= at) return at - Number(first);
  }
  await discard(response);
  if (status === 404) {
    throw new PlimsollError('BLOB_MISSING', `the registry does not have the layer ${digest}`, { details: { digest } });
  }
  if (status === 416)
    throw new PlimsollError('DIGEST_MISMATCH', `${digest} ends before byte ${at}`, { details: { digest } });
  throw connection.unavailable(`it answered ${status} for ${digest}`);
}

function wrongCount(digest: string, found: string, size: number): PlimsollError {
  return new PlimsollError('DIGEST_MISMATCH', `${digest} has ${found}, its descriptor says ${size}`, {
    details: { digest },
  });
}
