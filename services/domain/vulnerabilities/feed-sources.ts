/** One file that `db update` fetches, and the kind of feed that it is. */
export interface FeedSource {
  /** `osv:npm`, `debian-tracker`, `alpine-secdb:v3.20-main`: its part before the colon is the group that `--feeds` takes too. */
  readonly id: string;
  readonly kind: string;
  /** The same file at several addresses, tried in this order. */
  readonly urls: readonly string[];
  /** The addresses give a document that names the next one, and so on to the file. */
  readonly steps?: readonly NamingStep[];
  /**
   * Sources of one name speak for a namespace together, and none is taken without the others: what only the missing one
   * knows would seem to be free of vulnerabilities. Without them the namespace is without feed, which every report says.
   */
  readonly part?: string;
  /** Where it cannot be had, the rest is built without asking. */
  readonly optional?: boolean;
}

/** The address that a document names, relative to its own or whole; null where it names none. */
export type NamingStep = (text: string) => string | null;

/** repomd.xml of an rpm repository (createrepo_c), whose addresses count from the directory above. */
const updateinfoOf: NamingStep = (text) => {
  const at = text.indexOf('<data type="updateinfo">');
  const entry = at < 0 ? '' : text.slice(at, at + 4_096);
  const path = /<location\s[^<>]*\bhref="(repodata\/[\w.+-]+)"/.exec(entry.split('</data>')[0]!)?.[1];
  return path === undefined ? null : `../${path}`;
};
/** A list of repositories, the first of which counts. */
const amazonRepositoryOf: NamingStep = (text) => {
  const url = /^https:\/\/cdn\.amazonlinux\.com\/[\w./-]+/.exec(text)?.[0];
  return url === undefined ? null : `${url.replace(/\/+$/, '')}/repodata/repomd.xml`;
};
const redhatArchiveOf: NamingStep = (text) => {
  const name = text.trim();
  return /^csaf_vex_\d{4}-\d\d-\d\d\.tar\.zst$/.test(name) ? name : null;
};
/** Errata name packages of one architecture: without the other's, its packages would all seem to be up to date. */
const ARCHITECTURES = ['x86_64', 'aarch64'];
const ORACLE_REPOSITORIES: readonly (readonly [release: string, ...paths: string[]])[] = [
  ['7', 'latest', 'UEKR6'],
  ['8', 'baseos/latest', 'appstream', 'UEKR6', 'UEKR7'],
  ['9', 'baseos/latest', 'appstream', 'UEKR7', 'UEKR8'],
  ['10', 'baseos/latest', 'appstream', 'UEKR8'],
];

/** Language packages, and distributions without a better feed of their own that is read here. */
const OSV_ECOSYSTEMS = [
  'AlmaLinux',
  'Bitnami',
  'crates.io',
  'GitHub Actions',
  'Go',
  'Hex',
  'Mageia',
  'Maven',
  'npm',
  'NuGet',
  'openEuler',
  'openSUSE',
  'Packagist',
  'Pub',
  'PyPI',
  'Rocky Linux',
  'RubyGems',
  'SUSE',
  'SwiftURL',
  'Ubuntu',
];
const ALPINE_RELEASES = ['edge', ...Array.from({ length: 15 }, (_, i) => `v3.${i + 10}`)];

