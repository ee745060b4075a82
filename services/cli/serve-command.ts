import type { Command } from 'commander';
import type { ServeCommandOptions } from './server-settings-file.ts';
import type { ServeRole, Session } from './session.ts';

const COMMANDS: readonly { role: ServeRole; summary: string; description: string; example: string }[] = [
  {
    role: 'serve',
    summary: 'receive webhooks, scan, keep reports and answer an API, all in one process',
    description:
      'Scan what registries tell of and what is asked for, keep reports and verdicts, and answer them by an API. With a private PostgreSQL in its data directory, where none is given.',
    example: '  $ plimsoll serve\n  $ PLIMSOLL_DATA_DIR=./data plimsoll serve --config serve.yaml',
  },
  {
    role: 'api',
    summary: 'the API alone, beside workers elsewhere',
    description: 'Answer the API; jobs are done by plimsoll worker. Needs DATABASE_URL, and REDIS_URL for many.',
    example: '  $ DATABASE_URL=postgres://… REDIS_URL=redis://… plimsoll api',
  },
  {
    role: 'worker',
    summary: 'a worker alone, beside an API elsewhere',
    description: 'Do jobs; answers /livez, /readyz and /metrics. Needs DATABASE_URL, and REDIS_URL for many.',
    example: '  $ DATABASE_URL=postgres://… REDIS_URL=redis://… plimsoll worker',
  },
];

/** Servers. They end on SIGTERM or SIGINT, when what they have begun is done. */
export function addServeCommands(program: Command, session: Session): void {
  for (const { role, summary, description, example } of COMMANDS) {
    program
      .command(role)
      .summary(summary)
      .description(description)
      .option('--config <file>', 'settings (YAML); the environment goes before them: see docs/serve.md')
      .option('--listen <address:port>', 'where the API listens (PLIMSOLL_LISTEN; default 127.0.0.1:8300)')
      .option('--registries <file>', 'registered registries (PLIMSOLL_REGISTRIES): "plimsoll registry add" writes it')
      .option('--data <dir>', 'store, facts and socket (PLIMSOLL_DATA_DIR; default /var/lib/plimsoll)')
      .option(
        '--traces <url>',
        'send traces to this collector, OTLP over HTTP (OTEL_EXPORTER_OTLP_ENDPOINT; default: none)',
      )
      .addHelpText('after', `\nExamples:\n${example}`)
      .action(async (options: ServeCommandOptions) => {
        const { runServe } = await import('./run-serve.ts');
        await runServe(session, role, options);
      });
  }
}
