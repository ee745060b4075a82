// A process of its own that writes to a facts cache, to be killed or raced:
//   node cache-writer.ts DIRECTORY ROUNDS BLOCKS PART=NOISE...
// Prints "ready" before the first write. Each round puts `BLOCKS` blocks of each named noise under its part.
import { FileFactsCache } from '../../services/adapters/cache/file-facts-cache.ts';
import { noise } from './noise.ts';

const [directory, rounds, blocks, ...pieces] = process.argv.slice(2);
const entries = pieces.map((piece) => {
  const [part, name] = piece.split('=') as [string, string];
  return { key: { digest: `sha256:${'a'.repeat(64)}`, part }, facts: noise(name, Number(blocks)) };
});
const cache = await FileFactsCache.open({ directory: directory! });
process.stdout.write('ready');
for (let round = 0; round < Number(rounds); round++) {
  for (const { key, facts } of entries) await cache.put(key, facts);
}
