import type { Command } from 'commander';
import type { FilesCommandOptions } from './run-files.ts';
import { addScanOptions } from './scan-options.ts';
import type { Session } from './session.ts';

const EXAMPLES = `
Examples:
  $ plimsoll files docker-archive:image.tar
  $ plimsoll files --inventory full --json ./image.tar | jq 'select(.owner == null)'

Columns: type and mode, size, layer, owning package, path.`;

export function addFilesCommand(program: Command, session: Session, exit: (code: number) => void): void {
  const command = program
    .command('files')
    .summary('list the files of an image after all layers')
    .description(
      'List the files of an image as a container would see them, with the layer and the package that each comes from.',
    )
    .argument('<target>', 'what to read; see "plimsoll scan --help"')
    .option('--json', 'one JSON object per line')
    .option('-o, --output <file>', 'write to this file instead of standard output');
  addScanOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (target: string, options: FilesCommandOptions) => {
      const { runFiles } = await import('./run-files.ts');
      exit(await runFiles(session, target, options));
    });
}
