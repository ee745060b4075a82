import type { Command } from 'commander';
import type { WebhooksOptions } from './run-webhooks.ts';
import type { Session } from './session.ts';

const EXAMPLES = `
Examples:
  $ plimsoll webhooks --registries registries.yaml --dry-run
  $ plimsoll webhooks --registries registries.yaml --listen '[::]:8443' --tls-cert cert.pem --tls-key key.pem --dry-run

Deliveries come to POST /webhooks/registry/KIND/ID; "plimsoll registry show" says what to enter in each registry.
/livez and /readyz answer 200. SIGTERM lets requests end that have begun.`;

export function addWebhooksCommand(program: Command, session: Session): void {
  program
    .command('webhooks')
    .summary('receive the webhooks of registries')
    .description(
      'Receive the webhooks of registered registries: each delivery must prove who sent it, and is answered 202 once it is recorded. ' +
        'Logs are JSON lines on standard error.',
    )
    .requiredOption('--registries <file>', 'the registered registries; see "plimsoll registry add"')
    .option('--listen <host:port>', 'where to listen', '127.0.0.1:8080')
    .option('--tls-cert <file>', 'certificate chain in PEM: speak TLS (else plain HTTP, for a proxy in front)')
    .option('--tls-key <file>', 'its key in PEM')
    .option('--metrics <host:port>', 'tell /metrics (Prometheus) at this address')
    .option('--dry-run', 'record nothing: write what is accepted to standard output, one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action(async (options: WebhooksOptions) => {
      const { runWebhooks } = await import('./run-webhooks.ts');
      await runWebhooks(session, options);
    });
}
