import { packageOfKey } from '../../services/adapters/advisories/keys.ts';
import type { LmdbAdvisories } from '../../services/adapters/advisories/lmdb-advisories.ts';
import type { Report, ReportPackage } from '../../services/domain/report/report.ts';
import type { AffectedPackage } from '../../services/domain/vulnerabilities/advisory.ts';
import { versionOrder } from '../../services/domain/vulnerabilities/version-order.ts';
import { samplePackage, sampleReport } from '../support/sample-report.ts';

/** A distribution that images are made of, and the start of the names that its packages have in advisories. */
interface Distribution {
  readonly namespace: string;
  readonly os: { readonly id: string; readonly versionId: string };
  readonly type: 'deb' | 'rpm' | 'apk';
}

const DISTRIBUTIONS: readonly Distribution[] = [
  { namespace: 'Debian:12', os: { id: 'debian', versionId: '12' }, type: 'deb' },
  { namespace: 'Ubuntu:24.04', os: { id: 'ubuntu', versionId: '24.04' }, type: 'deb' },
  { namespace: 'AlmaLinux:9', os: { id: 'almalinux', versionId: '9.5' }, type: 'rpm' },
  { namespace: 'Alpine:v3.20', os: { id: 'alpine', versionId: '3.20.1' }, type: 'apk' },
];
const LANGUAGES: readonly (readonly [namespace: string, type: string])[] = [
  ['npm', 'npm'],
  ['PyPI', 'pypi'],
  ['Go', 'golang'],
];
/** Of every hundred, packages of each language; the rest are the distribution's. */
const SHARE = 10;

/** One package in so many is as old as half of the fixes that its advisories name; the others have them all. */
const OUTDATED = 10;

/**
 * The report of an image whose every package has advisories: more work than a real image, of most of whose packages nobody
 * speaks. The same database gives the same packages.
 */
export function knownReport(database: LmdbAdvisories, count: number): Report {
  const names = new Map<string, string[]>();
  for (const { key } of database.packages()) {
    const { ecosystem, name } = packageOfKey(key);
    const known = names.get(ecosystem);
    if (known === undefined) names.set(ecosystem, [name]);
    else known.push(name);
  }
  const known = (namespace: string): readonly string[] => names.get(namespace) ?? [];
  const [distribution] = DISTRIBUTIONS.toSorted((a, b) => known(b.namespace).length - known(a.namespace).length);
  const { namespace, os, type } = distribution!;
  const some = (of: string, share: number, purlType: string): ReportPackage[] =>
    spread(known(of), share).map((name, i) => packageOf(database, of, name, purlType, i % OUTDATED === 0));
  const languages = LANGUAGES.flatMap(([language, purlType]) => some(language, (count * SHARE) / 100, purlType));
  const packages = [...some(namespace, count - languages.length, type), ...languages];
  const report = sampleReport();
  return { ...report, image: { ...report.image, os: { ...os, prettyName: null, eol: null } }, packages };
}

function packageOf(
  database: LmdbAdvisories,
  namespace: string,
  name: string,
  type: string,
  isOutdated: boolean,
): ReportPackage {
  const { compare } = versionOrder('ECOSYSTEM', type)!;
  const fixes = database
    .lookup(namespace, name)
    .flatMap(({ affected }) => affected.flatMap(fixesOf))
    .sort((a, b) => Number(compare(a, b)) || 0);
  const version = isOutdated ? fixes[fixes.length >> 1] : fixes.at(-1);
  return samplePackage({ name, version: version ?? '1.0.0', type, arch: null, layer: 0 });
}

function fixesOf({ ranges }: AffectedPackage): string[] {
  return ranges.flatMap(({ events }) => events.flatMap((event) => ('fixed' in event ? [event.fixed] : [])));
}

/** So many of them, evenly; all where there are fewer. */
function spread<Item>(items: readonly Item[], count: number): Item[] {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, i) => items[Math.floor(i * step)]!);
}
