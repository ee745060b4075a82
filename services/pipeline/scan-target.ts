import { PlimsollError } from '../domain/errors.ts';
import type { Target } from '../domain/image/target.ts';
import type { Limits } from '../domain/limits.ts';
import type { Analyzer } from '../domain/packages/ecosystem.ts';
import type { Report, ReportDocument } from '../domain/report/report.ts';
import { attestedSboms, NOTHING_ATTESTED } from './attested-sboms.ts';
import { buildReport } from './build-report.ts';
import type { PlatformChoice } from './choose-image.ts';
import type { EngineChoice, EngineRunner } from './engine-ports.ts';
import type { OpenedImage, SbomReader, TargetOpener } from './image-ports.ts';
import type { FactsCache, LayerProgress, LayerReader, ProgressSink, Sha256 } from './layer-ports.ts';
import { listPackages } from './list-packages.ts';
import { asProject } from './project.ts';
import { readFacts } from './read-facts.ts';
import { resolveImages, type SourceImage } from './resolve-images.ts';
import { runEngines } from './run-engines.ts';
import { scanSbom } from './scan-sbom.ts';
import { type Trace, UNTRACED } from './trace.ts';

/** Everything a scan needs from outside. */
export interface ScanDependencies {
  readonly opener: TargetOpener;
  readonly reader: LayerReader;
  readonly cache: FactsCache | null;
  /** Of what is installed, and of lockfiles. */
  readonly analyzers: readonly Analyzer[];
  readonly lockfileAnalyzers: () => Promise<readonly Analyzer[]>;
  /** Of what SBOMs in images say. */
  readonly sbomAnalyzer: () => Promise<Analyzer>;
  readonly sbomReader: SbomReader;
  readonly engineRunner: EngineRunner;
  readonly sha256: Sha256;
  /** Now, as an ISO moment; and a stopwatch in milliseconds. */
  readonly clock: { moment(): string; elapsed(): number };
  /** See FactsOptions. */
  readonly breathe: () => Promise<void>;
  readonly version: string;
  readonly trace?: Trace;
}

export interface ScanRequest {
  readonly target: Target;
  readonly platform: PlatformChoice;
  readonly fullInventory: boolean;
  readonly crossMounts: boolean;
  /** Also where images and installed systems have them; a project always. */
  readonly readLockfiles: boolean;
  /** Take the packages of SBOMs that lie in images and installed systems too. */
  readonly useSboms: boolean;
  readonly skipDirs: readonly string[];
  readonly skipFiles: readonly string[];
  /** Scanners of others to run beside our own; usually none. */
  readonly engines: readonly EngineChoice[];
  readonly limits: Limits;
  readonly onProgress: (progress: ScanProgress) => void;
  readonly signal: AbortSignal;
}

export interface ScanProgress extends LayerProgress {
  /** Counted from 0. */
  readonly image: number;
  readonly images: number;
}

/** reference → source → manifest → layers → facts → packages → report, to which engines may add. */
export async function scanTarget(request: ScanRequest, dependencies: ScanDependencies): Promise<ReportDocument> {
  const { target, platform } = request;
  if (request.useSboms && (target.kind === 'sbom' || target.kind === 'dir')) {
    throw new PlimsollError('USAGE', '--use-sboms is of SBOMs in images and installed systems; scan sbom:FILE itself');
  }
  const { trace = UNTRACED } = dependencies;
  const opened = await trace.span('open target', { 'plimsoll.target.kind': target.kind }, () =>
    dependencies.opener.open(target, request),
  );
  try {
    if (opened.kind === 'sbom') {
      if (platform !== null) throw new PlimsollError('USAGE', 'an SBOM is of one image; leave out --platform');
      if (request.engines.length > 0)
        throw new PlimsollError('USAGE', 'engines read images, not SBOMs; leave out --engine');
      const { sbomReader, clock } = dependencies;
      const started = clock.elapsed();
      const content = await sbomReader.read(
        target.path === '-' ? 'standard input' : target.path,
        opened.bytes,
        request,
      );
      return scanSbom(content, { target, readMs: clock.elapsed() - started }, dependencies);
    }
    const selector = 'selector' in target ? target.selector : null;
    const { images, indexDigest } = await trace.span('resolve images', {}, () =>
      resolveImages(opened, selector, platform, dependencies.sha256),
    );
    const targetKind = opened.targetKind;
    const reports: Report[] = [];
    for (const [i, image] of images.entries()) {
      const onProgress: ProgressSink = (progress) => {
        request.onProgress({ ...progress, image: i, images: images.length });
      };
      reports.push(await scanImage(image, opened, { ...request, onProgress }, dependencies));
    }
    if (platform !== 'all') return reports[0]!;
    return { schemaVersion: '1', index: { kind: targetKind, reference: target.path, digest: indexDigest }, reports };
  } finally {
    await opened.close();
  }
}

/** A project is what its lockfiles name; what is installed in it is another question (rootfs:). */
export async function analyzersOf(
  { target, readLockfiles, useSboms }: Pick<ScanRequest, 'target' | 'readLockfiles' | 'useSboms'>,
  {
    analyzers,
    lockfileAnalyzers,
    sbomAnalyzer,
  }: Pick<ScanDependencies, 'analyzers' | 'lockfileAnalyzers' | 'sbomAnalyzer'>,
): Promise<readonly Analyzer[]> {
  if (target.kind === 'dir') return await lockfileAnalyzers();
  const lockfiles = readLockfiles ? await lockfileAnalyzers() : [];
  return [...analyzers, ...lockfiles, ...(useSboms ? [await sbomAnalyzer()] : [])];
}

async function scanImage(
  image: SourceImage,
  opened: OpenedImage,
  request: Omit<ScanRequest, 'onProgress'> & { readonly onProgress: ProgressSink },
  dependencies: ScanDependencies,
): Promise<Report> {
  const { reader, clock, trace = UNTRACED } = dependencies;
  const { targetKind, path, storedAs } = opened;
  const started = clock.elapsed();
  const options = { ...request, ...dependencies, analyzers: await analyzersOf(request, dependencies) };
  const layers = await trace.span('read layers', { 'plimsoll.layers': image.layers.length }, () =>
    readFacts(image, reader, options),
  );
  const read = clock.elapsed();
  const attested =
    opened.kind === 'content'
      ? await attestedSboms(image, opened.content, { ...request, ...dependencies })
      : NOTHING_ATTESTED;
  const found = await trace.span('list packages', {}, () => listPackages(layers, reader, options, attested));
  const list = targetKind === 'dir' ? asProject(found, options.analyzers) : found;
  const listed = clock.elapsed();
  const timings = { readMs: read - started, listMs: listed - read };
  const { target } = request;
  const report = buildReport({
    tool: dependencies,
    createdAt: clock.moment(),
    target,
    targetKind,
    image,
    layers,
    list,
    timings,
    sandbox: (await reader.sandbox?.(request.limits)) ?? null,
  });
  if (request.engines.length === 0) return report;
  const seen = { ...image, kind: storedAs ?? targetKind, path };
  return runEngines(report, seen, dependencies.engineRunner, { ...request, clock });
}
