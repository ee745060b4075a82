import type { Command } from 'commander';
import type { PruneCommandOptions } from './run-cache.ts';
import type { Session } from './session.ts';

/** Facts of layers are kept between scans; these commands show and shrink them. */
export function addCacheCommand(program: Command, session: Session): void {
  const command = program.command('cache').summary('show or shrink the kept facts of layers');
  command
    .command('info')
    .description('Show where facts of layers are kept, and how many.')
    .option('--cache-dir <dir>', 'the cache directory')
    .action(async ({ cacheDir }: { cacheDir?: string }) => {
      const { runCacheInfo } = await import('./run-cache.ts');
      await runCacheInfo(session, cacheDir);
    });
  command
    .command('prune')
    .description('Remove kept facts; what is needed again is read again.')
    .option('--all', 'remove everything')
    .option('--older-than <duration>', 'remove what was not used for so long, as in 7d')
    .option('--max-size <size>', 'remove the least recently used until this is left, as in 500M')
    .option('--cache-dir <dir>', 'the cache directory')
    .addHelpText('after', '\nExamples:\n  $ plimsoll cache prune --older-than 14d\n  $ plimsoll cache prune --all')
    .action(async (options: PruneCommandOptions) => {
      const { runCachePrune } = await import('./run-cache.ts');
      await runCachePrune(session, options);
    });
}
