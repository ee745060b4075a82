import type { AffectedPackage } from '../advisory.ts';

/** Where an OSV `ecosystem` leads to: the namespace that look-ups use, and what its spelling said beside it. */
export interface Namespace {
  readonly ecosystem: string;
  readonly channel: string | null;
  /** As stated, where one namespace is folded from several. */
  readonly contentSet: string | null;
  readonly nameOf: AffectedPackage['nameOf'];
}

/** OSV ecosystems (https://ossf.github.io/osv-schema/#defined-ecosystems) whose records name no language packages. */
const NAME_OF: ReadonlyMap<string, AffectedPackage['nameOf']> = new Map([
  ['AlmaLinux', 'binary'],
  ['Alpaquita', 'source'],
  ['Alpine', 'source'],
  ['Azure Linux', 'source'],
  ['BellSoft Hardened Containers', 'source'],
  ['Chainguard', 'source'],
  ['Debian', 'source'],
  ['Echo', 'source'],
  ['Mageia', 'source'],
  ['MinimOS', 'source'],
  ['openEuler', 'source'],
  ['openSUSE', 'source'],
  ['Photon OS', 'binary'],
  ['Red Hat', 'binary'],
  ['Rocky Linux', 'source'],
  ['SUSE', 'source'],
  ['Ubuntu', 'source'],
  ['Wolfi', 'source'],
]);

/** Spelt in another case by some exports. */
const SPELLING: ReadonlyMap<string, string> = new Map(
  [
    ...NAME_OF.keys(),
    'Bitnami',
    'crates.io',
    'Go',
    'Hex',
    'Kubernetes',
    'Maven',
    'npm',
    'NuGet',
    'Packagist',
    'Pub',
    'PyPI',
    'RubyGems',
  ].map((name) => [name.toLowerCase(), name]),
);

/** An installed package does not tell its registry, and the names are the same in all of them. */
const ONE_NAMESPACE = new Set(['Maven', 'Packagist']);

/**
 * Ubuntu's LTS and Pro spellings and Red Hat's CPEs are folded into release and channel: `Ubuntu:Pro:FIPS:22.04:LTS` is
 * `Ubuntu:22.04` in channel `fips`, `Red Hat:rhel_eus:9.2::baseos` is `Red Hat:9` in channel `eus`.
 * `availability` is what Ubuntu states beside a package, `purl` its `affected[].package.purl`.
 */
export function namespaceOf(stated: string, availability: string | null, purl: string | null): Namespace {
  const colon = stated.indexOf(':');
  const family = colon < 0 ? stated : stated.slice(0, colon);
  const registry = SPELLING.get(family.toLowerCase()) ?? family;
  const suffix = colon < 0 ? '' : stated.slice(colon + 1);
  const nameOf = NAME_OF.get(registry) ?? 'package';
  const plain = { channel: null, contentSet: null, nameOf };
  if (registry === 'Ubuntu' && suffix !== '') {
    const parts = suffix.split(':');
    const release = parts.find((part) => /^\d\d\.\d\d$/.test(part));
    if (release === undefined) return { ...plain, ecosystem: stated };
    const extra = parts.filter((part) => part !== release && part !== 'LTS');
    const channel = extra.length === 0 ? null : ubuntuChannel(extra, availability, purl);
    return { ...plain, ecosystem: `Ubuntu:${release}`, channel };
  }
  if (registry === 'Red Hat') {
    const product = RED_HAT_CPE.exec(suffix)?.groups;
    const release =
      product?.dist ??
      (product?.product === 'enterprise_linux' || product?.product?.startsWith('rhel_') ? product.major : undefined);
    if (product === undefined || release === undefined) return { ...plain, ecosystem: stated };
    const channel = /^rhel_([a-z0-9]+)$/.exec(product.product!)?.[1] ?? null;
    return {
      ...plain,
      ecosystem: `Red Hat:${release}`,
      channel: channel === 'extras' ? null : channel,
      contentSet: suffix,
    };
  }
  if (suffix === '' || ONE_NAMESPACE.has(registry)) return { ...plain, ecosystem: registry };
  return { ...plain, ecosystem: `${registry}:${suffix}` };
}

/** `rhel_eus:9.2::baseos`, `enterprise_linux:9::appstream`, `openshift:4.12::el8`. */
const RED_HAT_CPE = /^(?<product>[a-z0-9_]+):(?<major>\d+)[^:]*(?::[^:]*)?(?::(?:el(?<dist>\d+)|[^:]*))?$/;

function ubuntuChannel(parts: readonly string[], availability: string | null, purl: string | null): string {
  const special = parts.filter((part) => part !== 'Pro');
  if (special.length > 0) return special.join('-').toLowerCase();
  const pocket = /[?&]distro=(esm-[a-z]+)(?:\/|%2F)/i.exec(purl ?? '')?.[1];
  if (pocket !== undefined) return pocket.toLowerCase();
  return availability?.includes('Infra-only') ? 'esm-infra' : 'pro';
}
