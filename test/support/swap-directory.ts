// A process of its own that swaps a directory for a link, over and over, until it is killed:
//   node swap-directory.ts DIRECTORY TARGET
// DIRECTORY.aside is where the directory is meanwhile. Prints "ready" once it runs.
import { renameSync, symlinkSync, unlinkSync } from 'node:fs';

const [directory, target] = process.argv.slice(2) as [string, string];
process.stdout.write('ready');
for (;;) {
  renameSync(directory, `${directory}.aside`);
  symlinkSync(target, directory);
  unlinkSync(directory);
  renameSync(`${directory}.aside`, directory);
}
