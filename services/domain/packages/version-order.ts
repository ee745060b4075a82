import type { Comparison } from './ecosystem.ts';
import { ECOSYSTEMS } from './registry.ts';

/** purl types and the ecosystems whose reference tools order their versions. */
const ECOSYSTEM_OF_TYPE: Readonly<Record<string, string>> = {
  apk: 'apk',
  deb: 'dpkg',
  opkg: 'dpkg',
  rpm: 'rpm',
  npm: 'npm',
  pypi: 'python',
  golang: 'go',
  maven: 'java',
  gem: 'ruby',
  cargo: 'rust',
  composer: 'php',
  nuget: 'dotnet',
};

/** How versions of packages of this purl type are ordered; null for types that no ecosystem orders. */
export function versionOrder(purlType: string): ((a: string, b: string) => Comparison) | null {
  if (!Object.hasOwn(ECOSYSTEM_OF_TYPE, purlType)) return null;
  const id = ECOSYSTEM_OF_TYPE[purlType];
  return ECOSYSTEMS.find((ecosystem) => ecosystem.id === id)?.compare ?? null;
}
