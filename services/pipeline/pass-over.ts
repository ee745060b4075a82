import { PlimsollError } from '../domain/errors.ts';
import { parseJsonObject } from '../domain/image/json.ts';
import { parseAttachingManifest, subjectOfTag } from '../domain/image/referrer.ts';
import { parseTarget } from '../domain/image/target.ts';
import { LIMITS } from '../domain/limits.ts';
import type { OpenOptions, TargetOpener } from './image-ports.ts';
import type { Job, JobRequest } from './job-ports.ts';
import type { JobEnd } from './run-job.ts';

export interface PassOverDependencies {
  readonly opener: TargetOpener;
  readonly request: (request: JobRequest) => Promise<void>;
}

/**
 * How a scan ends where what was pushed is no image but a signature, an attestation, a chart: there is nothing to report on, and
 * nothing that failed. The image that it is attached to is scanned again, as VEX that came with it may change its verdict. Raises what
 * the registry and the store raise.
 */
export async function passOver(
  job: Job,
  target: string,
  why: PlimsollError,
  signal: AbortSignal,
  { opener, request }: PassOverDependencies,
): Promise<JobEnd> {
  const { registry, repository, tag } = job.payload;
  const subject =
    subjectOfTag(String(tag)) ?? (await statedSubject(target, { crossMounts: false, limits: LIMITS, signal }, opener));
  if (subject === null) return { result: { passedOver: why.message } };
  await request({
    kind: 'scan',
    key: `${registry}/${repository}@${subject}`,
    payload: { registry: registry!, repository: repository!, tag: null, digest: subject },
    priority: job.priority,
    registry: job.registry,
  });
  return { result: { passedOver: why.message, attachedTo: subject } };
}

/** What its manifest says that it is attached to. */
async function statedSubject(target: string, options: OpenOptions, opener: TargetOpener): Promise<string | null> {
  const opened = await opener.open(parseTarget(target), options);
  try {
    if (opened.kind !== 'content') return null;
    const [root] = opened.roots;
    const manifest = parseJsonObject(await opened.content.document(root!, 'manifest'), `manifest ${root!.digest}`);
    return parseAttachingManifest(manifest, `manifest ${root!.digest}`).subject;
  } catch (error) {
    // An index, or no manifest that says anything of the sort.
    if (error instanceof PlimsollError && error.code === 'MANIFEST_INVALID') return null;
    throw error;
  } finally {
    await opened.close();
  }
}
