import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { feedArchivedLayers, feedStreamedLayers } from '../../services/adapters/archive/feed-layers.ts';
import { LocalTargetOpener } from '../../services/adapters/archive/open-target.ts';
import { LocalEngines } from '../../services/adapters/engines/local-engines.ts';
import { LocalPrograms } from '../../services/adapters/programs/local-programs.ts';
import { LayerThreads } from '../../services/adapters/readers/layer-threads.ts';
import { told } from '../../services/adapters/readers/protocol.ts';
import { runLayerTask } from '../../services/adapters/readers/run-layer-task.ts';
import { SbomThreads } from '../../services/adapters/readers/sbom-threads.ts';
import type { Registries } from '../../services/adapters/registry/registries.ts';
import { feedDirectory } from '../../services/adapters/rootfs/feed-directory.ts';
import { parseTarget } from '../../services/domain/image/target.ts';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import { LOCKFILES } from '../../services/domain/packages/lockfiles.ts';
import { ANALYZERS } from '../../services/domain/packages/registry.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { sbomContents } from '../../services/domain/sbom/sbom-contents.ts';
import type { LayerReader, LayerReading } from '../../services/pipeline/layer-ports.ts';
import { type ScanDependencies, type ScanRequest, scanTarget } from '../../services/pipeline/scan-target.ts';
import { type BuiltImage, writeOciLayout } from './image-builder.ts';
import { REPOSITORY } from './repository.ts';

/** The real scan, wired as services/main.ts does: real files, real threads; and the command as a process. */

export const LAYER_WORKER = new URL('../../services/layer-worker.ts', import.meta.url);
export const MAIN = join(REPOSITORY, 'services/main.ts');

/** One set of threads for all scans of a test file. */
const THREADS = new LayerThreads(LAYER_WORKER, { keepThreads: true });

export type ScanChanges = Partial<Omit<ScanRequest, 'target' | 'limits'>> & {
  readonly limits?: Partial<Limits>;
  readonly cache?: ScanDependencies['cache'];
  readonly reader?: LayerReader;
  /** For targets in registries. */
  readonly registries?: Registries;
};

/** What a use case takes: the request, and the real adapters. */
export function wired(target: string, changes: ScanChanges = {}): [ScanRequest, ScanDependencies] {
  const { limits, cache = null, registries = null, ...rest } = changes;
  const { reader = registries === null ? THREADS : new LayerThreads(LAYER_WORKER, { blobs: registries }), ...asked } =
    rest;
  const request: ScanRequest = {
    target: parseTarget(target),
    platform: null,
    fullInventory: false,
    crossMounts: false,
    readLockfiles: false,
    useSboms: false,
    skipDirs: [],
    skipFiles: [],
    engines: [],
    onProgress: () => {},
    signal: new AbortController().signal,
    ...asked,
    limits: { ...LIMITS, ...limits },
  };
  const dependencies: ScanDependencies = {
    opener: registries ?? new LocalTargetOpener(),
    reader,
    cache,
    sbomReader: new SbomThreads(),
    engineRunner: new LocalEngines(new LocalPrograms(process.env.PATH)),
    analyzers: ANALYZERS,
    lockfileAnalyzers: () => Promise.resolve(LOCKFILES),
    sbomAnalyzer: () => Promise.resolve(sbomContents),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    breathe: () => Promise.resolve(),
    clock: { moment: () => '2024-01-01T00:00:00.000Z', elapsed: () => 0 },
    version: '0.0.0',
  };
  return [request, dependencies];
}

/** The only report, or the first of several. */
export async function scan(target: string, changes: ScanChanges = {}): Promise<Report> {
  const document = await scanTarget(...wired(target, changes));
  return 'reports' in document ? document.reports[0]! : document;
}

/** What runs in a layer thread, here in this one: for many small scans in a row, as a thread takes its time to start. */
export const WITHOUT_THREADS: LayerReader = {
  async read(jobs, { limits, skipDirs, skipFiles }) {
    const feeds = { file: feedArchivedLayers, directory: feedDirectory, streamed: feedStreamedLayers };
    const readings: LayerReading[] = [];
    for (const job of jobs) {
      const task = { jobs: [told(job)], limits, skipDirs, skipFiles, stream: null, verified: null };
      await runLayerTask(
        task,
        () => Promise.resolve([...ANALYZERS, ...LOCKFILES, sbomContents]),
        feeds,
        (message) => {
          if (message.kind !== 'reading') return;
          const { parts, digest, failure } = message;
          readings.push({ parts: new Map(parts), digest, failure });
        },
      );
    }
    return readings;
  },
};

/** A directory for the tests of one file, removed after them. */
export function scratch(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `plimsoll-${name}-`));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

let made = 0;

/** Writes an archive below `directory`; returns its path. */
export function archiveFile(directory: string, bytes: Uint8Array): string {
  const path = join(directory, `archive-${made++}.tar`);
  writeFileSync(path, bytes);
  return path;
}

/** Writes an OCI layout below `directory`; returns the target that names it. */
export function ociTarget(
  directory: string,
  image: BuiltImage,
  index?: unknown,
  extra: readonly Buffer[] = [],
): string {
  const path = join(directory, `layout-${made++}`);
  mkdirSync(path);
  writeOciLayout(path, [image], index, extra);
  return `oci-dir:${path}`;
}

export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly pid: number;
  readonly stdin: NodeJS.WritableStream;
  /** Until its output so far holds this text; rejects where it ends without. */
  saw(text: string): Promise<void>;
  /** Calls with what was said so far, and with each further piece. */
  onText(hear: (piece: string) => void): void;
  kill(signal: NodeJS.Signals): void;
  readonly result: Promise<CommandResult>;
}

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** A file descriptor in place of a pipe. */
  readonly stdin?: number;
  /** Put before the command: `setpriv`, `strace` and their arguments. */
  readonly under?: readonly string[];
  readonly timeoutMs?: number;
}

/** Starts `plimsoll …` as a user would, with a cache of nobody's. A command that does not end is killed: code null. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { environment = {}, stdin = 'pipe', under = [], timeoutMs = 30_000 } = options;
  const [program, ...rest] = [...under, process.execPath, MAIN, ...args];
  const env = { PATH: process.env.PATH, HOME: tmpdir(), NO_COLOR: '1', ...environment };
  const child = spawn(program!, rest, {
    stdio: [stdin, 'pipe', 'pipe'],
    env,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const text = { stdout: '', stderr: '' };
  const heard = new EventEmitter();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]!.setEncoding('utf8').on('data', (piece: string) => {
      text[stream] += piece;
      heard.emit('piece', piece);
    });
  }
  child.stdin?.on('error', () => {});
  const saw = async (wanted: string): Promise<void> => {
    while (!text.stdout.includes(wanted) && !text.stderr.includes(wanted)) {
      const ended = result.then(() => true);
      const over = await Promise.race([once(heard, 'piece').then(() => false), ended]);
      if (over) throw new Error(`the command ended before it said "${wanted}": ${text.stdout}${text.stderr}`);
    }
  };
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, ...text }));
  });
  const onText = (hear: (piece: string) => void): void => {
    hear(text.stdout + text.stderr);
    heard.on('piece', hear);
  };
  return { pid: child.pid!, stdin: child.stdin!, saw, onText, kill: (signal) => child.kill(signal), result };
}

/** Runs it to its end, with `input` on standard input. */
export function runCommand(
  args: readonly string[],
  input: Uint8Array | string = '',
  options: CommandOptions = {},
): Promise<CommandResult> {
  const command = startCommand(args, options);
  if (options.stdin === undefined) command.stdin.end(input);
  return command.result;
}
