import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  Downloader,
  type DownloadPatience,
  type DownloadRequest,
} from '../../services/adapters/advisories/download.ts';
import { FeedDownloads } from '../../services/adapters/advisories/feed-downloads.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const PATIENCE: DownloadPatience = {
  connectMs: 2_000,
  idleMs: 300,
  totalMs: 3_000,
  attempts: 3,
  backoffMs: 5,
  retryAfterMs: 2_000,
};

async function get(
  urls: readonly string[],
  more: Partial<DownloadRequest> = {},
  patience: Partial<DownloadPatience> = {},
) {
  const downloader = new Downloader({ ...PATIENCE, ...patience });
  onTestFinished(() => downloader.close());
  const file = join(await temporaryDirectory(), 'file');
  const signal = new AbortController().signal;
  const got = await downloader.download({ urls, file, maxBytes: 1_000, signal, ...more });
  return got === 'unchanged' ? got : { ...got, text: await readFile(file, 'utf8') };
}
const failed = (words: RegExp) =>
  expect.objectContaining({ code: 'DOWNLOAD_FAILED', message: expect.stringMatching(words) });

describe('a server that works', () => {
  test('gives the file with its digest and version; then only what is new', async () => {
    const { url, requests } = await loopbackServer((request, response) => {
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"v1"', 'last-modified': 'Wed, 01 Jan 2025 00:00:00 GMT' }).end('hello');
    });
    expect(await get([url])).toMatchObject({
      text: 'hello',
      bytes: 5,
      sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      etag: '"v1"',
    });
    expect(await get([url], { known: { etag: '"v1"', lastModified: 'x' } })).toBe('unchanged');
    expect(requests[1]!.headers['if-modified-since']).toBe('x');
  });

  test('a redirect to another host gets no header that was meant for the first', async () => {
    const other = await loopbackServer((_, response) => response.end('there'));
    const { url } = await loopbackServer((_, response) => {
      response.writeHead(302, { location: other.url.replace('127.0.0.1', 'localhost') }).end();
    });
    expect(await get([url], { headers: { authorization: 'Bearer secret' } })).toMatchObject({ text: 'there' });
    expect(other.requests[0]!.headers.authorization).toBeUndefined();
  });
});

