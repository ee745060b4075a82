import { type ErrorCode, PlimsollError } from '../domain/errors.ts';
import type { ImageReference } from '../domain/image/reference.ts';
import type { Limits } from '../domain/limits.ts';
import { type Registration, repositoryFilter, repositoryNames } from '../domain/registries/registration.ts';
import type { RegistryKind } from '../domain/registries/registry-kind.ts';
import { isRepositoryName, isTag } from '../domain/registries/repository-name.ts';
import type { FetchOptions, RegistryLister, RegistryResolver } from './image-ports.ts';
import type { Sha256 } from './layer-ports.ts';
import type { Delivery, KnownTags, RegistryEvent } from './store-ports.ts';

export interface SweepDependencies {
  readonly lister: RegistryLister;
  readonly resolver: RegistryResolver;
  readonly known: KnownTags;
  /** Takes what was found as if the registry had told it. */
  readonly accept: (delivery: Delivery) => Promise<unknown>;
  readonly sha256: Sha256;
  /** RFC 3339, UTC. */
  readonly moment: () => string;
}

export interface SweepResult {
  /** Whether the registry named its repositories; else those were looked at that are known or named in the registration. */
  readonly catalog: boolean;
  readonly repositories: number;
  readonly tags: number;
  /** Tags that point elsewhere than was known; tags and manifests that are gone. */
  readonly pushed: number;
  readonly deleted: number;
  /** What was left out and why, at most `listedFlaws`; all are counted. */
  readonly failures: readonly string[];
  readonly failed: number;
}

/** Digests that are asked for at one time. */
const AT_ONCE = 8;

/** Registries whose catalog is theirs alone. That of Quay has everybody's repositories, those of GHCR and Docker Hub are closed. */
const WITH_CATALOG: readonly RegistryKind[] = ['acr', 'distribution', 'ecr', 'harbor'];

/**
 * repositories → tags → digests, against what is known: what events lost is taken as if they had told it. A repository that
 * cannot be read is left out, by name; a tag counts as gone only where the whole list of its repository was read, a manifest where the
 * registry denies it by its digest, a repository where a whole catalog lacks it too. Raises what accepting raises, CANCELLED.
 */
export async function sweepRegistry(
  registration: Registration,
  dependencies: SweepDependencies,
  options: FetchOptions,
): Promise<SweepResult> {
  const { limits, signal } = options;
  const failures: string[] = [];
  let failed = 0;
  const fail = (why: string): void => {
    failed += 1;
    if (failures.length < limits.listedFlaws) failures.push(why);
  };
  const sums = { repositories: 0, tags: 0, pushed: 0, deleted: 0 };
  const { names, catalog, listed } = await repositoriesOf(registration, dependencies, options, fail);
  for (const repository of names) {
    signal.throwIfAborted();
    if (sums.repositories >= limits.sweptRepositories || sums.tags >= limits.sweptTags) {
      fail(`${repository} and all behind it: past sweptRepositories or sweptTags`);
      break;
    }
    sums.repositories += 1;
    const isGone = listed !== null && !listed.has(repository);
    const found = await changesOf(registration, repository, isGone, dependencies, options, fail);
    sums.tags += found.tags;
    sums.pushed += found.events.filter(({ action }) => action === 'push').length;
    sums.deleted += found.events.filter(({ action }) => action === 'delete').length;
    await acceptAll(registration, found.events, dependencies, limits);
  }
  return { catalog, ...sums, failures, failed };
}

/** Those that the registration is about, sorted: named in it, known from events, and what the catalog has. */
async function repositoriesOf(
  registration: Registration,
  { lister, known }: SweepDependencies,
  options: FetchOptions,
  fail: (why: string) => void,
): Promise<{
  readonly names: readonly string[];
  readonly catalog: boolean;
  /** What the catalog has, where it was read to its end. */
  readonly listed: ReadonlySet<string> | null;
}> {
  const { id, kind, host } = registration;
  const covers = repositoryFilter(registration);
  const names = new Set([...repositoryNames(registration), ...(await known.repositories(id))].filter(covers));
  const ofNames = () => [...names].toSorted();
  if (!WITH_CATALOG.includes(kind)) return { names: ofNames(), catalog: false, listed: null };
  const listed = new Set<string>();
  try {
    for await (const name of lister.repositories(host, options)) {
      listed.add(name);
      if (isRepositoryName(name, options.limits) && covers(name)) names.add(name);
      if (names.size > options.limits.sweptRepositories) return { names: ofNames(), catalog: true, listed: null };
    }
  } catch (error) {
    fail(`the catalog: ${reasonOf(error, options)}`);
    return { names: ofNames(), catalog: false, listed: null };
  }
  // A registry that has lost its storage, or does not show it to us, has nothing either.
  return { names: ofNames(), catalog: true, listed: listed.size === 0 ? null : listed };
}

