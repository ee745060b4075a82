import type { Command } from 'commander';
import { addEngineOptions } from './engine-options.ts';
import type { CompareCommandOptions } from './run-compare.ts';
import { addSbomOption, addScanOptions } from './scan-options.ts';
import type { Session } from './session.ts';

const EXAMPLES = `
Examples:
  $ plimsoll compare ./image.tar
  $ plimsoll compare --engine syft --engine-path syft=/opt/syft/syft oci-dir:./layout:latest
  $ plimsoll compare --json ./image.tar | jq '.differences[] | select(.missing[].reason == "unknown")'

Without --engine: trivy and syft.

Exit codes: 0 all could be compared, whatever the differences; 3 something was not read, or an engine failed; 1 error.`;

export function addCompareCommand(program: Command, session: Session, exit: (code: number) => void): void {
  const command = program
    .command('compare')
    .summary('show what other scanners find, and why they differ')
    .description(
      'Let Trivy and Syft look at the same target, and show side by side what each found and why they differ.',
    )
    .argument('<target>', 'what to read; see "plimsoll scan --help"')
    .option('--config <file>', 'settings: where engines are, and what they hash to; see docs/engines.md')
    .option('--json', 'the comparison as JSON, with every difference')
    .option('-o, --output <file>', 'write to this file instead of standard output');
  addEngineOptions(addSbomOption(addScanOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action(async (target: string, options: CompareCommandOptions) => {
      const { runCompare } = await import('./run-compare.ts');
      exit(await runCompare(session, target, options));
    });
}
