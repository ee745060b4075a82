import { Command, CommanderError } from 'commander';
import { ERROR_TABLE, messageOf, PlimsollError } from '../domain/errors.ts';
import { addAdmissionCommand } from './admission-command.ts';
import { addAdmissionServeCommand } from './admission-serve-command.ts';
import { addAgentCommand } from './agent-command.ts';
import { addBackupCommands } from './backup-command.ts';
import { addCacheCommand } from './cache-command.ts';
import { addCompareCommand } from './compare-command.ts';
import { addDatabaseCommand } from './database-command.ts';
import { addExplainCommand } from './explain-command.ts';
import { addFilesCommand } from './files-command.ts';
import { addPolicyCommand } from './policy-command.ts';
import { printable } from './printable.ts';
import { addRegistryCommand } from './registry-command.ts';
import { addScanCommand } from './scan-command.ts';
import { addSecretCommand } from './secret-command.ts';
import { addServeCommands } from './serve-command.ts';
import type { Session } from './session.ts';
import { addWebhooksCommand } from './webhooks-command.ts';

const EXAMPLES = `
Examples:
  $ plimsoll scan ./image.tar
  $ plimsoll scan rootfs:/
  $ plimsoll files --json ./image.tar
  $ plimsoll compare --engine trivy ./image.tar

More with "plimsoll scan --help".`;

/** Parses the arguments, runs one command, and answers with the exit code of the process. */
export async function runProgram(argv: readonly string[], session: Session): Promise<number> {
  let code = 0;
  const program = new Command('plimsoll')
    .description('Container lifecycle security: what is in an image, and may it ship?')
    .version(session.version, '-V, --version')
    .configureOutput({ writeOut: (text) => session.stdout.write(text), writeErr: (text) => session.stderr.write(text) })
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(add --help for usage and examples)')
    .exitOverride();
  addScanCommand(program, session, (exit) => {
    code = exit;
  });
  addCompareCommand(program, session, (exit) => {
    code = exit;
  });
  addExplainCommand(program, session);
  addFilesCommand(program, session, (exit) => {
    code = exit;
  });
  addPolicyCommand(program, session, (exit) => {
    code = exit;
  });
  addAdmissionCommand(program, session, (exit) => {
    code = exit;
  });
  addCacheCommand(program, session);
  addDatabaseCommand(program, session);
  addServeCommands(program, session);
  addBackupCommands(program, session);
  addRegistryCommand(program, session, (exit) => {
    code = exit;
  });
  addWebhooksCommand(program, session);
  addAdmissionServeCommand(program, session);
  addSecretCommand(program, session);
  addAgentCommand(program, session, (exit) => {
    code = exit;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ERROR_TABLE.USAGE.exit;
    session.stderr.write(`plimsoll: ${explain(error)}\n`);
    return error instanceof PlimsollError ? ERROR_TABLE[error.code].exit : ERROR_TABLE.INTERNAL.exit;
  }
}

/** The message, and why, down the chain of causes; an error of ours names its code. */
function explain(error: unknown): string {
  if (!(error instanceof PlimsollError)) {
    const stack = error instanceof Error ? error.stack : undefined;
    return `internal error, please report it: ${stack ?? messageOf(error)}`;
  }
  const cause = error.cause === undefined ? '' : messageOf(error.cause);
  const reason = cause === '' || error.message.includes(cause) ? '' : ` (${cause})`;
  return printable(`${error.message}${reason} [${error.code}]`);
}
