import { isDistributionPackage } from '../packages/purl.ts';
import type { Report, ReportPackage } from '../report/report.ts';

/** Which feeds speak for a package. */
export interface Namespaces {
  /** As advisories spell them (AffectedPackage.ecosystem). Never empty: where nobody has a feed, a name to say so by. */
  readonly names: readonly string[];
  /** Set where the feed is another distribution's, which this one declares itself compatible with. */
  readonly compatible: 'rebuild' | 'upstream' | null;
}

type Image = Pick<Report['image'], 'os' | 'repositories'>;
type Os = NonNullable<Report['image']['os']>;

/** purl types of languages, and the namespace of their packages. */
const LANGUAGES: ReadonlyMap<string, string> = new Map([
  ['npm', 'npm'],
  ['pypi', 'PyPI'],
  ['golang', 'Go'],
  ['maven', 'Maven'],
  ['gem', 'RubyGems'],
  ['cargo', 'crates.io'],
  ['composer', 'Packagist'],
  ['nuget', 'NuGet'],
  ['pub', 'Pub'],
  ['hex', 'Hex'],
  ['swift', 'SwiftURL'],
  ['conan', 'ConanCenter'],
  ['cran', 'CRAN'],
  ['hackage', 'Hackage'],
  ['bitnami', 'Bitnami'],
  ['githubactions', 'GitHub Actions'],
]);

/** The modules of SUSE Linux Enterprise whose packages a base image may hold beside the product's own. */
const SUSE_MODULES = [
  'Basesystem',
  'Containers',
  'Desktop Applications',
  'Development Tools',
  'Legacy',
  'Public Cloud',
  'Python 3',
  'Server Applications',
  'Web and Scripting',
];

const own = (...names: string[]): Namespaces => ({ names, compatible: null });

/**
 * By os-release ID: the namespaces of one release. Only what stands here has a feed. A derivative stands here only with a
 * feed of its own, or with that of a distribution whose packages it rebuilds under the same versions.
 */
const DISTRIBUTIONS: ReadonlyMap<string, (os: Os, image: Image) => Namespaces> = new Map<
  string,
  (os: Os, image: Image) => Namespaces
>([
  ['debian', (os) => own(debianOf(os))],
  // Raspbian builds Debian's sources again for another processor and keeps their versions.
  ['raspbian', (os) => ({ names: [debianOf(os)], compatible: 'rebuild' })],
  ['ubuntu', ({ versionId }) => own(`Ubuntu:${versionId ?? 'unknown'}`)],
  ['alpine', (os, image) => own(`Alpine:${alpineBranch(os, image)}`)],
  ['wolfi', () => own('Wolfi')],
  // Chainguard's images mix both repositories.
  ['chainguard', () => own('Chainguard', 'Wolfi')],
  ['minimos', () => own('MinimOS')],
  ['echo', () => own('Echo')],
  ['alpaquita', ({ versionId }) => own(`Alpaquita:${versionId ?? 'stream'}`)],
  ['bellsoft-hardened-containers', ({ versionId }) => own(`BellSoft Hardened Containers:${versionId ?? 'stream'}`)],
  ['rhel', (os) => own(`Red Hat:${major(os)}`)],
  // CentOS Linux rebuilt RHEL; CentOS Stream is what the next RHEL is made of, so that its builds are only near.
  [
    'centos',
    (os) => ({
      names: [`Red Hat:${major(os)}`],
      compatible: /\bstream\b/i.test(os.prettyName ?? '') ? 'upstream' : 'rebuild',
    }),
  ],
  ['almalinux', (os) => own(`AlmaLinux:${major(os)}`)],
  ['rocky', (os) => own(`Rocky Linux:${major(os)}`)],
  ['ol', (os) => own(`Oracle Linux:${major(os)}`)],
  ['amzn', (os) => own(`Amazon Linux:${amazonRelease(os)}`)],
  ['fedora', (os) => own(`Fedora:${major(os)}`)],
  ['sles', (os) => own(...suseProducts('Server', os))],
  ['sled', (os) => own(...suseProducts('Desktop', os))],
  ['sl_micro', ({ versionId }) => own(`SUSE:Linux Micro ${versionId ?? 'unknown'}`)],
  ['sle-micro', ({ versionId }) => own(`SUSE:Linux Enterprise Micro ${versionId ?? 'unknown'}`)],
  ['opensuse-leap', ({ versionId }) => own(`openSUSE:Leap ${versionId ?? 'unknown'}`)],
  ['opensuse-tumbleweed', () => own('openSUSE:Tumbleweed')],
  ['photon', ({ versionId }) => own(`Photon OS:${versionId ?? 'unknown'}`)],
  ['mariner', (os) => own(`Azure Linux:${major(os)}`)],
  ['azurelinux', (os) => own(`Azure Linux:${major(os)}`)],
  ['openeuler', (os) => own(`openEuler:${openEulerRelease(os)}`)],
  ['mageia', ({ versionId }) => own(`Mageia:${versionId ?? 'unknown'}`)],
]);