describe('a server that does not', () => {
  test.each([429, 500, 503, 408])('%i is tried again, and no more than so often', async (status) => {
    const recovers = await loopbackServer((_, response, count) =>
      response.writeHead(count < 3 ? status : 200).end('ok'),
    );
    expect(await get([recovers.url])).toMatchObject({ text: 'ok' });
    const stays = await loopbackServer((_, response) => response.writeHead(status).end());
    await expect(get([stays.url])).rejects.toEqual(failed(new RegExp(`status ${status} \\(3 attempts\\)`)));
    expect(stays.requests).toHaveLength(3);
  });

  test('Retry-After is kept to', async () => {
    const server = await loopbackServer((_, response, count) => {
      if (count === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      else response.end('ok');
    });
    const start = performance.now();
    expect(await get([server.url])).toMatchObject({ text: 'ok' });
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  test('a wait that is too long is spent at the next mirror', async () => {
    const busy = await loopbackServer((_, response) => response.writeHead(429, { 'retry-after': '86400' }).end());
    const mirror = await loopbackServer((_, response) => response.end('mirror'));
    expect(await get([busy.url, mirror.url])).toMatchObject({ text: 'mirror' });
    expect(busy.requests).toHaveLength(1);
  });

  test('404 goes to the next mirror at once; where all fail, each is told', async () => {
    const gone = await loopbackServer((_, response) => response.writeHead(404).end());
    const mirror = await loopbackServer((_, response) => response.end('mirror'));
    expect(await get([gone.url, mirror.url])).toMatchObject({ text: 'mirror' });
    expect(gone.requests).toHaveLength(1);
    await expect(get([gone.url, 'http://127.0.0.1:1'])).rejects.toEqual(
      failed(/status 404; http:\/\/127\.0\.0\.1:1: /),
    );
  });

  test('that stalls is left, before the first byte and in the middle', async () => {
    const silent = await loopbackServer(() => {});
    await expect(get([silent.url], {}, { attempts: 1 })).rejects.toEqual(failed(/nothing came for too long/));
    const stalls = await loopbackServer((_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half');
    });
    await expect(get([stalls.url], {}, { attempts: 1 })).rejects.toEqual(failed(/nothing came for too long/));
  });

  test('that drips for ever is left at the end of its time', async () => {
    const drips = await loopbackServer((_, response) => {
      const timer = setInterval(() => response.write('.'), 50);
      response.on('close', () => clearInterval(timer));
    });
    await expect(get([drips.url], {}, { attempts: 1, totalMs: 600 })).rejects.toEqual(failed(/took too long/));
  });

  test('that sends less than it says', async () => {
    const cut = await loopbackServer((_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half', () => response.destroy());
    });
    await expect(get([cut.url], {}, { attempts: 1 })).rejects.toEqual(failed(/127\.0\.0\.1/));
  });

  test('that sends more than is taken (downloadBytes, lowered), with and without saying so', async () => {
    const atLimit = await loopbackServer((_, response) => response.end('x'.repeat(1_000)));
    expect(await get([atLimit.url])).toMatchObject({ bytes: 1_000 });
    const says = await loopbackServer((_, response) => response.end('x'.repeat(1_001)));
    await expect(get([says.url])).rejects.toEqual(failed(/larger than 1000 bytes/));
    const hides = await loopbackServer((_, response) => {
      response.write('x'.repeat(900));
      response.end('x'.repeat(900));
    });
    await expect(get([hides.url])).rejects.toEqual(failed(/larger than 1000 bytes/));
    expect(hides.requests).toHaveLength(1);
  });

  test('that redirects in a circle, to nowhere, or to another protocol', async () => {
    const circle = await loopbackServer((_, response) => response.writeHead(302, { location: '/again' }).end());
    await expect(get([circle.url])).rejects.toEqual(failed(/more than 5 redirects/));
    const nowhere = await loopbackServer((_, response) => response.writeHead(302).end());
    await expect(get([nowhere.url])).rejects.toEqual(failed(/without a valid address/));
    const file = await loopbackServer((_, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    await expect(get([file.url])).rejects.toEqual(failed(/a redirect to file:/));
  });

  test('whose user stops is left at once', async () => {
    const silent = await loopbackServer(() => {});
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopped')), 50);
    await expect(get([silent.url], { signal: stop.signal })).rejects.toThrow('stopped');
  });
});

describe('a feed whose address stands in a document', () => {
  const SIZE = LIMITS.feedIndexBytes;
  const fetched = async (index: string, steps = [(text: string) => text.trim()]) => {
    const { url, requests } = await loopbackServer((request, response) => {
      response.end(request.url === '/index' ? index : 'the feed');
    });
    const downloader = new Downloader();
    onTestFinished(() => downloader.close());
    const downloads = new FeedDownloads(await temporaryDirectory(), downloader);
    const source = { id: 'kev', kind: 'kev', urls: [`${url}/index`], steps };
    const found = await downloads.fetch([source], false, new AbortController().signal);
    return { ...found, asked: requests.map((request) => request.url) };
  };

  test('feedIndexBytes: at it and past it', async () => {
    const at = await fetched(`feed.json${' '.repeat(SIZE - 9)}`);
    expect([at.places.length, at.missing, at.asked]).toEqual([1, [], ['/index', '/feed.json']]);
    const past = await fetched(`feed.json${' '.repeat(SIZE - 8)}`);
    expect([past.places.length, past.missing, past.asked]).toEqual([0, ['kev'], ['/index']]);
    expect(past.warnings.join()).toContain(`larger than ${SIZE} bytes`);
  });

  test('that leads to another server, or nowhere, is not had', async () => {
    for (const index of ['https://elsewhere.example.org/feed.json', 'http://[', '']) {
      const { missing, asked, warnings } = await fetched(index, [(text) => (text === '' ? null! : text)]);
      expect([missing, asked]).toEqual([['kev'], ['/index']]);
      expect(warnings.join()).toContain('names no file');
    }
  });
});
