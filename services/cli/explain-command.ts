import type { Command } from 'commander';
import { addMatchingOptions } from './matching-options.ts';
import type { ExplainCommandOptions } from './run-explain.ts';
import { addSbomOption, addScanOptions } from './scan-options.ts';
import type { Session } from './session.ts';

const EXAMPLES = `
Examples:
  $ plimsoll explain ./image.tar CVE-2024-6119
  $ plimsoll explain sbom:report.json GHSA-jfh8-c2jp-5v3q --vex app.openvex.json
  $ plimsoll explain ./image.tar CVE-2024-6119 --package libssl3
  $ plimsoll explain --json ./image.tar CVE-2024-6119 | jq '.packages[] | {purl, state}'

Exit codes: 0 whatever the answer is; 1 error.`;

export function addExplainCommand(program: Command, session: Session): void {
  const command = program
    .command('explain')
    .summary('show why a vulnerability is, or is not, in a report')
    .description(
      'Show which records speak of a vulnerability, which comparisons were made, what was suppressed, and why it does not match.',
    )
    .argument('<target>', 'what to read; see "plimsoll scan --help"')
    .argument('<id>', 'CVE-…, GHSA-… or any other name of it')
    .option('--package <name>', 'only packages of this name, source package or purl; also where no record names them')
    .option('--json', 'the explanation as JSON');
  addMatchingOptions(addSbomOption(addScanOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action(async (target: string, id: string, options: ExplainCommandOptions) => {
      const { runExplain } = await import('./run-explain.ts');
      await runExplain(session, target, id, options);
    });
}
