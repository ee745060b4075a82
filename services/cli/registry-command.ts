import { type Command, Option } from 'commander';
import { REGISTRY_KINDS } from '../domain/registries/registry-kind.ts';
import type { DecodeOptions } from './run-registry.ts';
import type { Session } from './session.ts';

const DECODE_EXAMPLES = `
Examples:
  $ plimsoll registry decode --kind harbor body.json
  $ plimsoll registry decode --kind ecr --host 123456789012.dkr.ecr.eu-west-1.amazonaws.com - < body.json`;

/** Registries and their webhooks. */
export function addRegistryCommand(program: Command, session: Session): void {
  const command = program.command('registry').summary('registries: what their webhooks say');
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
