import { parentPort, workerData } from 'node:worker_threads';
import { CheckedPolicy, thrownText } from './checked-policy.ts';
import type { ThreadData, ThreadMessage } from './protocol.ts';

// Runs in a worker thread, which is ended from outside where the policy does not end by itself.
if (parentPort === null) throw new Error('policy-thread.ts runs in a worker thread only');
const port = parentPort;
const say = (message: ThreadMessage): void => port.postMessage(message);

try {
  const { wasm, memoryBytes } = workerData as ThreadData;
  const policy = await CheckedPolicy.load(wasm, memoryBytes);
  port.on('message', (inputJson: ArrayBuffer) => {
    try {
      say({ kind: 'answer', violations: policy.evaluate(inputJson) });
    } catch (error) {
      say({ kind: 'failed', reason: thrownText(error) });
    }
  });
  say({ kind: 'ready' });
} catch (error) {
  say({ kind: 'refused', reason: thrownText(error) });
}
