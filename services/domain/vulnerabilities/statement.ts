import type { Report, ReportPackage } from '../report/report.ts';
import type { Advisory, AffectedPackage } from './advisory.ts';
import { channelRefusal } from './channel.ts';
import { contentSetRefusal, isContentSet } from './content-set.ts';
import { otherBuilds } from './module-builds.ts';
import { namespacesOf } from './namespace.ts';
import { normalName } from './package-name.ts';
import { type ComparisonMade, type EvaluationOptions, type Standing, standingOf } from './range.ts';
import { rebuiltReading } from './rebuilt-version.ts';

/** What an advisory database is to matching. */
export type Lookup = (ecosystem: string, name: string) => readonly Advisory[];

/** What one entry of one record says of one package. */
export interface Statement {
  readonly advisory: Advisory;
  readonly entry: AffectedPackage;
  /** The version that was compared: the package's own, or that of its source package. */
  readonly version: string;
  /** Why the entry is not for this package although it bears its name; null where it is. */
  readonly refusal: string | null;
  /** Null where the entry is not for this package. */
  readonly standing: Standing | null;
  /** What makes the match less sure. */
  readonly doubts: readonly Doubt[];
}

export interface Doubt {
  readonly confidence: 'medium' | 'low';
  readonly reason: string;
}

/** The image that a package is in, as far as matching asks. */
export type PackageImage = Pick<Report['image'], 'os' | 'repositories' | 'layers'>;

/** A name by which advisories may know a package. */
interface KnownAs {
  readonly name: string;
  readonly version: string;
  readonly nameOf: readonly AffectedPackage['nameOf'][];
  /** The version's epoch is not known. */
  readonly ignoreEpochs: boolean;
}

const NONE: ReadonlySet<Statement> = new Set();
const OTHER_BUILD = { refusal: 'another build of the fix that is installed', standing: null, doubts: [] } as const;

/** Everything that the feeds of a package say under its names, withdrawn records apart. In the order of the look-ups. */
export function statementsOn(
  item: ReportPackage,
  image: PackageImage,
  lookup: Lookup,
  onComparison?: (statement: Pick<Statement, 'advisory' | 'entry'>, made: ComparisonMade) => void,
): Statement[] {
  const { names, compatible } = namespacesOf(item, image);
  const statements: Statement[] = [];
  for (const namespace of names) {
    for (const known of namesOf(item)) {
      for (const advisory of lookup(namespace, normalName(namespace, known.name))) {
        if (advisory.withdrawn !== null) continue;
        const own: Statement[] = [];
        for (const entry of advisory.affected) {
          if (!known.nameOf.includes(entry.nameOf)) continue;
          const refusal = refusalOf(entry, advisory, item, image);
          const standing =
            refusal !== null
              ? null
              : standingOf(known.version, entry, item.type, {
                  ...readingOf(known, item, compatible !== null),
                  ...(onComparison && { onComparison: (made) => onComparison({ advisory, entry }, made) }),
                });
          // An entry for other versions is doubted by nobody, and what its record says is not read for it.
          const isAbout = standing !== null && standing.state !== 'outside';
          const doubts = isAbout ? doubtsOf(advisory, entry, item, image, compatible) : [];
          own.push({ advisory, entry, version: known.version, refusal, standing, doubts });
        }
        const others = own.length > 1 ? otherBuilds(own) : NONE;
        for (const each of own) statements.push(others.has(each) ? { ...each, ...OTHER_BUILD } : each);
      }
    }
  }
  return statements;
}

/** The names under which a package is looked up, as statementsOn does. */
export function lookupKeys(item: ReportPackage, image: PackageImage): { namespace: string; name: string }[] {
  return namespacesOf(item, image).names.flatMap((namespace) =>
    namesOf(item).map(({ name }) => ({ namespace, name: normalName(namespace, name) })),
  );
}

/** dpkg: the source package decides; rpm: the binary's name, or the source's; apk: the origin and the name. */
function namesOf({ type, name, version, source, origin }: ReportPackage): readonly KnownAs[] {
  const exact = { version, ignoreEpochs: false };
  switch (type) {
    case 'deb':
    case 'opkg': {
      const built = source?.version ?? version.replace(/\+b\d+$/, '');
      const sourceName = source?.name ?? name;
      return [
        { name: sourceName, version: built, nameOf: ['source', 'package'], ignoreEpochs: false },
        { ...exact, name, nameOf: ['binary'] },
      ];
    }
    case 'rpm': {
      const own: KnownAs = { ...exact, name, nameOf: ['binary', 'package'] };
      // SOURCERPM names no epoch: the binary's may be another (perl's modules).
      const built = source?.version ?? null;
      if (source === null || built === null) return [own];
      return [own, { name: source.name, version: built, nameOf: ['source'], ignoreEpochs: true }];
    }
    case 'apk': {
      const names = new Set([source?.name ?? origin ?? name, name]);
      return [...names].map((each) => ({ ...exact, name: each, nameOf: ['source', 'binary', 'package'] }));
    }
    default:
      return [{ ...exact, name, nameOf: ['package', 'binary', 'source'] }];
  }
}

