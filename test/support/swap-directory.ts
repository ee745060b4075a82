// A process of its own that swaps a directory for a link, over and over, until it is killed:
//   node swap-directory.ts DIRECTORY TARGET
// DIRECTORY.aside is where the directory is meanwhile. Every hundredth time it stays in place for a moment, so that on a
// busy machine too some readers find it. Prints "ready" once it runs.
import { renameSync, symlinkSync, unlinkSync } from 'node:fs';

const [directory, target] = process.argv.slice(2) as [string, string];
process.stdout.write('ready');
const pause = new Int32Array(new SharedArrayBuffer(4));
for (let round = 0; ; round++) {
  renameSync(directory, `${directory}.aside`);
  symlinkSync(target, directory);
  unlinkSync(directory);
  renameSync(`${directory}.aside`, directory);
  if (round % 100 === 0) Atomics.wait(pause, 0, 0, 5);
}