/** The shipped list: where the makers of advisories publish them for everybody. */
export const FEED_SOURCES: readonly FeedSource[] = [
  ...ALPINE_RELEASES.flatMap((release) => {
    return ['main', 'community'].map((repository) => ({
      id: `alpine-secdb:${release}-${repository}`,
      kind: 'alpine-secdb',
      part: `Alpine ${release}`,
      urls: [`https://secdb.alpinelinux.org/${release}/${repository}.json`],
    }));
  }),
  { id: 'alpine-secdb:chainguard', kind: 'alpine-secdb', urls: ['https://packages.cgr.dev/chainguard/security.json'] },
  { id: 'alpine-secdb:wolfi', kind: 'alpine-secdb', urls: ['https://packages.wolfi.dev/os/security.json'] },
  {
    id: 'debian-tracker',
    kind: 'debian-tracker',
    urls: ['https://security-tracker.debian.org/tracker/data/json'],
  },
  ...['debian', 'ubuntu'].map((distribution) => ({
    id: `distro-info:${distribution}`,
    kind: 'distro-info',
    urls: [
      `https://debian.pages.debian.net/distro-info-data/${distribution}.csv`,
      `https://salsa.debian.org/debian/distro-info-data/-/raw/main/${distribution}.csv`,
    ],
  })),
  {
    id: 'epss',
    kind: 'epss',
    urls: [
      'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz',
      'https://epss.cyentia.com/epss_scores-current.csv.gz',
    ],
  },
  {
    id: 'kev',
    kind: 'kev',
    urls: [
      'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json',
      'https://raw.githubusercontent.com/cisagov/kev-data/main/known_exploited_vulnerabilities.json',
    ],
  },
  ...OSV_ECOSYSTEMS.map((ecosystem) => ({
    id: `osv:${ecosystem}`,
    kind: 'osv',
    urls: ['osv-vulnerabilities.storage.googleapis.com', 'storage.googleapis.com/osv-vulnerabilities'].map((bucket) => {
      return `https://${bucket}/${encodeURIComponent(ecosystem)}/all.zip`;
    }),
  })),
  {
    id: 'redhat-csaf',
    kind: 'redhat-csaf',
    urls: ['https://security.access.redhat.com/data/csaf/v2/vex/archive_latest.txt'],
    steps: [redhatArchiveOf],
  },
  ...ARCHITECTURES.flatMap((architecture): FeedSource[] => [
    ...[
      ['2', '2/core/latest'],
      ['2023', 'al2023/core/mirrors/latest'],
    ].map(([release, path]) => ({
      id: `updateinfo:amazon-${release}-${architecture}`,
      kind: 'updateinfo',
      urls: [`https://cdn.amazonlinux.com/${path}/${architecture}/mirror.list`],
      steps: [amazonRepositoryOf, updateinfoOf],
      part: `Amazon Linux ${release}`,
      optional: true,
    })),
    ...ORACLE_REPOSITORIES.flatMap(([release, ...paths]) =>
      paths.map((path) => ({
        id: `updateinfo:oracle-${release}-${path.split('/')[0]!.toLowerCase()}-${architecture}`,
        kind: 'updateinfo',
        urls: [`https://yum.oracle.com/repo/OracleLinux/OL${release}/${path}/${architecture}/repodata/repomd.xml`],
        steps: [updateinfoOf],
        part: `Oracle Linux ${release}`,
        optional: true,
      })),
    ),
  ]),
];

/** Those that the words name, by id or by group, each with the others of its part; the words that name none. */
export function selectSources(words: readonly string[]): {
  sources: readonly FeedSource[];
  unknown: readonly string[];
} {
  if (words.length === 0) return { sources: FEED_SOURCES, unknown: [] };
  const names = (word: string, { id }: FeedSource): boolean => word === id || word === id.split(':')[0];
  const named = FEED_SOURCES.filter((source) => words.some((word) => names(word, source)));
  const parts = new Set(named.flatMap(({ part }) => part ?? []));
  return {
    sources: FEED_SOURCES.filter((source) => named.includes(source) || (source.part && parts.has(source.part))),
    unknown: words.filter((word) => !FEED_SOURCES.some((source) => names(word, source))),
  };
}

/** The addresses of a source at a mirror: below it, as host and path. `https://m/x` has `https://m/x/secdb.alpinelinux.org/edge/main.json`. */
export function atMirrors(source: FeedSource, mirrors: readonly string[]): FeedSource {
  if (mirrors.length === 0) return source;
  const paths = source.urls.map((url) => url.replace(/^https:\/\//, ''));
  const urls = mirrors.flatMap((mirror) => paths.map((path) => `${mirror.replace(/\/+$/, '')}/${path}`));
  return { ...source, urls };
}
