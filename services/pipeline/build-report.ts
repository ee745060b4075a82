import type { Gap } from '../domain/completeness.ts';
import { formatPlatform } from '../domain/image/platform.ts';
import type { Target } from '../domain/image/target.ts';
import { LIMITS } from '../domain/limits.ts';
import { type AttributedPackage, fileListNames } from '../domain/packages/attribution.ts';
import type { Distribution } from '../domain/packages/distribution.ts';
import { spdxLicense } from '../domain/packages/license-names.ts';
import { packageUrl } from '../domain/packages/purl.ts';
import type { Report, ReportPackage, Sandbox } from '../domain/report/report.ts';
import { unjudged } from '../domain/vulnerabilities/vex/found-vex.ts';
import { boundedVex } from './embedded-vex.ts';
import type { PackageList } from './list-packages.ts';
import type { LayerFacts } from './read-facts.ts';
import type { SourceImage } from './resolve-images.ts';

export interface ReportInput {
  readonly tool: { readonly version: string };
  readonly createdAt: string;
  readonly target: Target;
  /** What the path's content showed it to be. */
  readonly targetKind: Exclude<Target['kind'], 'path'>;
  readonly image: SourceImage;
  readonly layers: readonly LayerFacts[];
  readonly list: PackageList;
  readonly timings: Readonly<Record<string, number>>;
  /** Null where layers were read by this process. */
  readonly sandbox: Sandbox | null;
}

export function buildReport(input: ReportInput): Report {
  const { image, layers, list, target } = input;
  const vex = boundedVex([...image.attachedVex, ...list.vex], LIMITS);
  const gaps = withoutRepeats([...image.gaps, ...layers.flatMap((layer) => layer.gaps), ...list.gaps, ...vex.gaps]);
  const partial = gaps.some((gap) => gap.class === 'blocking');
  const isImage = input.targetKind !== 'rootfs' && input.targetKind !== 'dir';
  return {
    schemaVersion: '1',
    tool: { name: 'plimsoll', version: input.tool.version },
    createdAt: input.createdAt,
    target: {
      kind: input.targetKind,
      reference: target.path,
      digest: image.manifestDigest,
      platform: image.platform === null ? null : formatPlatform(image.platform),
    },
    inputs: { db: null, policy: null, exceptions: null, vex: null, config: null },
    engines: [{ name: 'plimsoll', version: input.tool.version, status: partial ? 'partial' : 'ok' }],
    ...(input.sandbox !== null && { sandbox: input.sandbox }),
    image: {
      id: image.configDigest,
      os: osOf(list.distribution),
      architecture: image.platform?.architecture ?? null,
      created: momentOf(image.config?.created ?? null),
      repositories: [...list.repositories],
      layers: layers.map(({ index, source, digest, outline }) => ({
        index,
        digest: digest ?? source.digest,
        diffId: outline.diffId ?? source.diffId,
        size: source.size ?? 0,
        instruction: source.instruction,
        base: null,
        contentSets: [...(list.contentSets[index] ?? [])],
      })),
      config: image.config === null ? null : configOf(image.config),
    },
    packages: packagesOf(list, isImage),
    findings: [
      ...list.sboms.map(({ layer, ...sbom }) => ({
        kind: 'sbom',
        id: sbom.path,
        ...sbom,
        layer: isImage ? layer : null,
      })),
      ...vex.kept.map(unjudged),
      ...list.attested.map((sbom) => ({
        kind: 'sbom',
        id: sbom.digest,
        path: null,
        layer: null,
        verified: false,
        ...sbom,
      })),
    ],
    completeness: {
      status: partial ? 'partial' : 'complete',
      layersRead: layers.filter(({ read }) => read).length,
      layersTotal: layers.length,
      gaps,
      feeds: [],
      withoutFeed: [],
    },
    timings: { ...input.timings },
  };
}

function osOf(distribution: Distribution | null): Report['image']['os'] {
  if (distribution === null) return null;
  const { id, versionId, prettyName } = distribution;
  return { id, versionId, prettyName, eol: null };
}

/** Builders write any text here; only a moment is one. */
function momentOf(created: string | null): string | null {
  if (created === null || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(created)) return null;
  return Number.isNaN(Date.parse(created)) ? null : created;
}

function configOf(config: NonNullable<SourceImage['config']>): Report['image']['config'] {
  const { user, entrypoint, cmd, exposedPorts, labels } = config;
  return { user, entrypoint: [...entrypoint], cmd: [...cmd], exposedPorts: [...exposedPorts], labels: { ...labels } };
}

function packagesOf({ packages, confirmed, distribution }: PackageList, isImage: boolean): ReportPackage[] {
  const purls = new Map(packages.map((entry) => [entry, packageUrl(entry.record, distribution)]));
  const counts = new Map<string, number>();
  for (const purl of purls.values()) counts.set(purl, (counts.get(purl) ?? 0) + 1);
  const idOf = (entry: AttributedPackage): string => {
    const purl = purls.get(entry)!;
    if (entry.hiddenBy !== null) return `${purl}#hidden-by-layer-${entry.hiddenBy}`;
    // One package in several layers, or owned here and not there, is several: each is mended in its own place.
    if (counts.get(purl) === 1) return purl;
    return `${purl}#layer-${entry.layer ?? 'unknown'}${entry.owner === null ? '' : `:${fileListNames(entry.owner.record)[0]}`}`;
  };
  return packages.map((entry) => ({
    ...packageOf(entry, isImage),
    foundBy: entry.record.purl !== undefined ? ['sbom'] : confirmed.has(entry) ? ['plimsoll', 'sbom'] : ['plimsoll'],
    id: idOf(entry),
    purl: purls.get(entry)!,
    ownedBy: entry.owner === null ? null : idOf(entry.owner),
  }));
}

function packageOf(
  { record, layer, paths, hiddenBy }: AttributedPackage,
  isImage: boolean,
): Omit<ReportPackage, 'id' | 'purl' | 'ownedBy' | 'foundBy'> {
  return {
    type: record.type,
    name: record.name,
    version: record.version,
    arch: record.arch,
    source: record.source === null ? null : { ...record.source },
    epoch: record.epoch,
    modularity: record.modularity,
    origin: record.origin,
    vendor: record.vendor,
    repository: null,
    licenses: [...new Set(record.licenses.map(spdxLicense))],
    layer: isImage ? layer : null,
    paths: [...paths],
    dependsOn: [...record.dependsOn],
    development: record.development ?? false,
    hiddenBy,
  };
}

function withoutRepeats(gaps: readonly Gap[]): Gap[] {
  return [...new Map(gaps.map((gap) => [JSON.stringify([gap.code, gap.layer, gap.path, gap.message]), gap])).values()];
}
