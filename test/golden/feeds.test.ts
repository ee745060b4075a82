import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import type { Advisory } from '../../services/domain/vulnerabilities/advisory.ts';
import type { FeedReading } from '../../services/domain/vulnerabilities/feeds/feed.ts';
import { recogniseFeed } from '../../services/domain/vulnerabilities/feeds/registry.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';

const NATIVE = join(SHARED_DATA, 'advisories/native');

function bytesOf(path: string): Buffer {
  const stored = readFileSync(join(NATIVE, path));
  return path.endsWith('.gz') ? gunzipSync(stored) : stored;
}

function readFeed(path: string): FeedReading & { readonly kind: string | null } {
  const bytes = bytesOf(path);
  const name = path.replace(/\.gz$/, '');
  const feed = recogniseFeed(name, bytes.toString('utf8', 0, 64 * 1024));
  const nothing: FeedReading = { advisories: [], refusals: [] };
  return { kind: feed?.id ?? null, ...(feed?.read(bytes, { name, limits: LIMITS }) ?? nothing) };
}

const files = (...patterns: string[]) => patterns.flatMap((pattern) => globSync(pattern, { cwd: NATIVE })).sort();

/** `product name fixed`, of everything that is fixed. */
function fixes(advisories: readonly Advisory[]): string[] {
  const rows = advisories.flatMap(({ affected }) => {
    return affected.flatMap(({ contentSets, name, ranges }) => {
      const events = ranges.flatMap((range) => range.events);
      return events.flatMap((event) => ('fixed' in event ? [`${contentSets} ${name} ${bare(event.fixed)}`] : []));
    });
  });
  return [...new Set(rows)].sort();
}

const bare = (version: string) => version.replace(/^0:/, '');
/** Whether a row names something that some architecture's package is, as the ids of a document have it. */
function binaries(csaf: string): (row: string) => boolean {
  const ids = csaf.matchAll(/"([\w.+-]+)-\d+:[^":]+\.(?:x86_64|aarch64|s390x|ppc64le|i686|noarch)"/g);
  const names = new Set(Array.from(ids, ([, name]) => name));
  return (row) => names.has(row.split(' ')[1]);
}

const isDebug = (row: string) => /^\S+ \S+-debug(?:info|source)(?:-\S+)? /.test(row);