/** What the distributions above are made of, where that is not rpm. */
const PACKAGE_TYPES: ReadonlyMap<string, string> = new Map([
  ...['debian', 'raspbian', 'ubuntu', 'echo'].map((id) => [id, 'deb'] as const),
  ...['alpine', 'wolfi', 'chainguard', 'minimos', 'alpaquita', 'bellsoft-hardened-containers'].map(
    (id) => [id, 'apk'] as const,
  ),
]);

/** The feeds that speak for packages of one type in one image. */
export function namespacesOf({ type }: Pick<ReportPackage, 'type'>, image: Image): Namespaces {
  if (!isDistributionPackage({ type })) return own(LANGUAGES.get(type) ?? type);
  const { os } = image;
  if (os === null) return own(`unknown distribution (${type})`);
  const release = os.versionId === null ? os.id : `${os.id}:${os.versionId}`;
  // Somebody brought another distribution's packages along: no feed of this one knows them.
  if (DISTRIBUTIONS.has(os.id) && type !== (PACKAGE_TYPES.get(os.id) ?? 'rpm')) return own(`${release} (${type})`);
  return DISTRIBUTIONS.get(os.id)?.(os, image) ?? own(release);
}

/** Those of the distribution itself, whatever type its packages are of; none where it is judged by another's, whose support ends on another day. */
export function ownNamespaces(image: Image): readonly string[] {
  const { os } = image;
  const stated = os === null ? undefined : DISTRIBUTIONS.get(os.id)?.(os, image);
  return stated?.compatible === null ? stated.names : [];
}

/** Testing and unstable call themselves by the coming release, which no version number tells: `trixie/sid` is sid. */
function debianOf({ versionId, prettyName }: Os): string {
  if (versionId !== null) return `Debian:${versionId.split('.')[0]}`;
  return /\/sid\b/.test(prettyName ?? '') ? 'Debian:sid' : 'Debian:unknown';
}

/** `v3.18` of 3.18.4; edge calls itself by the coming release with `_alpha`, or is told by its repositories only. */
function alpineBranch({ versionId }: Os, { repositories }: Image): string {
  if (versionId === null || versionId === 'edge' || /_alpha/.test(versionId)) return 'edge';
  const branches = repositories.flatMap((url) => /\/(edge|v\d+\.\d+)\/[a-z]+\/*$/.exec(url)?.[1] ?? []);
  if (branches.length > 0 && branches.every((branch) => branch === 'edge')) return 'edge';
  return `v${versionId.split('.').slice(0, 2).join('.')}`;
}

function major({ versionId }: Os): string {
  return versionId?.split('.')[0] ?? 'unknown';
}

/** Amazon Linux 1 numbers itself by months: 2018.03. */
function amazonRelease({ versionId }: Os): string {
  if (versionId !== null && /^20(?:1\d)\.\d\d$/.test(versionId)) return '1';
  return versionId?.split('.')[0] ?? 'unknown';
}

/** `15.5` is `15 SP5`; `12` is `12`. The product itself, then its modules (which SLE 12 calls otherwise). */
function suseProducts(edition: string, { versionId }: Os): string[] {
  const [number = 'unknown', pack] = (versionId ?? 'unknown').split('.');
  const release = pack === undefined || pack === '0' ? number : `${number} SP${pack}`;
  const modules =
    number === '15' ? SUSE_MODULES.map((name) => `SUSE:Linux Enterprise Module for ${name} ${release}`) : [];
  return [`SUSE:Linux Enterprise ${edition} ${release}`, ...modules];
}

/** `openEuler 22.03 (LTS-SP3)`. */
function openEulerRelease({ versionId, prettyName }: Os): string {
  const pack = /\((LTS(?:-SP\d+)?)\)/.exec(prettyName ?? '')?.[1];
  return pack === undefined ? (versionId ?? 'unknown') : `${versionId}-${pack}`;
}
