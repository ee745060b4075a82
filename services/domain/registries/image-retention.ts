import picomatch from 'picomatch';

/** Which images are kept. Of several that speak of an image in a repository, the first decides; of which none speaks, it is kept. */
export interface RetentionRule {
  /** Name of a registration; absent: every one. */
  readonly registry?: string | undefined;
  /** Globs; absent: every one. */
  readonly repositories?: readonly string[] | undefined;
  /** Globs, one of which a tag of the image has to match; absent: images without tags too. */
  readonly tags?: readonly string[] | undefined;
  /** So many that were pushed last stay, of those in one repository that the rule speaks of. */
  readonly keepLast?: number | undefined;
  /** What was pushed later stays. */
  readonly maxAgeDays?: number | undefined;
  /** What the registry has deleted goes so long after; absent: it stays. */
  readonly deletedDays?: number | undefined;
}

export interface RetainedImage {
  readonly digest: string;
  readonly reference: string;
  /** Indexes that hold it. */
  readonly parents: readonly string[];
  /** A cluster was told that it may run: it stays, whatever the rules say. */
  readonly held: boolean;
  readonly places: readonly RetainedPlace[];
}

export interface RetainedPlace {
  readonly registry: string;
  readonly repository: string;
  /** That point to it now. */
  readonly tags: readonly string[];
  /** RFC 3339 */
  readonly pushedAt: string;
  readonly deletedAt: string | null;
}

export interface ExpiredImage {
  readonly digest: string;
  readonly reference: string;
  /** Of each place, in a sentence. */
  readonly because: readonly string[];
}

interface Ruled {
  readonly place: RetainedPlace;
  readonly rule: RetentionRule;
  readonly digest: string;
  /** Rule, registry and repository. */
  readonly group: string;
}

const DAY_MS = 86_400_000;

/**
 * The images that go, by digest: those of which every place is one that its rule lets go, and an image of indexes only with all of them.
 * An image that was told of in no registry stays, as does one that is held. Where a rule has both a number and an age, an image goes only
 * past both.
 */
export function expiredImages(
  rules: readonly RetentionRule[],
  images: readonly RetainedImage[],
  now: string,
): readonly ExpiredImage[] {
  const matchers = rules.map(matcherOf);
  const byDigest = new Map(images.map((image) => [image.digest, image]));
  const holdersOf = ({ parents }: RetainedImage) => parents.flatMap((digest) => byDigest.get(digest) ?? []);
  // An image of an index has no tag of its own, as a rule: it is there because the index is, and none of the last ones beside it.
  const ownPlaces = (image: RetainedImage): readonly RetainedPlace[] =>
    holdersOf(image).length === 0 ? image.places : image.places.filter(({ tags }) => tags.length > 0);
  const ruled = images.flatMap((image) =>
    ownPlaces(image).flatMap((place): Ruled[] => {
      const index = matchers.findIndex((matches) => matches(place));
      if (index === -1) return [];
      return [
        { place, rule: rules[index]!, digest: image.digest, group: `${index}\0${place.registry}\0${place.repository}` },
      ];
    }),
  );
  const ranks = new Map<RetainedPlace, number>();
  for (const group of Map.groupBy(
    ruled.filter(({ place }) => place.deletedAt === null),
    (each) => each.group,
  ).values()) {
    for (const [rank, { place }] of group.toSorted(newestFirst).entries()) ranks.set(place, rank);
  }
  const byPlace = new Map(ruled.map((each) => [each.place, each]));
  const because = (place: RetainedPlace): string | null => {
    const found = byPlace.get(place);
    return found === undefined ? null : reasonToGo(found, ranks.get(place) ?? 0, now);
  };
  const decided = new Map<string, readonly string[] | null>();
  const decide = (image: RetainedImage): readonly string[] | null => {
    if (!decided.has(image.digest)) {
      // Until it is decided it stays: indexes that hold each other end here.
      decided.set(image.digest, null);
      decided.set(image.digest, reasonsOf(image));
    }
    return decided.get(image.digest)!;
  };
  const reasonsOf = (image: RetainedImage): readonly string[] | null => {
    if (image.held) return null;
    const [holders, own] = [holdersOf(image), ownPlaces(image)];
    if (holders.some((holder) => decide(holder) === null)) return null;
    if (own.length + holders.length === 0) return null;
    const reasons = own.map(because);
    if (reasons.includes(null)) return null;
    return [...(reasons as string[]), ...holders.map(({ digest }) => `its index ${digest} goes`)];
  };
  return images
    .flatMap((image) => {
      const reasons = decide(image);
      return reasons === null ? [] : [{ digest: image.digest, reference: image.reference, because: reasons }];
    })
    .toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
}

function newestFirst(a: Ruled, b: Ruled): number {
  const ages = Date.parse(b.place.pushedAt) - Date.parse(a.place.pushedAt);
  return ages !== 0 ? ages : a.digest < b.digest ? -1 : 1;
}

function matcherOf({ registry, repositories, tags }: RetentionRule): (place: RetainedPlace) => boolean {
  const repositoryMatches = repositories && picomatch([...repositories], { dot: true });
  const tagMatches = tags && picomatch([...tags], { dot: true });
  return (place) =>
    (registry === undefined || registry === place.registry) &&
    (repositoryMatches === undefined || repositoryMatches(place.repository)) &&
    // A deleted one has no tags any more.
    (tagMatches === undefined || place.deletedAt !== null || place.tags.some((tag) => tagMatches(tag)));
}

function reasonToGo({ place, rule }: Ruled, rank: number, now: string): string | null {
  const { keepLast, maxAgeDays, deletedDays } = rule;
  const where = `${place.registry}/${place.repository}`;
  if (place.deletedAt !== null) {
    const isOver = deletedDays !== undefined && isPast(place.deletedAt, deletedDays, now);
    return isOver ? `${where}: deleted there for more than ${deletedDays} days` : null;
  }
  if (keepLast === undefined && maxAgeDays === undefined) return null;
  if (keepLast !== undefined && rank < keepLast) return null;
  if (maxAgeDays !== undefined && !isPast(place.pushedAt, maxAgeDays, now)) return null;
  const past = [
    ...(keepLast === undefined ? [] : [`not among the last ${keepLast}`]),
    ...(maxAgeDays === undefined ? [] : [`pushed more than ${maxAgeDays} days ago`]),
  ];
  return `${where}: ${past.join(', ')}`;
}

function isPast(moment: string, days: number, now: string): boolean {
  return Date.parse(now) - Date.parse(moment) > days * DAY_MS;
}