describe.skipIf(!HAS_SHARED_DATA)('native feeds of ../shared/data (skipped where it is absent)', () => {
  test('each file is told by its content', () => {
    const kinds = (patterns: string[]) => new Set(files(...patterns).map((path) => readFeed(path).kind));
    expect(kinds(['*secdb*/**/*.json{,.gz}', 'chainguard-genuine/*.json'])).toEqual(new Set(['alpine-secdb']));
    expect(kinds(['debian/D*-list*.gz'])).toEqual(new Set(['debian-advisories']));
    expect(kinds(['debian/tracker-sample.json'])).toEqual(new Set(['debian-tracker']));
    expect(kinds(['redhat-vex/*.gz', 'redhat-csaf/**/*.gz', 'redhat-csaf-to-osv/CSAF/*'])).toEqual(
      new Set(['redhat-csaf']),
    );
    expect(kinds(['suse-cvrf/*.gz', 'openeuler-cvrf/*.gz'])).toEqual(new Set(['cvrf']));
    expect(kinds(['updateinfo/*.xml'])).toEqual(new Set(['updateinfo']));
    expect(kinds(['ubuntu/vex/**/*.gz'])).toEqual(new Set(['ubuntu-vex']));
    expect(kinds(['redhat-csaf-to-osv/OSV/*', 'ubuntu/osv*/**/*.{json,gz}'])).toEqual(new Set(['osv']));
  });

  test.each(files('alpine-secdb/**/*.gz', 'wolfi-secdb/*.gz'))('%s: every fix of a CVE, and no other', (path) => {
    const { packages } = JSON.parse(bytesOf(path).toString());
    const expected = new Set<string>();
    for (const { pkg } of packages) {
      for (const [fixed, ids] of Object.entries<string[]>(pkg.secfixes ?? {})) {
        for (const id of ids.flatMap((text) => text.match(/CVE-\d{4}-\d+/g) ?? [])) {
          expected.add(`${id} ${pkg.name} ${fixed}`);
        }
      }
    }
    const found = readFeed(path).advisories.flatMap(({ id, aliases, affected }) =>
      [id, ...aliases]
        .filter((each) => each.startsWith('CVE-'))
        .flatMap((each) =>
          affected.map(({ name, ranges }) => {
            const last = ranges[0]?.events.at(-1);
            return `${each} ${name} ${last === undefined ? '0' : 'fixed' in last ? last.fixed : '?'}`;
          }),
        ),
    );
    expect([...expected].filter((row) => !found.includes(row))).toEqual([]);
    // An alias is said of all packages of its vulnerability, so that some rows are more than the file's.
    expect(found.filter((row) => row.endsWith('?'))).toEqual([]);
  });

  test.each(files('debian/D*-list*.gz'))('%s: every CVE of the list', (path) => {
    const text = bytesOf(path).toString();
    const { advisories, refusals } = readFeed(path);
    // Advisories that name no package are announcements.
    const blocks = text.split(/^(?=\[)/m).filter((block) => /^\s+\[[a-z]+\]\s+-/m.test(block));
    const named = new Set(blocks.flatMap((block) => /^\s+\{(.*)\}/m.exec(block)?.[1]?.match(/CVE-\d{4}-\d+/g) ?? []));
    const ids = advisories.map(({ id }) => id).filter((id) => id.startsWith('CVE-'));
    expect(ids.sort()).toEqual([...named].sort());
    expect(refusals.reduce((sum, { count }) => sum + count, 0)).toBeLessThan(10);
  });

  test.each(files('suse-cvrf/*.gz', 'openeuler-cvrf/*.gz', 'updateinfo/*.xml'))('%s: every CVE of it', (path) => {
    const text = bytesOf(path).toString('latin1');
    const named = new Set(text.match(/(?<=<CVE\s*>\s*)CVE-\d{4}-\d+|(?<=\sid=")CVE-\d{4}-\d+/g));
    const { advisories } = readFeed(path);
    // One update names no product, so that nobody can tell who should install it.
    if (path.includes('opensuse-su-2016-0874')) named.clear();
    expect(new Set(advisories.map(({ id }) => id))).toEqual(named);
  });

  test.each(files('redhat-csaf-to-osv/OSV/*').map((path) => [path.replace(/^.*\/(.*?)\.json.*$/, '$1'), path]))(
    '%s: the CSAF document says what Red Hat made of it for OSV',
    (id, path) => {
      const csaf = `redhat-csaf-to-osv/CSAF/${id!.toLowerCase()}.json.gz`;
      const isInstalled = binaries(bytesOf(csaf).toString());
      // Red Hat lists sources and what debuggers need beside the packages that are installed.
      const golden = fixes(readFeed(path!).advisories).filter((row) => !isDebug(row) && isInstalled(row));
      expect(golden.length).toBeGreaterThan(1);
      expect(fixes(readFeed(csaf).advisories)).toEqual(golden);
    },
  );

  test.each(files('ubuntu/vex/**/*.gz'))('%s: every source package, and where Ubuntu stands on it', (path) => {
    const document: { statements: { status: string; justification?: string; products: { '@id': string }[] }[] } =
      JSON.parse(bytesOf(path).toString());
    const stated = document.statements.flatMap(({ status, justification, products }) => {
      const sources = products.map((product) => product['@id']).filter((purl) => purl.includes('arch=source'));
      return justification === 'component_not_present' ? [] : sources.map((purl) => `${status} ${purl.slice(15)}`);
    });
    const count = (status: string) => stated.filter((row) => row.startsWith(`${status} `)).length;
    const { advisories, refusals } = readFeed(path);
    const affected = advisories.flatMap((advisory) => advisory.affected);
    const found = (...statuses: string[]) => affected.filter(({ status }) => statuses.includes(status)).length;
    expect(stated.length).toBeGreaterThan(5);
    expect(affected).toHaveLength(stated.length);
    expect(found('fixed')).toBe(count('fixed'));
    expect(found('not_affected')).toBe(count('not_affected'));
    // In these two documents each is out of support, or will not be fixed.
    expect(found('will_not_fix', 'end_of_life')).toBe(count('affected'));
    expect(refusals.filter(({ kind }) => kind === 'malformed')).toEqual([]);
  });

  test("Red Hat's stand on products without a fix", () => {
    const { advisories } = readFeed('redhat-vex/cve-2024-0727-openssl.json.gz');
    const stands = advisories[0]!.affected
      .filter(({ name, ranges }) => name === 'openssl' && ranges[0]?.events.length === 1)
      .map(({ ecosystem, nameOf, status }) => `${ecosystem} ${nameOf} ${status}`);
    expect(stands.sort()).toEqual([
      'Red Hat:6 binary end_of_life',
      'Red Hat:6 source end_of_life',
      'Red Hat:7 binary end_of_life',
      'Red Hat:7 source end_of_life',
      'Red Hat:8 binary fix_deferred',
      'Red Hat:8 source fix_deferred',
    ]);
  });
});
