// Writes the layout of the sensor's frames for the decoder, as the C compiler has it (npm run layout).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../support/repository.ts';

const SENSOR = join(REPOSITORY, 'services/agent/sensor');

/** What services/agent/sensor/layout.c prints; needs cc and nothing else. */
export function eventLayout(): unknown {
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-layout-'));
  try {
    const main = join(directory, 'main.c');
    const program = join(directory, 'layout');
    writeFileSync(main, '#include "commands.h"\nint main(void) { return command_layout(); }\n');
    execFileSync('cc', ['-I', SENSOR, '-o', program, main, join(SENSOR, 'layout.c')]);
    return JSON.parse(execFileSync(program, { encoding: 'utf8' }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const text = [
    '/** Generated from services/agent/sensor/events.h (npm run layout): of each field its offset and size in bytes. */',
    `export const LAYOUT = ${JSON.stringify(eventLayout())} as const;`,
  ];
  writeFileSync(join(REPOSITORY, 'services/domain/runtime/layout.ts'), `${text.join('\n')}\n`);
}