function readingOf({ version, ignoreEpochs }: KnownAs, { type }: ReportPackage, isRebuilt: boolean): EvaluationOptions {
  const rebuilt = isRebuilt ? rebuiltReading(version, type) : null;
  if (!ignoreEpochs) return rebuilt === null ? {} : { readAs: rebuilt };
  return { readAs: rebuilt === null ? withoutEpoch : (each) => rebuilt(withoutEpoch(each)) };
}

/** For source packages of rpm, whose epoch nobody states. */
export function withoutEpoch(version: string): string {
  return version.replace(/^\d+:/, '');
}

function refusalOf(
  entry: AffectedPackage,
  advisory: Advisory,
  item: ReportPackage,
  image: PackageImage,
): string | null {
  const { architectures } = entry;
  if (architectures.length > 0 && item.arch !== null && !architectures.includes(item.arch)) {
    return `for ${architectures.join(', ')} only`;
  }
  return (
    moduleRefusal(entry, item) ??
    (entry.ecosystem.startsWith('Red Hat:')
      ? contentSetRefusal(entry, advisory.affected, contentSetsOf(item, image))
      : channelRefusal(entry, advisory.affected, item.version))
  );
}

/** rpm modules: an entry for a stream is for its packages only, and any other is for none of a module. */
function moduleRefusal(entry: AffectedPackage, { type, modularity, version }: ReportPackage): string | null {
  if (type !== 'rpm') return null;
  const stream = modularity?.split(':').slice(0, 2).join(':') ?? null;
  const isModular = stream !== null || isModuleBuild(version);
  const forModule = entry.module !== null || hasFix(entry, isModuleBuild);
  if (forModule && !isModular) return `for the module ${entry.module ?? 'that its builds name'} only`;
  if (!forModule && isModular) return 'not for packages of a module';
  if (entry.module !== null && stream !== null && entry.module !== stream) return `for the module ${entry.module} only`;
  return null;
}

function isModuleBuild(version: string): boolean {
  return version.includes('.module') && /\.module[+_]/.test(version);
}

function hasFix({ ranges }: AffectedPackage, isSuch: (version: string) => boolean): boolean {
  return ranges.some(({ events }) => events.some((event) => 'fixed' in event && isSuch(event.fixed)));
}

/** Of the layer that brought the package; where that states none, of all layers: squashing loses which. */
function contentSetsOf({ layer }: ReportPackage, { layers }: PackageImage): readonly string[] {
  const own = layers.find(({ index }) => index === layer)?.contentSets ?? [];
  return own.length > 0 ? own : layers.flatMap(({ contentSets }) => contentSets);
}

function doubtsOf(
  { source }: Advisory,
  entry: AffectedPackage,
  item: ReportPackage,
  image: PackageImage,
  compatible: 'rebuild' | 'upstream' | null,
): Doubt[] {
  const doubts: Doubt[] = [];
  if (compatible === 'rebuild')
    doubts.push({ confidence: 'medium', reason: `judged by ${entry.ecosystem}, which it rebuilds` });
  if (compatible === 'upstream') {
    doubts.push({ confidence: 'low', reason: `judged by ${entry.ecosystem}, whose builds are only near` });
  }
  if (entry.ecosystem.startsWith('Red Hat:') && !contentSetsOf(item, image).some(isContentSet)) {
    doubts.push({ confidence: 'low', reason: 'the image names no content sets' });
  }
  if (source === 'ubuntu-vex' && entry.status === 'fixed') {
    doubts.push({ confidence: 'low', reason: 'VEX names the newest version with the fix, not the first' });
  }
  if (item.type !== 'rpm') return doubts;
  if (entry.module === null && hasFix(entry, isModuleBuild)) {
    doubts.push({ confidence: 'low', reason: 'the advisory does not say which stream of the module it is for' });
  }
  if (entry.nameOf === 'source' && hasFix(entry, (fixed) => /^[1-9]\d*:/.test(fixed))) {
    doubts.push({ confidence: 'medium', reason: 'the epoch of the source package is not known' });
  }
  return doubts;
}
