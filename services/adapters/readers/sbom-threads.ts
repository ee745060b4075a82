import { Worker } from 'node:worker_threads';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { SbomContent } from '../../domain/sbom/sbom.ts';
import type { FetchOptions, SbomReader } from '../../pipeline/image-ports.ts';
import type { SbomMessage, SbomTask } from './protocol.ts';

/** Shorter ones are read before a thread would have started. */
const READ_HERE_BYTES = 1 << 20;
/** Twenty times the longest SBOM, as its values may take. */
const THREAD_HEAP_MB = 4_096;

const SCRIPT = new URL(import.meta.url.endsWith('.ts') ? './sbom-thread.ts' : './sbom-thread.js', import.meta.url);

/** Reads long SBOMs in a thread each, which ends with the scan. */
export class SbomThreads implements SbomReader {
  async read(name: string, bytes: Uint8Array, { limits, signal }: FetchOptions): Promise<SbomContent> {
    signal.throwIfAborted();
    if (bytes.length <= READ_HERE_BYTES) {
      // What validates foreign documents is loaded on demand.
      const { readSbom } = await import('../../domain/sbom/read-sbom.ts');
      return readSbom(name, bytes, limits);
    }
    const task: SbomTask = { name, bytes, limits };
    const thread = new Worker(SCRIPT, {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
      env: {},
      stdin: false,
    });
    const { promise, resolve, reject } = Promise.withResolvers<SbomMessage>();
    const broken = (why: string): void => {
      reject(new PlimsollError('NOT_AN_SBOM', `${name} could not be read as an SBOM: its thread ${why}`));
    };
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    thread
      .on('message', resolve)
      .on('error', (error) => broken(`failed: ${messageOf(error)}`))
      .on('exit', () => broken('ended'));
    try {
      const message = await promise;
      if (message.kind === 'read') return message.content;
      throw new PlimsollError(message.code, message.message, { details: message.details });
    } finally {
      signal.removeEventListener('abort', stop);
      await thread.terminate();
    }
  }
}
