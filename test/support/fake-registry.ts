import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BuiltImage, MEDIA_TYPES, sha256 } from './image-builder.ts';
import { loopbackServer } from './loopback-server.ts';

export interface FakeRegistry {
  /** `127.0.0.1:PORT`, as references name it. */
  readonly host: string;
  /** `GET /v2/…`, in order. */
  readonly asked: () => string[];
  readonly requests: readonly IncomingMessage[];
  readonly manifests: Map<string, { readonly bytes: Buffer; readonly mediaType: string }>;
  readonly blobs: Map<string, Buffer>;
  /** Under `NAME:TAG`, with an index around it where there are several. */
  push(name: string, ...images: readonly BuiltImage[]): string;
}

/** Answers a request, or leaves it to the registry by false. */
export type Hook = (request: IncomingMessage, response: ServerResponse, count: number) => boolean;

/** Asks who is there, and answers whoever says so with all that it was sent, as far as it is a secret. */
export const echoing: Hook = (request, response) => {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    const realm = `http://${request.headers.host}/token`;
    response.writeHead(401, {
      'www-authenticate': request.url!.startsWith('/basic') ? 'Basic' : `Bearer realm="${realm}"`,
    });
    return response.end() !== undefined;
  }
  const decoded = authorization.split(' ').map((part) => Buffer.from(part, 'base64'));
  const message = `${authorization} ${decoded.join(' ')}`;
  return response.writeHead(403).end(JSON.stringify({ errors: [{ code: 'DENIED', message }] })) !== undefined;
};

/** A registry in a few lines (distribution spec 1.1), which a test can make lie. */
export async function fakeRegistry(
  hook: Hook = () => false,
  atEnd?: Parameters<typeof loopbackServer>[1],
): Promise<FakeRegistry> {
  const manifests: FakeRegistry['manifests'] = new Map();
  const blobs = new Map<string, Buffer>();
  const { url, requests } = await loopbackServer((request, response, count) => {
    if (hook(request, response, count)) return;
    if (request.method === 'POST') response.writeHead(202, { location: `${request.url}1` }).end();
    else if (request.method === 'PUT') put(request, response, manifests, blobs);
    else answer(request, response, manifests, blobs);
  }, atEnd);
  const add = (repository: string, tag: string | null, bytes: Buffer, mediaType: string): string => {
    const digest = sha256(bytes);
    for (const key of [digest, ...(tag === null ? [] : [tag])])
      manifests.set(`${repository}/${key}`, { bytes, mediaType });
    return digest;
  };
  const push = (name: string, ...images: readonly BuiltImage[]): string => {
    const [repository, tag] = name.split(':') as [string, string];
    for (const image of images) {
      for (const [digest, blob] of image.blobs) blobs.set(`${repository}/${digest}`, blob);
      add(repository, images.length === 1 ? tag : null, image.manifest, MEDIA_TYPES.manifest);
    }
    if (images.length === 1) return images[0]!.manifestDigest;
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.index,
      manifests: images.map(({ manifestDigest, manifest, spec: { os = 'linux', architecture = 'amd64' } }) => ({
        mediaType: MEDIA_TYPES.manifest,
        digest: manifestDigest,
        size: manifest.length,
        platform: { os, architecture },
      })),
    });
    return add(repository, tag, Buffer.from(index), MEDIA_TYPES.index);
  };
  const asked = (): string[] => requests.map(({ method, url: path }) => `${method} ${path}`);
  return { host: url.replace('http://', ''), asked, requests, manifests, blobs, push };
}

function answer(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  manifests: FakeRegistry['manifests'],
  blobs: FakeRegistry['blobs'],
): void {
  const list = listOf(url!, [...manifests.keys()]);
  if (list !== null) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
    return;
  }
  const { repository, kind, key } =
    /^\/v2\/(?<repository>.+)\/(?<kind>manifests|blobs)\/(?<key>[^/?]+)$/.exec(url!)?.groups ?? {};
  const name = `${repository}/${key}`;
  const manifest = kind === 'manifests' ? manifests.get(name) : undefined;
  const bytes = kind === 'blobs' ? blobs.get(name) : manifest?.bytes;
  if (bytes === undefined) {
    const code = kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN';
    response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [{ code }] }));
    return;
  }
  const from = kind === 'blobs' ? /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] : undefined;
  const sent = from === undefined ? bytes : bytes.subarray(Number(from));
  response.writeHead(from === undefined ? 200 : 206, {
    'content-type': manifest?.mediaType ?? 'application/octet-stream',
    'content-length': sent.length,
    'docker-content-digest': sha256(bytes),
    ...(from !== undefined && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.end(method === 'HEAD' ? undefined : sent);
}

/** The catalog, or the tags of a repository that is there; null where no list is asked for. */
function listOf(url: string, keys: readonly string[]): object | null {
  const tags = keys
    .filter((key) => !key.includes('sha256:'))
    .map((key) => key.split(/\/(?=[^/]*$)/) as [string, string]);
  const repositories = [...new Set(tags.map(([repository]) => repository))].toSorted();
  if (url.startsWith('/v2/_catalog')) return { repositories };
  const name = /^\/v2\/(.+)\/tags\/list(?:\?|$)/.exec(url)?.[1];
  if (name === undefined || !repositories.includes(name)) return null;
  return { name, tags: tags.filter(([repository]) => repository === name).map(([, tag]) => tag) };
}

function put(
  request: IncomingMessage,
  response: ServerResponse,
  manifests: FakeRegistry['manifests'],
  blobs: FakeRegistry['blobs'],
): void {
  const chunks: Buffer[] = [];
  const { repository, kind, key } =
    /^\/v2\/(?<repository>.+)\/(?<kind>manifests|blobs)\/(?:uploads\/1\?digest=)?(?<key>[^/?]+)$/.exec(request.url!)!
      .groups!;
  const name = `${repository}/${decodeURIComponent(key!)}`;
  request
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => {
      const bytes = Buffer.concat(chunks);
      if (kind === 'blobs') blobs.set(name, bytes);
      else
        for (const each of [name, `${repository}/${sha256(bytes)}`])
          manifests.set(each, { bytes, mediaType: request.headers['content-type']! });
      response.writeHead(201).end();
    });
}
