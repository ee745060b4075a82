import { parentPort, workerData } from 'node:worker_threads';
import { PlimsollError } from '../../domain/errors.ts';
import { readSbom } from '../../domain/sbom/read-sbom.ts';
import type { SbomMessage, SbomTask } from './protocol.ts';

// Runs in a worker thread, which is ended from outside where the time of the scan is up.
if (parentPort === null) throw new Error('sbom-thread.ts runs in a worker thread only');
const say = (message: SbomMessage): void => parentPort!.postMessage(message);

const { name, bytes, limits } = workerData as SbomTask;
try {
  say({ kind: 'read', content: readSbom(name, bytes, limits) });
} catch (error) {
  if (!(error instanceof PlimsollError)) throw error;
  const { code, message, details } = error;
  say({ kind: 'refused', code, message, details });
}
