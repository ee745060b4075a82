import { describe, expect, test } from 'vitest';
import { PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { FEEDS } from '../domain/vulnerabilities/feeds/registry.ts';
import type { FeedFile, RefreshTerms } from './advisory-ports.ts';
import { type RefreshedDatabases, refreshAdvisories } from './refresh-advisories.ts';

const OLD = { digest: 'sha256:old', builtAt: '2026-05-01T00:00:00Z' };
const NEW = { digest: 'sha256:new', builtAt: '2026-05-02T00:00:00Z' };
const TERMS = { root: '/db', feeds: ['kev'], mirrors: [], pull: null, keyFiles: [], allowMissing: false };
const KEV = '{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2024-0001","dateAdded":"2024-01-01"}]}';

type Status = typeof OLD | PlimsollError | null;
interface World {
  readonly before?: Status;
  /** Where it is not what was installed. */
  readonly after?: Status;
  readonly missing?: readonly string[];
  readonly warnings?: readonly string[];
  readonly feed?: string | PlimsollError;
}

function world({ before = OLD, after, missing = [], warnings = [], feed = KEV }: World) {
  const asked: unknown[] = [];
  const discarded: string[] = [];
  const forgotten: string[] = [];
  let now: Status = before;
  const install = (): typeof NEW => {
    now = after === undefined ? NEW : after;
    return NEW;
  };
  const databases: RefreshedDatabases = {
    status: async () => {
      if (now instanceof Error) throw now;
      return now;
    },
    pull: async (...[root, url, terms]) => {
      asked.push({ root, url, terms });
      return install();
    },
    fetchFeeds: async (root, sources, allowShrunk) => {
      asked.push({ root, urls: sources.flatMap(({ urls }) => urls), allowShrunk });
      return { places: [], warnings, missing };
    },
    forgetDownload: async (path) => void forgotten.push(path),
    buildDependencies: () => ({
      files: {
        async *files(): AsyncIterable<FeedFile> {
          if (feed instanceof Error) throw feed;
          const bytes = Buffer.from(feed);
          yield { name: 'kev.json', bytes, kind: 'kev', fetched: null, exported: null };
        },
      },
      feeds: FEEDS,
      openWriter: async () => ({
        add: () => {},
        enrich: () => {},
        cover: () => {},
        addEndOfLife: () => {},
        discard: async () => void discarded.push('all'),
        finish: async ({ allowShrunk }) => {
          asked.push({ allowShrunk });
          const info = { ...install(), schemaVersion: 1, starter: false, feeds: [], endOfLife: [] };
          const counts = { records: 0, packages: 0, enriched: 1 };
          return { directory: '/db/builds/new', bytes: 1, counts, info, refusals: [] };
        },
      }),
      now: () => NEW.builtAt,
      breathe: async () => {},
    }),
  };
  const run = (terms: Partial<RefreshTerms> = {}, signal = new AbortController().signal) =>
    refreshAdvisories({ ...TERMS, ...terms }, databases, { limits: LIMITS, signal });
  return { run, asked, discarded, forgotten };
}

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('a refresh of the advisory database', () => {
  test('installs none where feeds are missing, unless that is allowed', async () => {
    const { run, asked } = world({ missing: ['osv:npm', 'osv:Go'] });
    await expect(run()).rejects.toEqual(refused('DOWNLOAD_FAILED', /^2 feeds could not be fetched: osv:npm, osv:Go/));
    expect(asked).toHaveLength(1);
    expect(await run({ allowMissing: true })).toMatchObject({ digest: NEW.digest, before: OLD.digest });
  });

  test('says in its error what servers said of the feeds that are missing, the first few', async () => {
    const warnings = ['osv:npm: status 404.', 'b.', 'c.', 'd.'];
    const { run } = world({ missing: ['osv:npm'], warnings });
    await expect(run()).rejects.toEqual(refused('DOWNLOAD_FAILED', /^1 feed .* osv:npm: status 404\. b\. c\. …$/));
    const three = world({ missing: ['osv:npm'], warnings: warnings.slice(0, 3) });
    await expect(three.run()).rejects.toEqual(refused('DOWNLOAD_FAILED', /osv:npm: status 404\. b\. c\.$/));
  });

  test('gives up half a build, and forgets the file that cannot be read, so that it is fetched anew', async () => {
    const unreadable = new PlimsollError('FEED_UNREADABLE', 'no end record', {
      details: { path: '/db/downloads/kev' },
    });
    const { run, discarded, forgotten } = world({ feed: unreadable });
    await expect(run()).rejects.toBe(unreadable);
    expect([discarded, forgotten]).toEqual([['all'], ['/db/downloads/kev']]);
    const nonsense = world({ feed: '{"vulnerabilities":' });
    await expect(nonsense.run()).rejects.toEqual(refused('FEED_UNREADABLE', /Nothing could be read of 1 file/));
    expect([nonsense.discarded, nonsense.forgotten]).toEqual([['all'], []]);
  });

  test.each([
    ['the old one', OLD],
    ['none', null],
  ])('fails where scans would then read %s', async (_what, after) => {
    await expect(world({ after }).run()).rejects.toEqual(refused('DATABASE_UNUSABLE', /scans do not read it/));
  });

  test('whoever installs a newer one meanwhile is heard', async () => {
    const newer = { digest: 'sha256:newer', builtAt: '2026-05-03T00:00:00Z' };
    expect(await world({ after: newer }).run()).toMatchObject(newer);
  });

  test('replaces one that cannot be used, and says so; what cannot be read at all is raised', async () => {
    const broken = new PlimsollError('DATABASE_UNUSABLE', 'mode');
    expect(await world({ before: broken }).run()).toMatchObject({ ...NEW, before: 'unusable' });
    expect(await world({ before: null }).run()).toMatchObject({ ...NEW, before: 'none' });
    const other = new PlimsollError('INTERNAL', 'EIO');
    const { run, asked } = world({ before: other });
    await expect(run()).rejects.toBe(other);
    expect(asked).toEqual([]);
  });

  test('tells of feeds whose last copy is used, the first by name and all by number', async () => {
    const warnings = Array.from({ length: LIMITS.listedFlaws + 1 }, (_, i) => `feed ${i}`);
    const refreshed = await world({ warnings }).run();
    expect(refreshed.warnings).toEqual(warnings.slice(0, LIMITS.listedFlaws));
    expect(refreshed.warned).toBe(LIMITS.listedFlaws + 1);
  });

  test('asks mirrors in place of publishers, and allows no shrinking', async () => {
    const { run, asked } = world({});
    await run({ mirrors: ['http://mirror/'] });
    expect(asked).toEqual([
      {
        root: '/db',
        urls: expect.toSatisfy(
          (urls: string[]) => urls.length > 0 && urls.every((url) => /^http:\/\/mirror\/\w/.test(url)),
        ),
        allowShrunk: false,
      },
      { allowShrunk: false },
    ]);
  });

  test('pulls a built one, signed and not older', async () => {
    const { run, asked } = world({});
    const pull = 'https://mirror/db.tar';
    expect(await run({ pull, keyFiles: ['key.pem'] })).toEqual({ ...NEW, before: OLD.digest, warnings: [], warned: 0 });
    const terms = { keyFiles: ['key.pem'], allowUnsigned: false, allowOlder: false };
    expect(asked).toEqual([{ root: '/db', url: pull, terms }]);
  });
});
