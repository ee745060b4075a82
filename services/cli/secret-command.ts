import type { Command } from 'commander';
import { printable } from './printable.ts';
import type { Session } from './session.ts';
import { useOfSecret } from './webhooks-session.ts';

const SEAL_EXAMPLES = `
Examples:
  $ plimsoll secret key > sealing-keys
  $ export PLIMSOLL_SEALING_KEYS_FILE=sealing-keys
  $ openssl rand -hex 32 | plimsoll secret seal --registry main`;

const RESEAL_EXAMPLES = `
Examples:
  $ { plimsoll secret key; cat sealing-keys; } > new-keys
  $ PLIMSOLL_SEALING_KEYS_FILE=new-keys plimsoll secret reseal --registries registries.yaml
  $ head -n 1 new-keys > sealing-keys`;

/** Keys and secrets that files may hold, sealed. */
export function addSecretCommand(program: Command, session: Session): void {
  const command = program.command('secret').summary('seal secrets, so that files may hold them');
  command
    .command('key')
    .description(
      'Make a new key to seal with, a line for the file that PLIMSOLL_SEALING_KEYS_FILE names. The first line seals, every ' +
        'line opens: put a new key on top, and take the old one out when nothing sealed with it is left.',
    )
    .action(async () => {
      session.stdout.write(`${(await session.secrets()).newKey()}\n`);
    });
  command
    .command('seal')
    .description('Seal the secret on standard input (without the line break at its end) for one registry.')
    .requiredOption('--registry <id>', 'the id of the registration that it is for; it opens for no other')
    .addHelpText('after', SEAL_EXAMPLES)
    .action(async ({ registry }: { readonly registry: string }) => {
      const secrets = await session.secrets();
      const secret = secrets.read({ file: '/dev/stdin' }, useOfSecret(registry));
      session.stdout.write(`${secrets.seal(secret, useOfSecret(registry))}\n`);
    });
  command
    .command('reseal')
    .description(
      'Seal all that a file of registries holds sealed again, with the first key: then the keys behind it are needed no more.',
    )
    .requiredOption('--registries <file>', 'the file of registered registries')
    .addHelpText('after', RESEAL_EXAMPLES)
    .action(async ({ registries }: { readonly registries: string }) => {
      const { resealRegistriesFile } = await import('./registries-file.ts');
      const secrets = await session.secrets();
      const count = await resealRegistriesFile(registries, (sealed, id) => {
        const use = useOfSecret(id);
        return secrets.seal(secrets.read({ sealed }, use), use);
      });
      session.stdout.write(`${printable(registries)}: ${count} secrets are sealed with the first key\n`);
    });
}
