import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type {
  AdvisoryStatus,
  AffectedPackage,
  Enrichment,
  RangeEvent,
  SeverityLevel,
  StatedSeverity,
  VersionRange,
} from '../../domain/vulnerabilities/advisory.ts';
import type { AdvisoryRecord } from './stored-advisory.ts';

/*
 * Values are JSON in positional lists, whose defaults at the end are left away: shorter than objects by all their keys.
 * The first byte tells whether it is packed.
 */
const PLAIN = 0;
const ZSTD = 1;
/** Below, unpacking takes longer than it saves. */
const PACK_FROM = 4_096;
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
/** One value unpacked: far above the greatest, which is that of the Linux kernel. */
const MAX_VALUE = 512 * 2 ** 20;

const STATUSES: readonly AdvisoryStatus[] = [
  'affected',
  'fixed',
  'will_not_fix',
  'fix_deferred',
  'end_of_life',
  'under_investigation',
  'not_affected',
];
const LEVELS: readonly SeverityLevel[] = ['critical', 'high', 'medium', 'low', 'negligible', 'none', 'unknown'];
const NAMES: readonly AffectedPackage['nameOf'][] = ['package', 'source', 'binary'];
const EVENTS: readonly (readonly [letter: string, key: string])[] = [
  ['i', 'introduced'],
  ['f', 'fixed'],
  ['l', 'lastAffected'],
  ['m', 'limit'],
];
const EVENT_BY_LETTER: ReadonlyMap<string, string> = new Map(EVENTS);

export type PackedSeverity = readonly [source: string, level: number, text: string | null, vector: string | null];
export type PackedAffected = readonly unknown[];
export type PackedRecord = readonly unknown[];

export function toValue(content: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(content));
  const isPlain = json.length < PACK_FROM;
  return Buffer.concat([Uint8Array.of(isPlain ? PLAIN : ZSTD), isPlain ? json : zstdCompressSync(json, LEVEL)]);
}

/** Throws on what `toValue` does not write; a database was verified before it is read. */
export function fromValue(value: Buffer): unknown {
  if (value[0] !== ZSTD) return JSON.parse(value.toString('utf8', 1));
  return JSON.parse(zstdDecompressSync(value.subarray(1), { maxOutputLength: MAX_VALUE }).toString());
}

/** Everything of an advisory but its packages. */
export function packRecord(advisory: AdvisoryRecord): PackedRecord {
  const { id, source, aliases, url, summary, published, modified, withdrawn, severities } = advisory;
  const packed = severities.map(packSeverity);
  return trimmed([id, source, aliases, packed, url, summary, published, modified, withdrawn]);
}

export function unpackRecord(packed: PackedRecord): AdvisoryRecord {
  const [id, source, aliases, severities, url, summary, published, modified, withdrawn] =
    packed as Partial<RecordParts>;
  return {
    id: id!,
    aliases: aliases ?? [],
    source: source!,
    url: url ?? null,
    summary: summary ?? null,
    published: published ?? null,
    modified: modified ?? null,
    withdrawn: withdrawn ?? null,
    severities: (severities ?? []).map(unpackSeverity),
  };
}

type Text = string | null;
type RecordParts = [string, string, string[], PackedSeverity[], Text, Text, Text, Text, Text];
type AffectedParts = [
  ranges: string[][],
  status: number,
  versions: string[],
  nameOf: number,
  severities: PackedSeverity[],
  vendorStatus: Text,
  channel: Text,
  module: Text,
  architectures: string[],
  contentSets: string[],
  imports: string[],
];

/** An affected entry without namespace and name, which its key has. */
export function packAffected(entry: AffectedPackage): PackedAffected {
  const { ranges, versions, status, vendorStatus, severities, channel, module, nameOf } = entry;
  const parts: AffectedParts = [
    ranges.map(packRange),
    STATUSES.indexOf(status),
    [...versions],
    NAMES.indexOf(nameOf),
    severities.map(packSeverity),
    vendorStatus,
    channel,
    module,
    [...entry.architectures],
    [...entry.contentSets],
    [...entry.imports],
  ];
  return trimmed(parts);
}

export function unpackAffected(packed: PackedAffected, ecosystem: string, name: string): AffectedPackage {
  const [
    ranges,
    status,
    versions,
    nameOf,
    severities,
    vendorStatus,
    channel,
    module,
    architectures,
    contentSets,
    imports,
  ] = packed as Partial<AffectedParts>;
  return {
    ecosystem,
    channel: channel ?? null,
    name,
    nameOf: NAMES[nameOf ?? 0]!,
    ranges: (ranges ?? []).map(unpackRange),
    versions: versions ?? [],
    status: STATUSES[status ?? 0]!,
    vendorStatus: vendorStatus ?? null,
    severities: (severities ?? []).map(unpackSeverity),
    module: module ?? null,
    architectures: architectures ?? [],
    contentSets: contentSets ?? [],
    imports: imports ?? [],
  };
}

/** Without unpacking the rest. */
export function architecturesOf(packed: PackedAffected): readonly string[] {
  return (packed as Partial<AffectedParts>)[8] ?? [];
}

export function packEnrichment({ kev, epss, severities, rejected }: Enrichment): unknown {
  return [kev, epss, severities.map(packSeverity), rejected];
}

export function unpackEnrichment(packed: unknown): Enrichment {
  const [kev, epss, severities, rejected] = packed as [
    Enrichment['kev'],
    Enrichment['epss'],
    PackedSeverity[],
    boolean,
  ];
  return { kev, epss, severities: severities.map(unpackSeverity), rejected };
}

/** `["E", "i0", "f1.2"]`: introduced in 0, fixed in 1.2, by the ecosystem's order. */
function packRange({ type, events }: VersionRange): string[] {
  return [
    type === 'SEMVER' ? 'S' : 'E',
    ...events.map((event) => {
      const [letter, key] = EVENTS.find(([, each]) => each in event)!;
      return letter + (event as Record<string, string>)[key]!;
    }),
  ];
}

function unpackRange([type, ...events]: readonly string[]): VersionRange {
  return {
    type: type === 'S' ? 'SEMVER' : 'ECOSYSTEM',
    events: events.map((event) => ({ [EVENT_BY_LETTER.get(event[0]!)!]: event.slice(1) }) as RangeEvent),
  };
}

function packSeverity({ source, level, text, vector }: StatedSeverity): PackedSeverity {
  return [source, LEVELS.indexOf(level), text, vector];
}

function unpackSeverity([source, level, text, vector]: PackedSeverity): StatedSeverity {
  return { source, level: LEVELS[level]!, text, vector };
}

/** Without the defaults at the end: nulls, empty lists, first choices. */
function trimmed(parts: readonly unknown[]): readonly unknown[] {
  let length = parts.length;
  while (length > 0 && isDefault(parts[length - 1])) length--;
  return parts.slice(0, length);
}

function isDefault(value: unknown): boolean {
  return value === null || value === 0 || (Array.isArray(value) && value.length === 0);
}
