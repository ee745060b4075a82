import type { Command } from 'commander';
import type { AgentCommandOptions, AgentProbeOptions } from './run-agent.ts';
import type { Session } from './session.ts';

const CGROUP_ROOT = 'the cgroup v2 directory below which containers are made, as in /sys/fs/cgroup/machine.slice';
const SENSOR = 'the native half of the agent (default: the one that `npm run sensor` builds)';

/** The runtime agent: what containers do, as the kernel sees it. */
export function addAgentCommand(program: Command, session: Session): void {
  const command = program.command('agent').summary('watch what containers do (root, Linux 6.1 or later)');
  command
    .command('run')
    .description('Watch the containers below a cgroup, and print what they do as JSON lines until it is stopped.')
    .requiredOption('--cgroup-root <dir>', CGROUP_ROOT)
    .option('--sensor <file>', SENSOR)
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll agent run --cgroup-root /sys/fs/cgroup/machine.slice\n  $ plimsoll agent run --cgroup-root /sys/fs/cgroup/system.slice | grep \'"kind":"exec"\'\n\nWhat the lines mean: docs/agent.md. It observes; nothing is stopped.',
    )
    .action(async (options: AgentCommandOptions) => {
      const { runAgent } = await import('./run-agent.ts');
      await runAgent(session, options);
    });
  command
    .command('probe')
    .description('Say what this kernel lets the agent see, after a real attach of each program.')
    .requiredOption('--cgroup-root <dir>', CGROUP_ROOT)
    .option('--sensor <file>', SENSOR)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ plimsoll agent probe --cgroup-root /sys/fs/cgroup/machine.slice')
    .action(async (options: AgentProbeOptions) => {
      const { runAgentProbe } = await import('./run-agent.ts');
      await runAgentProbe(session, options);
    });
}
