import { PlimsollError } from '../../domain/errors.ts';
import { exceededJsonLimit } from '../../domain/sbom/json-bounds.ts';
import { listOrEmpty, objectOrNull, parseForeignJson } from '../../domain/vulnerabilities/feeds/foreign-json.ts';
import type { FetchOptions } from '../../pipeline/image-ports.ts';
import { discard, headerOf, wholeBody } from './answer.ts';
import { type Connection, refuseCancelled, within } from './connection.ts';

/** A list of a registry's API. */
export interface PagedList {
  /** `/v2/NAME/tags/list`, `/v2/_catalog` */
  readonly path: string;
  readonly scope: string;
  /** What has no such list, for a message. */
  readonly of: string;
}

/** A list of names. */
export interface WantedList extends PagedList {
  /** Of the list in the answer. */
  readonly key: 'tags' | 'repositories';
}

const PAGE = 1_000;
/** A name has at most 255 characters; what is nested in a page is nothing we read. */
const NESTING = 8;

/** The names of a list; see pagesOf. */
export async function* listed(
  connection: Connection,
  { key, ...list }: WantedList,
  options: FetchOptions,
): AsyncGenerator<string> {
  for await (const bytes of pagesOf(connection, list, `?n=${PAGE}`, options)) {
    const isBounded =
      exceededJsonLimit(bytes, { nesting: NESTING, values: options.limits.registryAnswerBytes }) === null;
    const document = isBounded ? objectOrNull(parseForeignJson(bytes)) : null;
    if (document === null) throw connection.unavailable(`the list of ${list.of} is no JSON object`);
    for (const item of listOrEmpty(document[key])) if (typeof item === 'string') yield item;
  }
}

/**
 * A list page by page (distribution spec 1.1, "Listing Tags"). Of the address of the next page only its query counts. Raises
 * TARGET_NOT_FOUND, REGISTRY_UNAVAILABLE, REGISTRY_DENIED, LIMIT_EXCEEDED, CANCELLED.
 */
export async function* pagesOf(
  connection: Connection,
  { path, scope, of }: PagedList,
  first: string,
  { limits, signal }: FetchOptions,
): AsyncGenerator<Uint8Array> {
  const seen = new Set<string>();
  const headers = { accept: 'application/vnd.oci.image.index.v1+json, application/json' };
  let query = first;
  while (!seen.has(query)) {
    seen.add(query);
    if (seen.size > limits.registryPages) {
      throw new PlimsollError(
        'LIMIT_EXCEEDED',
        `the list of ${of} has more than ${limits.registryPages} pages (registryPages)`,
      );
    }
    const deadline = within(limits.registryAnswerMs, 'registryAnswerMs', signal);
    const response = await connection.send({
      method: 'GET',
      path: `${path}${query}`,
      scope,
      headers,
      signal: deadline,
    });
    if (response.statusCode === 404 || response.statusCode === 405) {
      await discard(response);
      throw new PlimsollError('TARGET_NOT_FOUND', `the registry has no list of ${of}`);
    }
    if (response.statusCode !== 200) {
      await discard(response);
      throw connection.unavailable(`it answered ${response.statusCode} for the list of ${of}`);
    }
    const next = nextQuery(headerOf(response, 'link'));
    try {
      yield await wholeBody(response, limits.registryAnswerBytes, 'registryAnswerBytes', `the list of ${of}`);
    } catch (cause) {
      refuseCancelled(deadline);
      if (cause instanceof PlimsollError) throw cause;
      throw connection.unavailable(`the list of ${of} broke off`, cause);
    }
    if (next === null) return;
    query = next;
  }
  // A page that leads back to one that was read would be read without end.
  throw connection.unavailable(`the list of ${of} goes in a circle`);
}

/** `Link: <ADDRESS>; rel="next"` (RFC 8288): the query of the address; null without one. */
function nextQuery(link: string | null): string | null {
  const address = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '')?.[1];
  if (address === undefined || !URL.canParse(address, 'http://registry.invalid')) return null;
  const { search } = new URL(address, 'http://registry.invalid');
  return search === '' ? null : search;
}