/** What of a repository is not as it is known. */
async function changesOf(
  { id, host }: Registration,
  repository: string,
  isGone: boolean,
  { lister, resolver, known, moment }: SweepDependencies,
  options: FetchOptions,
  fail: (why: string) => void,
): Promise<{ readonly tags: number; readonly events: readonly RegistryEvent[] }> {
  // Before anything is asked: what the registry tells of later moments goes before what is seen now.
  const at = moment();
  const before = await known.tags(id, repository);
  const events: RegistryEvent[] = [];
  const tags = new Set<string>();
  try {
    await listTags();
    const tagged = new Set<string>();
    for (const part of parts([...tags], AT_ONCE)) {
      const digests = await Promise.all(part.map((tag) => digestOf({ registry: host, repository, tag, digest: null })));
      for (const [index, tag] of part.entries()) {
        const digest = digests[index]!;
        if (digest !== null) tagged.add(digest);
        if (digest !== null && before.get(tag) !== digest) events.push({ action: 'push', repository, tag, digest, at });
      }
    }
    for (const [tag, digest] of before) {
      if (digest !== null && !tags.has(tag)) events.push({ action: 'delete', repository, tag, digest: null, at });
    }
    const untagged = await known.untagged(id, repository, [...tagged]);
    for (const part of parts(untagged.slice(0, options.limits.sweptTags), AT_ONCE)) {
      const there = await Promise.all(part.map((digest) => isThere(digest)));
      for (const [index, digest] of part.entries()) {
        if (!there[index]) events.push({ action: 'delete', repository, tag: null, digest, at });
      }
    }
  } catch (error) {
    fail(`${repository}: ${reasonOf(error, options)}`);
  }
  return { tags: tags.size, events };

  async function listTags(): Promise<void> {
    try {
      for await (const tag of lister.tags({ registry: host, repository }, options)) {
        if (tags.size >= options.limits.sweptTags) {
          throw new PlimsollError('LIMIT_EXCEEDED', 'it has more tags than sweptTags');
        }
        if (isTag(tag)) tags.add(tag);
      }
    } catch (error) {
      if (!isGone || !(error instanceof PlimsollError) || error.code !== 'TARGET_NOT_FOUND') throw error;
    }
  }

  async function isThere(digest: string): Promise<boolean> {
    try {
      await resolver.resolve({ registry: host, repository, tag: null, digest }, options);
      return true;
    } catch (error) {
      if (error instanceof PlimsollError && error.code === 'TARGET_NOT_FOUND') return false;
      if (error instanceof PlimsollError && OF_ONE_TAG.includes(error.code)) return true;
      throw error;
    }
  }

  /** null where the tag has gone meanwhile, or is of no use to us. */
  async function digestOf(reference: ImageReference): Promise<string | null> {
    try {
      return (await resolver.resolve(reference, options)).digest;
    } catch (error) {
      if (!(error instanceof PlimsollError) || !OF_ONE_TAG.includes(error.code)) throw error;
      if (error.code !== 'TARGET_NOT_FOUND') fail(`${repository}:${reference.tag}: ${error.message}`);
      return null;
    }
  }
}

const OF_ONE_TAG: readonly ErrorCode[] = ['TARGET_NOT_FOUND', 'MANIFEST_SCHEMA1', 'MANIFEST_INVALID', 'LIMIT_EXCEEDED'];

function reasonOf(error: unknown, { signal }: FetchOptions): string {
  signal.throwIfAborted();
  if (error instanceof PlimsollError) return error.message;
  throw error;
}

function* parts<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

async function acceptAll(
  { id }: Registration,
  events: readonly RegistryEvent[],
  { accept, sha256 }: SweepDependencies,
  { deliveryEvents }: Limits,
): Promise<void> {
  for (const part of parts(events, deliveryEvents)) {
    const bodyDigest = `sha256:${sha256(new TextEncoder().encode(JSON.stringify(part)))}`;
    await accept({ registry: id, senderId: null, bodyDigest, events: part, ignored: 0 });
  }
}
