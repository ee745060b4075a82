/**
 * The one spelling of a package name that its registry takes for the same package. Advisories are filed under it and
 * look-ups use it, so that matching is by equality. A registry that tells letters apart keeps them.
 */
export function normalName(ecosystem: string, name: string): string {
  return RULES.get(registryOf(ecosystem))?.(name) ?? name;
}

/** The part of a namespace before the release: `Debian` of `Debian:12`. */
export function registryOf(ecosystem: string): string {
  const colon = ecosystem.indexOf(':');
  return colon < 0 ? ecosystem : ecosystem.slice(0, colon);
}

const lowerCase = (name: string): string => name.toLowerCase();

const RULES: ReadonlyMap<string, (name: string) => string> = new Map([
  // PEP 503, "Normalized Names".
  ['PyPI', (name) => name.toLowerCase().replace(/[-_.]+/g, '-')],
  // Ids are compared without case (NuGet.Versioning, PackageIdentityComparer); Packagist and GitHub refuse a second one.
  ['NuGet', lowerCase],
  ['Packagist', lowerCase],
  ['GitHub Actions', lowerCase],
  ['VSCode', lowerCase],
  [
    'SwiftURL',
    (name) =>
      name
        .toLowerCase()
        .replace(/^https?:\/\//, '')
        .replace(/\.git$/, ''),
  ],
]);
