import type { Command } from 'commander';
import { addRegistryOptions } from './registry-options.ts';
import type { ListOptions } from './run-registry-list.ts';
import type { Session } from './session.ts';

const EXAMPLES = `
Examples:
  $ plimsoll registry tags ghcr.io/org/app
  $ plimsoll registry catalog localhost:5000
  $ plimsoll registry catalog registry.example.com --json | jq -r '.repositories[]'
  $ plimsoll registry referrers ghcr.io/org/app:1.2`;

/** What registries hold; below `plimsoll registry`. */
export function addRegistryListCommands(command: Command, session: Session): void {
  const add = (name: string, argument: string, meaning: string, description: string): void => {
    addRegistryOptions(command.command(name).description(description).argument(argument, meaning))
      .option('--json', 'write JSON')
      .addHelpText('after', EXAMPLES)
      .action(async (asked: string, options: ListOptions) => {
        const { runRegistryList } = await import('./run-registry-list.ts');
        await runRegistryList(session, name as 'tags' | 'catalog' | 'referrers', asked, options);
      });
  };
  add('tags', '<repository>', '[HOST/]REPOSITORY', 'List the tags of a repository.');
  add('catalog', '<host>', 'HOST[:PORT]', 'List the repositories of a registry. Hosted ones have no such list.');
  add(
    'referrers',
    '<image>',
    '[HOST/]REPOSITORY[:TAG|@DIGEST]',
    'List what a registry keeps about an image: signatures, SBOMs, attestations.',
  );
}
