import { isDistributionPackage } from '../../services/domain/packages/purl.ts';
import type { Report, ReportPackage } from '../../services/domain/report/report.ts';
import type {
  Advisory,
  AffectedPackage,
  DatabaseInfo,
  Enrichment,
  RangeEvent,
} from '../../services/domain/vulnerabilities/advisory.ts';
import { CATALOGUES } from '../../services/domain/vulnerabilities/enrichment.ts';
import { namespacesOf } from '../../services/domain/vulnerabilities/namespace.ts';
import { normalName } from '../../services/domain/vulnerabilities/package-name.ts';
import { advisory, affectedPackage } from './advisory.ts';

/*
 * Advisories made for the packages of one report, on the edge of everything that matching looks at: whatever of a package
 * is lost on its way (a source version, an epoch, a module, an architecture, who built it) turns a row.
 */

/** For each package, by each of its names in each of its namespaces. */
export function advisoriesOn({ packages, image }: Pick<Report, 'packages' | 'image'>): Advisory[] {
  const contentSets = image.layers.flatMap((layer) => layer.contentSets);
  return packages.flatMap((item, i) =>
    namespacesOf(item, image).names.flatMap((ecosystem, j) => {
      const edges = [...edgesOf(item), ...(ecosystem.startsWith('Red Hat:') ? setsOf(item, contentSets) : [])];
      const entries = namesOf(item).flatMap((name) =>
        edges.map((edge) => affectedPackage({ ecosystem, name: normalName(ecosystem, name), ...edge })),
      );
      return entries.map((entry, k) =>
        advisory({
          id: `CVE-${2000 + j}-${1000 + i * 100 + k}`,
          affected: [entry],
          modified: '2023-12-31T00:00:00Z',
          severities: [{ source: 'nvd', level: 'unknown', text: null, vector: VECTORS[k % VECTORS.length]! }],
        }),
      );
    }),
  );
}

const VECTORS = [
  'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
  'CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N',
  'AV:N/AC:L/Au:N/C:P/I:N/A:N',
];

type Edge = Partial<AffectedPackage>;

function namesOf({ name, source, origin }: ReportPackage): string[] {
  return [...new Set([name, source?.name ?? name, origin ?? name])];
}

/** Up to and with each version of the package, and up to but without it; for another module, its architecture, and another. */
function edgesOf(item: ReportPackage): Edge[] {
  const { version, source, arch } = item;
  const kinds = isDistributionPackage(item) ? (['source', 'binary'] as const) : (['package'] as const);
  return kinds.flatMap((nameOf) => [
    ...[...new Set([version, source?.version ?? version])].flatMap((edge): Edge[] => [
      { ...upTo(item, { lastAffected: edge }), nameOf },
      { ...upTo(item, { fixed: edge }), nameOf },
    ]),
    { ...upTo(item, { lastAffected: version }), nameOf, module: 'another:1' },
    { ...upTo(item, { lastAffected: version }), nameOf, architectures: [arch ?? 'none'] },
    { ...upTo(item, { lastAffected: version }), nameOf, architectures: ['another'] },
  ]);
}

/** For the content sets of the image, and for none of them. */
function setsOf(item: ReportPackage, contentSets: readonly string[]): Edge[] {
  const affected: Edge = { ...upTo(item, { lastAffected: item.version }), nameOf: 'binary' };
  return [
    { ...affected, contentSets },
    { ...affected, contentSets: ['none'] },
  ];
}

function upTo({ modularity }: ReportPackage, end: RangeEvent): Edge {
  const module = modularity?.split(':').slice(0, 2).join(':') ?? null;
  return { module, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, end] }] };
}

/** Every feed and catalogue that the report needs, each support over. */
export function feedsOn({ packages, image }: Pick<Report, 'packages' | 'image'>): Partial<DatabaseInfo> {
  const namespaces = new Set([...CATALOGUES, ...packages.flatMap((item) => namespacesOf(item, image).names)]);
  return {
    feeds: [...namespaces].map((ecosystem) => {
      return { ecosystem, source: 'osv', records: 1, newest: '2023-12-31T00:00:00Z', fetched: null };
    }),
    endOfLife: [...namespaces].map((ecosystem) => {
      return { ecosystem, eol: '2023-06-30', extendedEol: null, source: 'test' };
    }),
  };
}

/** Every third CVE is exploited, and the more so the higher its number. */
export function enrichmentOf(cveId: string): Enrichment {
  const number = Number(cveId.split('-')[2]);
  return {
    kev: number % 3 === 0 ? { added: '2023-11-01', due: null, ransomware: number % 2 === 0 } : null,
    epss: { probability: (number % 100) / 100, percentile: 0.5, date: '2023-12-31' },
    severities: [],
    rejected: false,
  };
}
