import { PlimsollError } from '../errors.ts';
import { isDigest } from './digest.ts';
import { formatReference, type ImageReference, parseReference } from './reference.ts';

/** Which of several images: by the tag or name that the source records, or by manifest digest. */
export type Selector = { readonly tag: string } | { readonly digest: string } | null;

/**
 * What the user asked to look at. `kind: 'path'` is a bare path, whose nature its content decides.
 * `path` '-' is standard input.
 */
export type Target =
  | {
      readonly kind: 'docker-archive' | 'oci-archive' | 'oci-dir' | 'path';
      readonly text: string;
      readonly path: string;
      readonly selector: Selector;
    }
  | { readonly kind: 'rootfs' | 'dir' | 'sbom'; readonly text: string; readonly path: string }
  | {
      readonly kind: 'registry';
      readonly text: string;
      /** The reference, printed in full. */
      readonly path: string;
      readonly reference: ImageReference;
    }
  /** `path`: a name or an id, as the engine itself takes it. */
  | { readonly kind: LocalEngine; readonly text: string; readonly path: string };

/** Container engines whose images lie on this host. */
export const LOCAL_ENGINES = ['docker', 'podman', 'containerd'] as const;
export type LocalEngine = (typeof LOCAL_ENGINES)[number];

export const TARGET_FORMS = [
  ['docker-archive:FILE[:TAG]', 'what "docker save", "podman save" and containerd write; FILE may be -'],
  ['oci-archive:FILE[:TAG|@DIGEST]', 'an OCI image layout in a tar; FILE may be -'],
  ['oci-dir:DIR[:TAG|@DIGEST]', 'an OCI image layout'],
  ['rootfs:DIR', 'an installed system: / of this host, or an unpacked root file system'],
  ['dir:DIR', 'a project: what its lockfiles name, not what is installed in it'],
  ['sbom:FILE', 'CycloneDX, SPDX 2 or a stored report, told by its content; FILE may be -'],
  ['registry:[HOST/]REPOSITORY[:TAG|@DIGEST]', 'an image in a registry; the prefix may be left out'],
  ['docker:NAME, podman:NAME, containerd:NAME', 'an image of a container engine on this host'],
  ['/PATH, ./PATH, ../PATH', 'an archive or an OCI layout, told by its content'],
] as const;

const PREFIX =
  /^(?<kind>docker-archive|oci-archive|oci-dir|rootfs|dir|sbom|registry|docker|podman|containerd):(?<rest>[\s\S]*)$/;

export function parseTarget(text: string): Target {
  const { kind, rest } = PREFIX.exec(text)?.groups ?? {};
  // A host that is called "registry" (as in compose files) with its port, not our prefix.
  const isHostName = kind === 'registry' && /^\d{1,5}\//.test(rest ?? '');
  if (kind === undefined || rest === undefined || isHostName) {
    if (/^(?:\/|\.\.?\/|\.\.?$)/.test(text)) return { kind: 'path', text, ...splitSelector(text) };
    return registryTarget(text, text);
  }
  if (rest === '') throw new PlimsollError('USAGE', `"${text}" names nothing after "${kind}:"`);
  if (kind === 'registry') return registryTarget(text, rest);
  if (isLocalEngine(kind)) {
    // It becomes an argument of the engine's command.
    if (/^[A-Za-z0-9[][\w.:/@[\]+-]{0,511}$/.test(rest)) return { kind, text, path: rest };
    throw new PlimsollError('USAGE', `"${rest.slice(0, 300)}" is no name of an image`);
  }
  if (kind === 'rootfs' || kind === 'dir' || kind === 'sbom') return { kind, text, path: rest };
  return { kind: kind as 'docker-archive' | 'oci-archive' | 'oci-dir', text, ...splitSelector(rest) };
}

export function isLocalEngine(kind: string): kind is LocalEngine {
  return (LOCAL_ENGINES as readonly string[]).includes(kind);
}

function registryTarget(text: string, rest: string): Target {
  const reference = parseReference(rest);
  return { kind: 'registry', text, path: formatReference(reference), reference };
}

/** A tag follows the last colon behind the last slash: a path with a colon in its last part ends in a slash or `/.`. */
function splitSelector(rest: string): { path: string; selector: Selector } {
  const at = rest.lastIndexOf('@');
  const digest = rest.slice(at + 1);
  if (at > 0 && isDigest(digest)) return { path: rest.slice(0, at), selector: { digest } };
  if (at > 0 && /^sha\d+:/.test(digest)) throw new PlimsollError('USAGE', `"${digest}" is no valid digest`);
  // docker save records whole names (repository/name:tag): everything behind the first colon after the file.
  const named = /^(?<path>[\s\S]*?\.(?:tar|tgz|tar\.gz|tar\.zst|oci|docker)|-):(?<tag>[^@]+)$/.exec(rest)?.groups;
  if (named?.path !== undefined && named.tag !== undefined) return { path: named.path, selector: { tag: named.tag } };
  const colon = rest.lastIndexOf(':');
  if (colon <= 0 || rest.indexOf('/', colon) >= 0) return { path: rest, selector: null };
  return { path: rest.slice(0, colon), selector: { tag: rest.slice(colon + 1) } };
}
