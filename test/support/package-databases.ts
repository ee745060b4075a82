/** Small text package databases, as dpkg and apk write them. */

export interface SamplePackage {
  readonly name: string;
  readonly version: string;
  readonly arch?: string;
  readonly source?: string;
}

/** /var/lib/dpkg/status */
export function dpkgStatus(packages: readonly SamplePackage[]): string {
  return packages
    .map(({ name, version, arch = 'amd64', source }) =>
      [
        `Package: ${name}`,
        'Status: install ok installed',
        `Architecture: ${arch}`,
        ...(source === undefined ? [] : [`Source: ${source}`]),
        `Version: ${version}`,
        `Maintainer: Plimsoll <dev@example.com>`,
        `Description: ${name}`,
        '',
        '',
      ].join('\n'),
    )
    .join('');
}

/** /lib/apk/db/installed */
export function apkInstalled(packages: readonly SamplePackage[]): string {
  return packages
    .map(
      ({ name, version, arch = 'x86_64', source }) =>
        `P:${name}\nV:${version}\nA:${arch}\no:${source ?? name}\nL:MIT\n\n`,
    )
    .join('');
}

export const OS_RELEASE = {
  debian:
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n',
  alpine: 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n',
} as const;
