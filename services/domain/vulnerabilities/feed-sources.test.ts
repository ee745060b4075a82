import { expect, test } from 'vitest';
import { atMirrors, FEED_SOURCES, selectSources } from './feed-sources.ts';
import { FEEDS } from './feeds/registry.ts';

test('every source has an id of its own, a kind that is read, and encrypted addresses', () => {
  const kinds = FEEDS.map(({ id }) => id);
  expect(new Set(FEED_SOURCES.map(({ id }) => id)).size).toBe(FEED_SOURCES.length);
  for (const { id, kind, urls } of FEED_SOURCES) {
    expect(kinds, id).toContain(kind);
    expect(id.split(':')[0]).toBe(kind);
    for (const url of urls) expect(new URL(url).protocol).toBe('https:');
  }
});

test('sources are chosen by id or group; all without a choice', () => {
  const ids = (...words: string[]) => selectSources(words).sources.map(({ id }) => id);
  expect(ids('kev', 'osv:npm')).toEqual(['kev', 'osv:npm']);
  expect(ids('distro-info')).toEqual(['distro-info:debian', 'distro-info:ubuntu']);
  // What speaks for one release is never chosen by halves.
  expect(ids('alpine-secdb:v3.20-main')).toEqual(['alpine-secdb:v3.20-main', 'alpine-secdb:v3.20-community']);
  expect(ids('updateinfo:amazon-2-x86_64')).toEqual(['updateinfo:amazon-2-x86_64', 'updateinfo:amazon-2-aarch64']);
  expect(ids()).toHaveLength(FEED_SOURCES.length);
  expect(selectSources(['kev', 'nonsense', 'osv:Nothing']).unknown).toEqual(['nonsense', 'osv:Nothing']);
});

test('a mirror has the public addresses below its own', () => {
  const [source] = selectSources(['osv:Rocky Linux']).sources;
  expect(atMirrors(source!, ['http://m/x/', 'http://n']).urls).toEqual([
    'http://m/x/osv-vulnerabilities.storage.googleapis.com/Rocky%20Linux/all.zip',
    'http://m/x/storage.googleapis.com/osv-vulnerabilities/Rocky%20Linux/all.zip',
    'http://n/osv-vulnerabilities.storage.googleapis.com/Rocky%20Linux/all.zip',
    'http://n/storage.googleapis.com/osv-vulnerabilities/Rocky%20Linux/all.zip',
  ]);
  expect(atMirrors(source!, [])).toBe(source);
});
