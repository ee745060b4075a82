import { type Command, Option } from 'commander';
import { REGISTRY_KINDS } from '../domain/registries/registry-kind.ts';
import { addRegistryListCommands } from './registry-list-command.ts';
import type { DecodeOptions } from './run-registry.ts';
import type { AddRegistryOptions } from './run-registry-add.ts';
import type { RetentionOptions } from './run-registry-retention.ts';
import type { Session } from './session.ts';

const DECODE_EXAMPLES = `
Examples:
  $ plimsoll registry decode --kind harbor body.json
  $ plimsoll registry decode --kind ecr --host 123456789012.dkr.ecr.eu-west-1.amazonaws.com - < body.json`;

const ADD_EXAMPLES = `
Examples:
  $ plimsoll registry add main --kind harbor --host harbor.example.org \\
      --registries registries.yaml --url https://plimsoll.example.org
  $ plimsoll registry add images --kind ghcr --secret-file hook-secret --registries registries.yaml --url https://plimsoll.example.org
  $ plimsoll registry add prod --kind ecr --host 123456789012.dkr.ecr.eu-west-1.amazonaws.com \\
      --topic arn:aws:sns:eu-west-1:123456789012:images --registries registries.yaml --url https://plimsoll.example.org

Without --secret-file and --secret-env a secret is made, and sealed with the key of PLIMSOLL_SEALING_KEYS_FILE
("plimsoll secret key" makes one).`;

const URL = 'where Plimsoll is reached from the registry: https://HOST[/PATH]';
const FILE = 'the file of registered registries';

/** Registries and their webhooks. */
export function addRegistryCommand(program: Command, session: Session, exit: (code: number) => void): void {
  const command = program.command('registry').summary('registries: what they hold, and whose webhooks are received');
  addRegistryListCommands(command, session);
  command
    .command('add')
    .description('Register a registry, and print what to enter there so that it tells Plimsoll of pushes.')
    .argument('<id>', 'a name of your choice: a-z, 0-9, -')
    .addOption(new Option('--kind <kind>', 'of the registry').choices(REGISTRY_KINDS).makeOptionMandatory())
    .requiredOption('--registries <file>', `${FILE}; made where it is not there`)
    .requiredOption('--url <url>', URL)
    .option('--host <host[:port]>', 'of the registry (needed but for ghcr and docker-hub)')
    .option('--http', 'the registry speaks no TLS')
    .option(
      '--method <method>',
      'how a delivery proves who sent it: bearer, basic, header, hmac, path, sns (default: the first of its kind)',
    )
    .option('--username <name>', 'of basic')
    .option('--header <name>', 'of header')
    .option('--topic <arn>', 'of sns')
    .option('--repositories <glob>', 'only these (repeatable; ! takes out)', (glob: string, before: string[] = []) => [
      ...before,
      glob,
    ])
    .option('--secret-file <file>', 'the secret is in this file')
    .option('--secret-env <name>', 'the secret is in this variable')
    .addHelpText('after', ADD_EXAMPLES)
    .action(async (id: string, options: AddRegistryOptions) => {
      const { runRegistryAdd } = await import('./run-registry-add.ts');
      await runRegistryAdd(session, id, options);
    });
  command
    .command('show')
    .description('Print again what to enter in a registered registry. It holds the secret.')
    .argument('<id>', 'of the registration')
    .requiredOption('--registries <file>', FILE)
    .requiredOption('--url <url>', URL)
    .action(async (id: string, options: { readonly registries: string; readonly url: string }) => {
      const { runRegistryShow } = await import('./run-registry-add.ts');
      await runRegistryShow(session, id, options);
    });
  command
    .command('check')
    .description(
      'Read what a sweep of a registered registry would: its repositories and tags, with the credentials of the registration. ' +
        'Ends with 3 where something could not be read.',
    )
    .argument('<id>', 'of the registration')
    .requiredOption('--registries <file>', FILE)
    .action(async (id: string, options: { readonly registries: string }) => {
      const { runRegistryCheck } = await import('./run-registry-check.ts');
      exit(await runRegistryCheck(session, id, options.registries));
    });
  command
    .command('list')
    .description('List the registered registries.')
    .requiredOption('--registries <file>', FILE)
    .action(async (options: { readonly registries: string }) => {
      const { runRegistryList } = await import('./run-registry.ts');
      await runRegistryList(session, options.registries);
    });
  command
    .command('retention')
    .description(
      'List the images that the rules of retention in the settings of a server would take away from its store now, and why. ' +
        'Nothing is taken away: servers do that by themselves, every hour.',
    )
    .option('--config <file>', 'settings of the server (YAML): the rules, and where its store is')
    .option('--data <dir>', 'data directory of the server (PLIMSOLL_DATA_DIR; default /var/lib/plimsoll)')
    .option('--json', 'write JSON')
    .addHelpText('after', '\nExample:\n  $ plimsoll registry retention --config serve.yaml')
    .action(async (options: RetentionOptions) => {
      const { runRegistryRetention } = await import('./run-registry-retention.ts');
      await runRegistryRetention(session, options);
    });
  command
    .command('decode')
    .description(
      "Show what the body of a registry's webhook means to Plimsoll: the pushes and deletions in it, what is ignored, and what is " +
        'wrong with it. Nothing is sent and nothing is stored.',
    )
    .argument('<file>', 'the body of the request; - for standard input')
    .addOption(new Option('--kind <kind>', 'of the registry').choices(REGISTRY_KINDS).makeOptionMandatory())
    .option('--host <host>', 'of the registry: events of another one (ECR) are left out')
    .option('--json', 'write JSON')
    .addHelpText('after', DECODE_EXAMPLES)
    .action(async (file: string, options: DecodeOptions) => {
      const { runRegistryDecode } = await import('./run-registry.ts');
      runRegistryDecode(session, file, options);
    });
}
