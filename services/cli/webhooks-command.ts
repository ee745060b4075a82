import type { Command } from 'commander';
import type { WebhooksOptions } from './run-webhooks.ts';
import type { Session } from './session.ts';

const EXAMPLES = `
Examples:
  $ plimsoll webhooks --registries registries.yaml --dry-run
  $ DATABASE_URL=postgres://… REDIS_URL=redis://… plimsoll webhooks --registries registries.yaml

Deliveries come to POST /webhooks/registry/KIND/ID; "plimsoll registry show" says what to enter in each registry. SIGTERM lets
requests end that have begun.`;

export function addWebhooksCommand(program: Command, session: Session): void {
  program
    .command('webhooks')
    .summary('the webhooks of registries alone, beside workers elsewhere')
    .description(
      'Receive the webhooks of registered registries: each delivery must prove who sent it, and is answered 202 once it and the ' +
        'scans that follow are recorded. "plimsoll serve" does it too. Needs DATABASE_URL, and REDIS_URL for many.',
    )
    .option('--config <file>', 'settings (YAML); the environment goes before them: see docs/serve.md')
    .option('--registries <file>', 'the registered registries (PLIMSOLL_REGISTRIES); see "plimsoll registry add"')
    .option('--listen <address:port>', 'where to listen (PLIMSOLL_LISTEN; default 127.0.0.1:8300)')
    .option(
      '--traces <url>',
      'send traces to this collector, OTLP over HTTP (OTEL_EXPORTER_OTLP_ENDPOINT; default: none)',
    )
    .option('--dry-run', 'record nothing: write what is accepted to standard output, one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action(async (options: WebhooksOptions) => {
      const { runWebhooks } = await import('./run-webhooks.ts');
      await runWebhooks(session, options);
    });
}
