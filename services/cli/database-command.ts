import type { Command } from 'commander';
import { collect } from './collect.ts';
import type { BuildCommandOptions } from './run-database.ts';
import type { DiffCommandOptions } from './run-database-diff.ts';
import type { ImportCommandOptions, UpdateCommandOptions } from './run-database-update.ts';
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
    .option('--allow-shrunk', 'take feeds that have less than half of what they had')
    .option('-q, --quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll db build --from ./osv\n  $ plimsoll db build --from npm.zip --from known_exploited_vulnerabilities.json\n  $ plimsoll db build --from osv=./records --output ./db',
    )
    .action(async (options: BuildCommandOptions) => {
      const { runDatabaseBuild } = await import('./run-database.ts');
      await runDatabaseBuild(session, options);
    });
  const update = command
    .command('update')
    .description('Fetch the feeds that their makers publish and build the database, or pull one that is built.')
    .option('--feeds <names>', 'only these, by id or group, as in osv:npm,debian-tracker,kev (default: all)', collect)
    .option('--mirror <url>', 'fetch feeds below this address, as HOST/PATH of the public one (repeatable)', collect)
    .option('--pull <url>', 'pull a built database: https://…/db.tar.zst or oci://HOST/REPOSITORY:TAG')
    .option('--allow-missing', 'build without the feeds that cannot be fetched')
    .option('--allow-shrunk', 'take feeds that have less than half of what they had')
    .option('--list', 'list the feeds with their addresses, and fetch nothing')
    .option('--offline', 'refuse to open a connection')
    .option('--db <dir>', PLACE)
    .option('-q, --quiet', 'no progress');
  addTerms(update)
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll db update\n  $ plimsoll db update --feeds osv:npm,osv:PyPI,debian-tracker,kev,epss\n  $ plimsoll db update --mirror https://mirror.example.org/advisories\n  $ plimsoll db update --pull oci://registry.example.org/plimsoll/db:1 --key maker.pem\n\nA refresh that fails is no error while a usable database is installed: its age is told.',
    )
    .action(async (options: UpdateCommandOptions) => {
      const { runDatabaseUpdate } = await import('./run-database-update.ts');
      await runDatabaseUpdate(session, options);
    });
  command
    .command('export')
    .description('Write the database to one file: a tar archive, compressed where its name ends in .zst.')
    .argument('<file>', 'where to write it')
    .option('--sign <key>', 'sign it with a private Ed25519 key (PEM)')
    .option('--db <dir>', PLACE)
    .addHelpText(
      'after',
      '\nExamples:\n  $ openssl genpkey -algorithm ed25519 -out maker.key\n  $ plimsoll db export db.tar.zst --sign maker.key',
    )
    .action(async (file: string, options: { sign?: string; db?: string }) => {
      const { runDatabaseExport } = await import('./run-database-update.ts');
      await runDatabaseExport(session, file, options);
    });
  const imported = command
    .command('import')
    .description('Install a database from a file that "db export" wrote.')
    .argument('<file>', 'what to read')
    .option('--db <dir>', PLACE);
  addTerms(imported)
    .addHelpText(
      'after',
      '\nExamples:\n  $ openssl pkey -in maker.key -pubout -out maker.pem\n  $ plimsoll db import db.tar.zst --key maker.pem',
    )
    .action(async (file: string, options: ImportCommandOptions) => {
      const { runDatabaseImport } = await import('./run-database-update.ts');
      await runDatabaseImport(session, file, options);
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
    .description(
      'List what differs between two databases, or what that means for reports: what is to be matched again.',
    )
    .argument('<before>', 'a database directory')
    .argument('<after>', 'a database directory')
    .option(
      '--report <path>',
      'a stored report (--format json), or a folder of them: which would be another (repeatable)',
      collect,
    )
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll db diff ./db/builds/20260101T000000Z-0123456789ab ./db\n  $ plimsoll db diff ./yesterday ./today --report ./reports',
    )
    .action(async (before: string, after: string, options: DiffCommandOptions) => {
      const { runDatabaseDiff } = await import('./run-database-diff.ts');
      await runDatabaseDiff(session, before, after, options);
    });
}

/** Whose databases are taken. */
function addTerms(command: Command): Command {
  return command
    .option('--key <file>', 'trust this public Ed25519 key (PEM; repeatable; also PLIMSOLL_DB_KEYS=FILE:…)', collect)
    .option('--allow-unsigned', 'take a database that no trusted key signed')
    .option('--allow-older', 'take a database older than the installed one');
}
