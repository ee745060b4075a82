import { PlimsollError } from '../errors.ts';

/** OCI image-spec, image-index.md, "platform"; GOOS and GOARCH names. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | null;
}

export const DEFAULT_PLATFORM: Platform = { os: 'linux', architecture: 'amd64', variant: null };

const PART = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** What people type, to GOARCH (containerd: platforms.normalizeArch). */
const ARCHITECTURES: ReadonlyMap<string, readonly [architecture: string, variant: string | null]> = new Map([
  ['x86_64', ['amd64', null]],
  ['x86-64', ['amd64', null]],
  ['i386', ['386', null]],
  ['aarch64', ['arm64', null]],
  ['armhf', ['arm', 'v7']],
  ['armel', ['arm', 'v6']],
]);

/** `os/architecture[/variant]`. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [os, spelled, variant] = parts;
  if (os === undefined || spelled === undefined || parts.length > 3 || !parts.every((part) => PART.test(part))) {
    throw new PlimsollError('USAGE', `"${text}" is no platform; write os/architecture[/variant], as in linux/arm64`);
  }
  const [architecture, implied] = ARCHITECTURES.get(spelled) ?? [spelled, null];
  return { os, architecture, variant: variant ?? implied };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant === null ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** What is meant where no variant is given (containerd: platforms.Normalize). */
const PLAIN_VARIANTS: ReadonlyMap<string, string> = new Map([
  ['amd64', 'v1'],
  ['arm', 'v7'],
  ['arm64', 'v8'],
]);

function variantOf({ architecture, variant }: Platform): string | null {
  return variant ?? PLAIN_VARIANTS.get(architecture) ?? null;
}

export function samePlatform(a: Platform, b: Platform): boolean {
  return a.os === b.os && a.architecture === b.architecture && variantOf(a) === variantOf(b);
}
