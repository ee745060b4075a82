import { type Command, Option } from 'commander';
import { SEVERITIES } from '../domain/verdict/gate.ts';
import { collect } from './collect.ts';

/** What every command that comes to a verdict takes. */
export interface VerdictOptions {
  /** Paths of further policies; false: nothing is judged. */
  readonly policy?: readonly string[] | false;
  readonly config?: string;
  readonly failOn?: (typeof SEVERITIES)[number];
  readonly severity?: string;
  readonly ignoreUnfixed?: boolean;
  readonly against?: string;
}

export function addVerdictOptions(command: Command): Command {
  return command
    .option(
      '--config <file>',
      'settings (policy.yaml): modes, parameters, exceptions, where engines are; see docs/policy.md',
    )
    .option(
      '--policy <path>',
      'judge by this bundle or directory of Rego too; PATH@sha256:HEX: by that one or none (repeatable)',
      collect,
    )
    .addOption(
      new Option('--fail-on <severity>', 'fail at vulnerabilities of this severity and above, fixable or not').choices(
        SEVERITIES,
      ),
    )
    .option('--severity <list>', 'show and judge only these severities, as in critical,high')
    .option('--ignore-unfixed', 'show and judge only vulnerabilities that have a fix')
    .option('--against <report>', 'only what this older JSON report does not show fails');
}
