import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { FeedSource } from '../../domain/vulnerabilities/feed-sources.ts';
import type { Downloader } from './download.ts';
import type { FeedPath } from './local-feed-files.ts';
import { namedAddress } from './named-address.ts';

/** What is kept beside a downloaded file. */
const stateSchema = z.strictObject({
  url: z.string(),
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  /** When the server last said that this is its current state. */
  fetched: z.iso.datetime(),
  bytes: z.int(),
});
type State = z.infer<typeof stateSchema>;

const AT_ONCE = 4;
/** Files of fewer bytes say too little for their size to tell anything. */
const MIN_BYTES = 4_096;

export interface FetchedFeeds {
  readonly places: readonly FeedPath[];
  /** What could not be fetched anew, in a sentence each; an earlier copy is among `places` where there is one. */
  readonly warnings: readonly string[];
  /** Sources of which there is no copy at all, those that are optional apart. */
  readonly missing: readonly string[];
}

/** Feeds as files that are kept between updates, so that a server is asked only for what is new. */
export class FeedDownloads {
  readonly #directory: string;
  readonly #downloader: Downloader;

  constructor(directory: string, downloader: Downloader) {
    this.#directory = directory;
    this.#downloader = downloader;
  }

  async fetch(sources: readonly FeedSource[], allowShrunk: boolean, signal: AbortSignal): Promise<FetchedFeeds> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const places = new Map<FeedSource, FeedPath>();
    const warnings: string[] = [];
    const missing: FeedSource[] = [];
    const waiting = sources.values();
    const worker = async (): Promise<void> => {
      for (const source of waiting) {
        const { place, warning } = await this.#fetchOne(source, allowShrunk, signal);
        if (warning !== null) warnings.push(warning);
        if (place === null) missing.push(source);
        else places.set(source, place);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const incomplete = new Set(missing.flatMap(({ part }) => part ?? []));
    for (const part of incomplete) {
      const ids = missing.flatMap((each) => (each.part === part ? each.id : [])).sort();
      warnings.push(`Nothing is taken of ${part}, as part of it is missing: ${ids.join(', ')}.`);
    }
    const whole = [...places].filter(([{ part }]) => part === undefined || !incomplete.has(part));
    return {
      places: whole.map(([, place]) => place).sort((a, b) => (a.path < b.path ? -1 : 1)),
      warnings: warnings.sort(),
      missing: missing.flatMap(({ id, optional }) => (optional === true ? [] : id)).sort(),
    };
  }

  async #fetchOne(
    source: FeedSource,
    allowShrunk: boolean,
    signal: AbortSignal,
  ): Promise<{ place: FeedPath | null; warning: string | null }> {
    const hash = createHash('sha256').update(source.id).digest('hex').slice(0, 12);
    const path = join(this.#directory, `${source.id.replace(/[^A-Za-z0-9.-]+/g, '-')}-${hash}`);
    const known = await keptState(path);
    const exported = source.kind === 'osv' ? { exported: source.id.slice('osv:'.length) } : {};
    const place = (state: State): FeedPath => ({ path, kind: source.kind, fetched: state.fetched, ...exported });
    try {
      const urls = await this.#fileUrls(source, path, signal);
      const file = `${path}.part`;
      const request = { urls, file, maxBytes: LIMITS.downloadBytes, signal };
      const got = await this.#downloader.download(known === null ? request : { ...request, known });
      const fetched = new Date().toISOString();
      if (got === 'unchanged') {
        const state = { ...known!, fetched };
        await writeFile(`${path}.json`, JSON.stringify(state), { mode: 0o600 });
        return { place: place(state), warning: null };
      }
      const { url, etag, lastModified, bytes } = got;
      if (known !== null && known.bytes >= MIN_BYTES && bytes < known.bytes / 2 && !allowShrunk) {
        const sizes = `${bytes} bytes, and ${known.bytes} before`;
        throw new PlimsollError('DOWNLOAD_FAILED', `It has shrunk: ${sizes} (--allow-shrunk takes it as it is).`);
      }
      const state = { url, etag, lastModified, fetched, bytes };
      // The state goes first and comes last: a copy without one is asked for again.
      await rm(`${path}.json`, { force: true });
      await rename(file, path);
      await writeFile(`${path}.json`, JSON.stringify(state), { mode: 0o600 });
      return { place: place(state), warning: null };
    } catch (error) {
      if (!(error instanceof PlimsollError) || error.code !== 'DOWNLOAD_FAILED') throw error;
      await rm(`${path}.part`, { force: true });
      const instead = known === null ? '' : ` The copy of ${known.fetched} is used.`;
      return { place: known === null ? null : place(known), warning: `${source.id}: ${error.message}${instead}` };
    }
  }

  /** Where the file itself is. */
  async #fileUrls({ urls, steps = [] }: FeedSource, path: string, signal: AbortSignal): Promise<readonly string[]> {
    const file = `${path}.name`;
    let at = urls;
    for (const step of steps) {
      const got = await this.#downloader.download({ urls: at, file, maxBytes: LIMITS.feedIndexBytes, signal });
      const text = await readFile(file, 'utf8');
      await rm(file, { force: true });
      const next = got === 'unchanged' ? null : namedAddress(got.url, text, step);
      if (next === null) {
        throw new PlimsollError('DOWNLOAD_FAILED', `It could not be fetched: ${at.join(', ')} names no file.`);
      }
      at = [next];
    }
    return at;
  }
}

async function keptState(path: string): Promise<State | null> {
  try {
    const state = stateSchema.parse(JSON.parse(await readFile(`${path}.json`, 'utf8')));
    return (await stat(path)).size === state.bytes ? state : null;
  } catch {
    return null;
  }
}

/** Forgets a copy that turned out to be unreadable, so that the next update asks for all of it. */
export async function forgetDownload(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}.json`, { force: true });
}
