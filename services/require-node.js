// Runs before anything else, on whatever Node is there: one clear line instead of an error from deep inside. Plain
// JavaScript, because the Node that it refuses cannot read TypeScript.
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const needed = Number(/\d+/.exec(manifest.engines.node)[0]);

if (Number.parseInt(process.versions.node, 10) < needed) {
  process.stderr.write(
    `plimsoll needs Node ${needed} or later and this is ${process.version} (${process.execPath}): ` +
      'install one from nodejs.org; in a checkout, "npm ci" without --omit=optional brings one on Linux (x64, arm64)\n',
  );
  process.exit(1);
}
