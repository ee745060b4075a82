import { PlimsollError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { parseAddress } from '../network/address.ts';
import { isRepositoryName, isTag } from '../registries/repository-name.ts';
import { isDigest } from './digest.ts';

/** Names an image in a registry, as distribution's grammar has it (distribution/reference, "Grammar"). */
export interface ImageReference {
  /** Host, and port where one is written: `docker.io`, `localhost:5000`, `[2001:db8::1]:5000`. Lower case. */
  readonly registry: string;
  /** Without the registry: `library/alpine`. */
  readonly repository: string;
  /** Where a digest is given too, the digest alone decides. */
  readonly tag: string | null;
  /** Of a manifest or an index. One of `tag` and `digest` is there. */
  readonly digest: string | null;
}

/** One repository of one registry. */
export type RepositoryName = Pick<ImageReference, 'registry' | 'repository'>;

const DOCKER_HUB = 'docker.io';
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** `[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]`; no host is Docker Hub, neither tag nor digest is `latest`. USAGE. */
export function parseReference(text: string): ImageReference {
  const refuse = (why: string): never => {
    throw new PlimsollError('USAGE', `"${text.slice(0, 300)}" names no image in a registry: ${why}`);
  };
  const scheme = /^([a-z][a-z0-9+.-]*:\/\/)/i.exec(text)?.[1];
  if (scheme !== undefined) refuse(`leave out "${scheme}"`);
  const at = text.indexOf('@');
  const digest = at < 0 ? null : text.slice(at + 1);
  if (digest !== null && !isDigest(digest)) refuse('behind "@" stands sha256: and 64 hexadecimal digits');
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const isTagged = colon > named.lastIndexOf('/') && !named.endsWith(']');
  const name = isTagged ? named.slice(0, colon) : named;
  const tag = isTagged ? named.slice(colon + 1) : null;
  if (tag !== null && !isTag(tag)) refuse('a tag has up to 128 letters, digits, "_", "." and "-"');
  const { registry, repository } = parseRepository(name, refuse);
  return { registry, repository, tag: tag ?? (digest === null ? 'latest' : null), digest };
}

/** `[HOST[:PORT]/]REPOSITORY`, as in a reference. USAGE. */
function parseRepository(name: string, refuse: (why: string) => never): RepositoryName {
  const slash = name.indexOf('/');
  const first = name.slice(0, slash);
  // Docker's rule: what could be no repository, or is called localhost, is a host.
  const isHost = slash > 0 && (/[.:[]/.test(first) || first === 'localhost');
  const host = isHost ? first.toLowerCase() : DOCKER_HUB;
  if (!isRegistryHost(host)) refuse(`"${first}" is no host`);
  const registry = host === 'index.docker.io' ? DOCKER_HUB : host;
  const path = isHost ? name.slice(slash + 1) : name;
  const repository = registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  if (path === '') refuse('there is no repository');
  if (!isRepositoryName(repository, LIMITS)) {
    refuse(
      path === path.toLowerCase()
        ? `a repository is up to ${LIMITS.repositoryNameLength} characters, made of lower-case letters, digits, "/", and ".", "_" or "-" between them`
        : 'repositories are written in lower case',
    );
  }
  // A name that looks like the id of an image means that image to Docker, not a repository.
  if (!isHost && /^[0-9a-f]{64}$/.test(path)) refuse('64 hexadecimal digits are an image id');
  return { registry, repository };
}

/** `HOST[:PORT]`: a domain name, an IPv4 address, or an IPv6 address in brackets. */
export function isRegistryHost(text: string): boolean {
  const { bracketed, name, port } =
    /^(?:\[(?<bracketed>[^\]]*)\]|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ?? {};
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) return false;
  if (bracketed !== undefined) return !bracketed.includes('%') && parseAddress(bracketed)?.length === 16;
  if (name === undefined || name.length > 253) return false;
  const labels = name.split('.');
  // What ends in a number would be taken for an address, in whatever spelling (WHATWG URL, "ends in a number").
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1)!)) return parseAddress(name) !== null;
  return labels.every((label) => LABEL.test(label) && label.length <= 63);
}

/** With everything that was left out: `docker.io/library/alpine:latest`. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
}
