import { Worker } from 'node:worker_threads';
import { CheckedPolicy, thrownText } from './checked-policy.ts';
import type { ProcessMessage, ProcessTask } from './protocol.ts';

// Runs in a process of its own, which is killed from outside where the policy does not end by itself. Its argument is the process that it
// works for.
if (process.send === undefined) throw new Error('policy-process.ts is forked only');
const say = (message: ProcessMessage): void => void process.send!(message);

/** While a policy runs nothing else does in its thread: without a watch in another, one that never ends would outlive a killed Plimsoll. */
const WATCH = `setInterval(() => {
  if (process.ppid !== ${Number(process.argv[2])}) process.kill(process.pid, 'SIGKILL');
}, 1_000);`;
new Worker(WATCH, { eval: true, env: {} }).unref();

let policy: CheckedPolicy | null = null;
process.on('message', (task: ProcessTask) => {
  try {
    if (task.kind === 'load') {
      policy = CheckedPolicy.load(ownBytes(task.wasm), task.memoryBytes);
      return say({ kind: 'ready' });
    }
    if (policy === null) throw new Error('it was asked before it was loaded');
    say({ kind: 'answer', violations: policy.evaluate(ownBytes(task.json).buffer) });
  } catch (error) {
    say({ kind: task.kind === 'load' ? 'refused' : 'failed', reason: thrownText(error) });
  }
});

/** What arrives may be a view into a larger message. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
