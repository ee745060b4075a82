import { z } from 'zod';
import { PlimsollError } from '../domain/errors.ts';
import { report as reportSchema } from '../domain/report/report.ts';
import { FORMATS, formatReport } from '../pipeline/format-report.ts';
import type { Job } from '../pipeline/job-ports.ts';
import type { Sha256 } from '../pipeline/layer-ports.ts';
import type { ImageReader, ManifestPlace, PlaceReader, TagReader } from '../pipeline/store-ports.ts';
import { type Answer, type Route, route } from './route.ts';
import {
  byDigest,
  image,
  imageWithChildren,
  job,
  listOf,
  nothing,
  paged,
  pageOf,
  tagChange,
  verdict,
} from './shapes.ts';

export interface ImageRoutesDependencies {
  readonly images: ImageReader;
  readonly tags: TagReader & PlaceReader;
  /** Queues a scan of what may be scanned by request. Raises FORBIDDEN, USAGE. */
  requestScan(target: string): Promise<Job>;
  readonly sha256: Sha256;
}

const TYPES = {
  json: 'application/json',
  cyclonedx: 'application/vnd.cyclonedx+json; version=1.6',
  spdx: 'application/spdx+json',
  'spdx-tag-value': 'text/spdx; charset=utf-8',
} as const satisfies Record<(typeof FORMATS)[number], string>;

/** Images, their reports and verdicts. */
export function imageRoutes({ images, tags, requestScan, sha256 }: ImageRoutesDependencies): Route[] {
  const existing = async (digest: string) => {
    const found = await images.image(digest);
    if (found !== null) return found;
    throw new PlimsollError('NOT_FOUND', `No image ${digest} was scanned.`);
  };
  return [
    route({
      method: 'POST',
      path: '/api/v1/images',
      summary: 'Ask for a scan; the job says when it is done, and which digests it found',
      role: 'editor',
      params: nothing,
      query: nothing,
      body: z.strictObject({ target: z.string().min(1).max(4_096).describe('As on the command line') }),
      status: 202,
      response: job,
      audit: 'scan.request',
      handle: async ({ body }): Promise<Answer> => ({ body: await requestScan(body.target) }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/images',
      summary: 'Images and indexes that were scanned, the newest first',
      role: 'viewer',
      params: nothing,
      query: paged,
      body: null,
      status: 200,
      response: listOf(image),
      audit: null,
      handle: async ({ query }) => ({ body: await images.images(pageOf(query)) }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/images/{digest}',
      summary: 'One image, or an index with its images',
      role: 'viewer',
      params: byDigest,
      query: nothing,
      body: null,
      status: 200,
      response: imageWithChildren,
      audit: null,
      handle: async ({ params }) => {
        const [found, children] = [await existing(params.digest), await images.children(params.digest)];
        const places = await tags.places(params.digest);
        return { body: { ...found, images: children, places, deletedAt: deletedAt(places) } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/images/{digest}/report',
      summary: 'The newest report of one image, in any format',
      role: 'viewer',
      params: byDigest,
      query: z.strictObject({ format: z.enum(FORMATS).default('json') }),
      body: null,
      status: 200,
      response: null,
      audit: null,
      handle: async ({ params, query }): Promise<Answer> => {
        const found = await existing(params.digest);
        const stored = await images.report(params.digest);
        if (stored === null) {
          const what = found.kind === 'index' ? 'is an index; its images have the reports' : 'has no report';
          throw new PlimsollError('NOT_FOUND', `${params.digest} ${what}.`);
        }
        const type = TYPES[query.format];
        if (query.format === 'json') return { body: stored.document, type, etag: stored.documentDigest };
        return {
          body: await formatReport(reportSchema.parse(JSON.parse(stored.document)), query.format, sha256),
          type,
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/images/{digest}/verdict',
      summary: 'The newest verdict; of an index the worst of its images',
      role: 'viewer',
      params: byDigest,
      query: nothing,
      body: null,
      status: 200,
      response: verdict,
      audit: null,
      handle: async ({ params }) => {
        const found = await existing(params.digest);
        if (found.verdict === null) throw new PlimsollError('NOT_FOUND', `${params.digest} has no verdict.`);
        const own = await images.verdict(params.digest);
        const children = await images.children(params.digest);
        return {
          body: {
            digest: found.digest,
            kind: found.kind,
            ...found.verdict,
            judgedAt: own?.judgedAt ?? null,
            judgedBy: own?.judgedBy ?? null,
            reportDigest: own?.documentDigest ?? null,
            images: children.map((child) => ({
              digest: child.digest,
              platform: child.platform,
              decision: child.verdict?.decision ?? null,
            })),
          },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/tags',
      summary: 'Where a tag pointed and since when, the newest first',
      role: 'viewer',
      params: nothing,
      query: paged.extend({
        registry: z.string().min(1).max(256).describe('Name of the registration'),
        repository: z.string().min(1).max(256),
        tag: z.string().min(1).max(128),
      }),
      body: null,
      status: 200,
      response: listOf(tagChange),
      audit: null,
      handle: async ({ query: { registry, repository, tag, ...page } }) => {
        return { body: await tags.history(registry, repository, tag, pageOf(page)) };
      },
    }),
  ];
}

/** An image that was never told of in a registry has not been deleted from one. */
function deletedAt(places: readonly ManifestPlace[]): string | null {
  const moments = places.flatMap((place) => place.deletedAt ?? []).toSorted();
  return moments.length === places.length ? (moments.at(-1) ?? null) : null;
}
