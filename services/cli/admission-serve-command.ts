import type { Command } from 'commander';
import type { ServeCommandOptions } from './server-settings-file.ts';
import type { Session } from './session.ts';

const SERVE_EXAMPLES = `
Examples:
  $ DATABASE_URL=postgres://… plimsoll admission serve --config serve.yaml
  $ plimsoll admission serve --config serve.yaml --listen 0.0.0.0:8443 --health 0.0.0.0:8300

Reviews come to POST /admission/validate/critical and /admission/validate; --health answers /livez, /readyz and /metrics. The section
"admission" of the settings says who may ask, and with which certificate: see docs/admission.md. SIGTERM lets reviews end that
have begun.`;

export function addAdmissionServeCommand(program: Command, session: Session): void {
  const admission = program.commands.find((each) => each.name() === 'admission') ?? program.command('admission');
  admission
    .command('serve')
    .summary('answer the reviews of API servers')
    .description(
      'Answer AdmissionReviews of Kubernetes by the same policies as scans, from verdicts that are known already: no registry is asked and ' +
        'nothing is scanned while a review waits. "plimsoll serve" does it too where its settings have a section "admission". Needs DATABASE_URL, ' +
        'and REDIS_URL for many.',
    )
    .option('--config <file>', 'settings (YAML); the environment goes before them: see docs/admission.md')
    .option('--listen <address:port>', 'where reviews come to (PLIMSOLL_ADMISSION_LISTEN; default 0.0.0.0:8443)')
    .option('--health <address:port>', 'health and metrics (PLIMSOLL_LISTEN; default 127.0.0.1:8300)')
    .option('--registries <file>', 'registered registries, whose unknown images are scanned (PLIMSOLL_REGISTRIES)')
    .addHelpText('after', SERVE_EXAMPLES)
    .action(async ({ listen, health, ...options }: ServeCommandOptions & { readonly health?: string }) => {
      const { runServe } = await import('./run-serve.ts');
      await runServe(session, 'admission', {
        ...options,
        ...(health !== undefined && { listen: health }),
        ...(listen !== undefined && { admissionListen: listen }),
      });
    });
}
