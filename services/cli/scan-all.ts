import { messageOf, PlimsollError } from '../domain/errors.ts';
import { isLocalEngine, LOCAL_ENGINES, type LocalEngine } from '../domain/image/target.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Report, ReportDocument } from '../domain/report/report.ts';
import type { LocalImage } from '../pipeline/image-ports.ts';
import { scanTarget } from '../pipeline/scan-target.ts';
import type { EngineOptions } from './engine-options.ts';
import type { ScanOptions } from './scan-options.ts';
import type { Session } from './session.ts';
import { withScan } from './with-scan.ts';

export interface AllScanned {
  readonly document: ReportDocument;
  /** Images that there is no report of, and why. */
  readonly failures: readonly { readonly image: string; readonly error: PlimsollError }[];
}

/**
 * Every image of a container engine once, one after another; `--timeout` is of each. One that fails costs no other its
 * report. Raises where there is none at all: TARGET_NOT_FOUND, or the first failure.
 */
export async function scanAll(
  session: Session,
  target: string,
  options: ScanOptions & EngineOptions,
): Promise<AllScanned> {
  const engine = engineOf(target);
  if (options.platform === 'all') throw new PlimsollError('USAGE', '--all and --platform all exclude each other');
  const images = await listed(session, engine);
  if (images.length === 0) throw new PlimsollError('TARGET_NOT_FOUND', `${engine} has no images`);
  const reports: Report[] = [];
  const failures: AllScanned['failures'][number][] = [];
  for (const { name } of images) {
    const image = `${engine}:${name}`;
    try {
      const document = await withScan(session, image, options, scanTarget);
      reports.push(...('reports' in document ? document.reports : [document]));
    } catch (error) {
      if (!(error instanceof PlimsollError) || error.code === 'CANCELLED') throw error;
      failures.push({ image, error });
    }
  }
  if (reports.length === 0) {
    const { image, error } = failures[0]!;
    throw new PlimsollError(
      error.code,
      `none of ${images.length} images could be scanned; ${image}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  return { document: { schemaVersion: '1', index: { kind: engine, reference: '*', digest: null }, reports }, failures };
}

async function listed(session: Session, engine: LocalEngine): Promise<readonly LocalImage[]> {
  const stop = new AbortController();
  const removeHandlers = session.onStop((signal) => stop.abort(new PlimsollError('CANCELLED', `stopped by ${signal}`)));
  try {
    const images = await session.localImages();
    return await images.list(engine, { limits: LIMITS, signal: stop.signal });
  } finally {
    removeHandlers();
  }
}

function engineOf(target: string): LocalEngine {
  const kind = target.replace(/:$/, '');
  if (target.endsWith(':') && isLocalEngine(kind)) return kind;
  const forms = LOCAL_ENGINES.map((engine) => `${engine}:`).join(', ');
  throw new PlimsollError('USAGE', `--all is of a container engine: ${forms}`);
}
