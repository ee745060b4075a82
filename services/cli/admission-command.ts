import { type Command, Option } from 'commander';
import { collect } from './collect.ts';
import type { AdmissionTestOptions } from './run-admission-test.ts';
import type { Session } from './session.ts';

const EXAMPLES = `
Examples:
  $ plimsoll admission test deployment.yaml
  $ helm template web ./chart | plimsoll admission test -
  $ kustomize build ./overlay | plimsoll admission test --namespace shop --config policy.yaml -
  $ plimsoll admission test --params pod_security.level=restricted deploy/*.yaml
  $ plimsoll scan --format json=app.json registry.example.com/app:1.2
  $ plimsoll admission test --report app.json deployment.yaml

Exit codes: 0 admitted, 2 denied, 3 nobody can tell (an image of which no scan is known), 1 error.`;

/** What the cluster would say of objects, before it is asked. */
export function addAdmissionCommand(program: Command, session: Session, exit: (code: number) => void): void {
  const command = program.command('admission').summary('judge Kubernetes manifests as the cluster would');
  command
    .command('test')
    .description('Judge Kubernetes manifests by the rules of admission: YAML of several documents, JSON, Lists.')
    .argument('<file...>', 'manifests; - is standard input')
    .option('--namespace <name>', 'for objects that name none', 'default')
    .option('--config <file>', 'settings (policy.yaml): modes, parameters, exceptions, exempt namespaces')
    .option(
      '--policy <path>',
      'judge by this bundle or directory of Rego too; PATH@sha256:HEX: by that one or none (repeatable)',
      collect,
    )
    .option(
      '--params <rule.name=value>',
      'a parameter of a rule, as YAML, above the settings (repeatable)',
      collect,
      [],
    )
    .option('--report <file>', 'what "scan --format json" found of an image (repeatable)', collect, [])
    .addOption(
      new Option(
        '--unknown <mode>',
        'what becomes of images of which no scan is known (default: what settings say)',
      ).choices(['deny', 'warn', 'allow']),
    )
    .addOption(new Option('--format <format>', 'how to answer').choices(['table', 'json']).default('table'))
    .addHelpText('after', EXAMPLES)
    .action(async (files: string[], options: AdmissionTestOptions) => {
      const { runAdmissionTest } = await import('./run-admission-test.ts');
      exit(await runAdmissionTest(session, files, options));
    });
}
