import type { Command } from 'commander';
import type { BuildPolicyOptions, EvaluateOptions, ListOptions, TestPolicyOptions } from './run-policy.ts';
import type { Session } from './session.ts';
import { addVerdictOptions } from './verdict-options.ts';

const OPA = 'the opa executable (default: the one in PATH)';

/** Rules and the bundles that they are compiled into. */
export function addPolicyCommand(program: Command, session: Session, exit: (code: number) => void): void {
  const command = program.command('policy').summary('build, test and try the rules that images are judged by');
  command
    .command('build')
    .description('Compile a directory of Rego into a bundle: policy.wasm and manifest.json. Needs opa.')
    .argument('<dir>', 'where the .rego files are')
    .requiredOption('-o, --output <dir>', 'where the bundle goes')
    .option('--name <name>', 'of the bundle (default: that of the directory)')
    .option('--opa <path>', OPA, 'opa')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll policy build ./rules -o ./bundle\n  $ plimsoll scan --policy ./bundle@sha256:HEX ./image.tar',
    )
    .action(async (directory: string, options: BuildPolicyOptions) => {
      const { runPolicyBuild } = await import('./run-policy.ts');
      await runPolicyBuild(session, directory, options);
    });
  command
    .command('test')
    .description(
      'Run the Rego tests (*_test.rego) of a directory, and its samples through the compiled bundle. Needs opa.',
    )
    .argument('<dir>', 'where the .rego files are')
    .option('--opa <path>', OPA, 'opa')
    .action(async (directory: string, options: TestPolicyOptions) => {
      const { runPolicyTest } = await import('./run-policy.ts');
      exit(await runPolicyTest(session, directory, options));
    });
  addVerdictOptions(
    command
      .command('eval')
      .description('Judge a report that "scan --format json" wrote, and answer with the exit code of its verdict.')
      .argument('<report>', 'a Report v1, or what --platform all wrote')
      .option('--json', 'write the verdict as JSON'),
  ).action(async (report: string, options: EvaluateOptions) => {
    const { runPolicyEval } = await import('./run-policy.ts');
    exit(await runPolicyEval(session, report, options));
  });
  command
    .command('list')
    .description('List the rules: mode, level, policy, title.')
    .option('--config <file>', 'settings, whose modes are shown')
    .option(
      '--policy <path>',
      'list the rules of this policy too (repeatable)',
      (path: string, before: string[] = []) => [...before, path],
    )
    .option('--json', 'write everything that is known of them as JSON')
    .action(async (options: ListOptions) => {
      const { runPolicyList } = await import('./run-policy.ts');
      await runPolicyList(session, options);
    });
}
