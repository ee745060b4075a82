import { registryOf } from './package-name.ts';

/** Ecosystems by which OSV's bulk export is divided (osv-schema, "Defined ecosystems"), in lower case. */
const EXPORTED: ReadonlySet<string> = new Set([
  ...['almalinux', 'alpaquita', 'alpine', 'android', 'azure linux', 'bellsoft hardened containers', 'bioconductor'],
  ...['bitnami', 'chainguard', 'conancenter', 'cran', 'crates.io', 'debian', 'docker hardened images', 'echo', 'ghc'],
  ...['github actions', 'go', 'hackage', 'hex', 'julia', 'kubernetes', 'linux', 'mageia', 'maven', 'minimos', 'npm'],
  ...['nuget', 'opam', 'openeuler', 'opensuse', 'oss-fuzz', 'packagist', 'photon os', 'pub', 'pypi', 'red hat'],
  ...['rocky linux', 'rubygems', 'suse', 'swifturl', 'ubuntu', 'vscode', 'wolfi'],
]);

/** The ecosystem whose export a file is of, as `ECOSYSTEM/all.zip` says it; null where its path says nothing. */
export function exportedEcosystem(path: string): string | null {
  const [, folder = ''] = /(?:^|\/)([^/]+)\/all\.zip(?:\/|$)/.exec(path) ?? [];
  return EXPORTED.has(folder.toLowerCase()) ? folder : null;
}

/**
 * Whether an export speaks for a namespace. Its records name packages of other ecosystems too, now and then: a database with
 * these alone would pass the rest of them as free of vulnerabilities.
 */
export function speaksFor(exported: string, ecosystem: string): boolean {
  return registryOf(ecosystem).toLowerCase() === exported.toLowerCase();
}
