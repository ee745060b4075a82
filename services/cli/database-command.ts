import type { Command } from 'commander';
import type { BuildCommandOptions } from './run-database.ts';
import { collect } from './scan-options.ts';
import type { Session } from './session.ts';

const PLACE = 'the database directory (default: $XDG_DATA_HOME/plimsoll/db)';

/** The advisory database: what vulnerabilities are looked up in. */
export function addDatabaseCommand(program: Command, session: Session): void {
  const command = program.command('db').summary('build, check and move the advisory database');
  command
    .command('build')
    .description('Build the advisory database from feeds on disk, and make it the installed one.')
    .requiredOption(
      '--from <[kind=]path>',
      'a folder (ECOSYSTEM/all.zip as OSV exports it, or any other), an archive or a file; told by content (repeatable)',
      collect,
    )
    .option('--output <dir>', PLACE)
    .option('-q, --quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll db build --from ./osv\n  $ plimsoll db build --from npm.zip --from known_exploited_vulnerabilities.json\n  $ plimsoll db build --from osv=./records --output ./db',
    )
    .action(async (options: BuildCommandOptions) => {
      const { runDatabaseBuild } = await import('./run-database.ts');
      await runDatabaseBuild(session, options);
    });
  command
    .command('status')
    .description('Show which advisory database is installed, how old it is, and what its feeds hold.')
    .option('--db <dir>', PLACE)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ plimsoll db status\n  $ plimsoll db status --json --db ./db')
    .action(async (options: { db?: string; json?: boolean }) => {
      const { runDatabaseStatus } = await import('./run-database.ts');
      await runDatabaseStatus(session, options);
    });
  command
    .command('verify')
    .description('Read the whole database and compare it with its digests.')
    .option('--db <dir>', PLACE)
    .addHelpText('after', '\nExample:\n  $ plimsoll db verify')
    .action(async (options: { db?: string }) => {
      const { runDatabaseVerify } = await import('./run-database.ts');
      await runDatabaseVerify(session, options);
    });
  command
    .command('diff')
    .description('List the packages whose advisories differ between two databases: what is to be matched again.')
    .argument('<before>', 'a database directory')
    .argument('<after>', 'a database directory')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  $ plimsoll db diff ./db/builds/20260101T000000Z-0123456789ab ./db')
    .action(async (before: string, after: string, options: { json?: boolean }) => {
      const { runDatabaseDiff } = await import('./run-database.ts');
      await runDatabaseDiff(session, before, after, options);
    });
}
