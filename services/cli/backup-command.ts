import type { Command } from 'commander';
import type { BackupCommandOptions, RestoreCommandOptions } from './run-backup.ts';
import type { Session } from './session.ts';

/** A copy of the store of `serve`, and the way back. */
export function addBackupCommands(program: Command, session: Session): void {
  const withStore = (name: string): Command =>
    program
      .command(name)
      .argument('<file>', 'the backup; - for standard input or output')
      .option('--config <file>', 'settings of the server (YAML), which say where its store is')
      .option('--data <dir>', 'data directory of the server (PLIMSOLL_DATA_DIR; default /var/lib/plimsoll)')
      .option('--quiet', 'say nothing but errors');
  withStore('backup')
    .summary('copy all that plimsoll serve has stored into one file')
    .description(
      'Copy the store as it is at one moment, while servers go on: of the private PostgreSQL, or of that of DATABASE_URL. No secret is in it: tokens are stored as their SHA-256.',
    )
    .option('--no-tokens', 'without the tokens of the API: the first start after a restore makes a new one')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll backup --data ./data plimsoll.backup\n  $ DATABASE_URL=postgres://… plimsoll backup - | age -r age1… > plimsoll.backup.age',
    )
    .action(async (file: string, options: BackupCommandOptions) => {
      const { runBackup } = await import('./run-backup.ts');
      await runBackup(session, file, options);
    });
  withStore('restore')
    .summary('put a backup into a store, all of it or nothing')
    .description(
      'Put a backup into a store, in one transaction: into an empty one, or with --replace in the place of all that it holds. Of any PostgreSQL from 15 on, private or external, and of this version of Plimsoll or an older one.',
    )
    .option('--replace', 'give up what the store holds')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll restore --data ./data plimsoll.backup\n  $ DATABASE_URL=postgres://… plimsoll restore --replace plimsoll.backup',
    )
    .action(async (file: string, options: RestoreCommandOptions) => {
      const { runRestore } = await import('./run-backup.ts');
      await runRestore(session, file, options);
    });
}
