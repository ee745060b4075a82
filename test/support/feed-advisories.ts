import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { LIMITS } from '../../services/domain/limits.ts';
import { ZipArchive } from '../../services/domain/packages/zip-archive.ts';
import type { Advisory, AffectedPackage } from '../../services/domain/vulnerabilities/advisory.ts';
import { recogniseFeed } from '../../services/domain/vulnerabilities/feeds/registry.ts';
import type { Lookup } from '../../services/domain/vulnerabilities/statement.ts';
import { SHARED_DATA } from './repository.ts';

/** Real advisories, read in place by the readers that build databases. */

/** Every record of `advisories/PATH`: an `all.zip` of OSV records, or one file of a native feed. */
export function feedAdvisories(path: string, options: { readonly bugFixesToo?: boolean } = {}): Advisory[] {
  const bytes = readFileSync(join(SHARED_DATA, 'advisories', path));
  const files = path.endsWith('.zip')
    ? [...unzipped(bytes)]
    : [[basename(path), path.endsWith('.gz') ? gunzipSync(bytes) : bytes] as const];
  return files.flatMap(([name, content]) => {
    const wanted = options.bugFixesToo ? withAnAlias(content) : content;
    const feed = recogniseFeed(name, Buffer.from(wanted.subarray(0, 65_536)).toString('latin1'));
    if (feed === null) throw new Error(`no reader for ${path}: ${name}`);
    return feed.read(wanted, { name, limits: LIMITS }).advisories;
  });
}

/** Errata that only fix bugs are left out by the reader; with a name of a vulnerability they are not. */
function withAnAlias(content: Uint8Array): Uint8Array {
  const record = JSON.parse(Buffer.from(content).toString('utf8')) as { related?: unknown[]; upstream?: unknown[] };
  const named = [...(record.related ?? []), ...(record.upstream ?? [])].some((id) => /^CVE-/.test(String(id)));
  return named ? content : Buffer.from(JSON.stringify({ ...record, upstream: [NO_VULNERABILITY] }));
}

/** The alias of errata that only fix bugs. */
export const NO_VULNERABILITY = 'NO-VULNERABILITY';

function* unzipped(bytes: Uint8Array): Generator<readonly [string, Uint8Array]> {
  const archive = ZipArchive.open(bytes);
  if (typeof archive === 'string') throw new Error(archive);
  const fail = (flaw: string): never => {
    throw new Error(flaw);
  };
  for (const entry of archive.entries(fail)) {
    const content = archive.read(entry, (data, maxOutputLength) => inflateRawSync(data, { maxOutputLength }));
    if (typeof content === 'string') throw new Error(content);
    yield [entry.name, content];
  }
}

/** Look-ups as a database answers them, over many advisories. */
export function lookupIn(advisories: readonly Advisory[]): Lookup {
  const found = new Map<string, Map<Advisory, AffectedPackage[]>>();
  for (const advisory of advisories) {
    for (const entry of advisory.affected) {
      const key = `${entry.ecosystem}\0${entry.name}`;
      const entries = found.get(key) ?? new Map<Advisory, AffectedPackage[]>();
      entries.set(advisory, [...(entries.get(advisory) ?? []), entry]);
      found.set(key, entries);
    }
  }
  const answers = new Map(
    [...found].map(([key, entries]) => [key, [...entries].map(([advisory, affected]) => ({ ...advisory, affected }))]),
  );
  return (ecosystem, name) => answers.get(`${ecosystem}\0${name}`) ?? [];
}
