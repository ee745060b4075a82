import type { Command } from 'commander';
import { collect } from './collect.ts';
import type { AgentPinsOptions, AgentProbeOptions, AgentRunOptions } from './run-agent.ts';
import type { AgentEventsOptions } from './run-agent-events.ts';
import type { AgentSelftestOptions } from './run-agent-selftest.ts';
import type { AgentStatusOptions } from './run-agent-status.ts';
import type { AgentTopOptions } from './run-agent-top.ts';
import type { AgentVerdictsOptions } from './run-agent-verdicts.ts';
import type { Session } from './session.ts';

const CGROUP_ROOT = 'the cgroup v2 directory below which containers are made, as in /sys/fs/cgroup/machine.slice';
const PINS = 'a directory of its own (a bpffs) where what is attached, and profiles, outlive the agent';
const SENSOR = 'the native half of the agent (default: the one that `npm run sensor` builds)';

/** The runtime agent: what containers do, as the kernel sees it. */
export function addAgentCommand(program: Command, session: Session, exit: (code: 0 | 2) => void): void {
  const command = program
    .command('agent')
    .summary('watch what containers do, hold them to profiles (root, Linux 6.1 or later)');
  command
    .command('run')
    .description(
      'Watch the containers below a cgroup, and print what they do as JSON lines until it is stopped. With --pins it holds containers to their profiles, also when it is gone.',
    )
    .requiredOption('--cgroup-root <dir>', CGROUP_ROOT)
    .option('--pins <dir>', `${PINS}; without it nothing is stopped, and nothing stays`)
    .option('--sensor <file>', SENSOR)
    .option('--quiet', 'nothing on standard output')
    .option('--file <file>', 'JSON lines to a file, which is rotated')
    .option('--file-size <size>', 'how large it grows', '64M')
    .option('--file-count <n>', 'how many are kept: FILE, FILE.1, FILE.2 …', '8')
    .option('--syslog <place>', 'syslog (RFC 5424): unix:/dev/log, tcp://HOST:PORT or tls://HOST:PORT')
    .option('--syslog-ca <file>', 'an authority (PEM) to trust beside those of the system')
    .option('--webhook <url>', 'POSTs of JSON arrays, signed (HMAC-SHA-256)')
    .option('--webhook-secret-file <file>', 'the secret that both sides know')
    .option('--webhook-allow <host>', 'a private host, HOST:PORT or network it may go to (repeatable)', collect, [])
    .option('--buffer <dir>', 'where records wait on disk for the webhook (default: in memory)')
    .option('--buffer-size <size>', 'how much may wait there', '256M')
    .option('--severity <level>', 'the least that goes to syslog and webhook: low, medium or high', 'medium')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll agent run --cgroup-root /sys/fs/cgroup/machine.slice\n  $ plimsoll agent run --cgroup-root /sys/fs/cgroup/system.slice | grep \'"kind":"exec"\'\n  $ plimsoll agent run --cgroup-root /sys/fs/cgroup/machine.slice --pins /run/plimsoll-pins\n  $ plimsoll agent run --cgroup-root /sys/fs/cgroup/machine.slice --quiet --file /var/log/plimsoll/agent.jsonl --syslog unix:/dev/log\n\nWhat the lines mean, and how containers get profiles: docs/agent.md.',
    )
    .action(async (options: AgentRunOptions) => {
      const { runAgent } = await import('./run-agent.ts');
      await runAgent(session, options);
    });
  command
    .command('load')
    .description(
      'Load a profile, or put it in the place of the one of its name: at once, for all containers that have it.',
    )
    .argument('<file>', 'the profile, YAML or JSON')
    .requiredOption('--pins <dir>', PINS)
    .option('--sensor <file>', SENSOR)
    .addHelpText(
      'after',
      '\nPrints each rule with the number that events name it by.\n\nExamples:\n  $ plimsoll agent load web.yaml --pins /run/plimsoll-pins',
    )
    .action(async (file: string, options: AgentPinsOptions) => {
      const { runAgentLoad } = await import('./run-agent.ts');
      await runAgentLoad(session, file, options);
    });
  command
    .command('verdicts')
    .description(
      'Write what the start gate of this node knows: by image its verdict, and the profile that its containers get.',
    )
    .argument('[reports...]', 'reports, as `plimsoll scan --format json` writes them')
    .requiredOption('--output <file>', 'the file; what it has of other images stays')
    .option('--server <url>', 'the newest verdicts of a `plimsoll serve`')
    .option('--token-file <file>', 'a token of that server, of role viewer')
    .option('--profile <digest=name>', 'the profile of an image (repeatable)', collect, [])
    .option('--replace', 'forget what the file has')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll agent verdicts report.json --output /etc/plimsoll/verdicts\n  $ plimsoll agent verdicts --server https://plimsoll.example --token-file token --output /etc/plimsoll/verdicts --replace\n  $ plimsoll agent verdicts --profile sha256:…=web --output /etc/plimsoll/verdicts\n\nHow a hook asks it: docs/agent.md.',
    )
    .action(async (reports: string[], options: AgentVerdictsOptions) => {
      const { runAgentVerdicts } = await import('./run-agent-verdicts.ts');
      await runAgentVerdicts(session, reports, options);
    });
  command
    .command('status')
    .description(
      'Say what is in force: programs, profiles, the containers that have them, what was stopped and what went unseen.',
    )
    .requiredOption('--pins <dir>', PINS)
    .option('--sensor <file>', SENSOR)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ plimsoll agent status --pins /run/plimsoll-pins')
    .action(async (options: AgentStatusOptions) => {
      const { runAgentStatus } = await import('./run-agent-status.ts');
      await runAgentStatus(session, options);
    });
  command
    .command('selftest')
    .description(
      'Try a forbidden exec, write, bind and connect in a container of our own, and say what was stopped. Exit code 2 where a control let one through that it should stop.',
    )
    .requiredOption('--cgroup-root <dir>', CGROUP_ROOT)
    .requiredOption('--pins <dir>', PINS)
    .option('--sensor <file>', SENSOR)
    .option('--every <duration>', 'again and again, until it is stopped: 60s, 5m')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll agent selftest --cgroup-root /sys/fs/cgroup/machine.slice --pins /run/plimsoll-pins --every 60s --json',
    )
    .action(async (options: AgentSelftestOptions) => {
      const { runAgentSelftest } = await import('./run-agent-selftest.ts');
      exit(await runAgentSelftest(session, options));
    });
  command
    .command('top')
    .description('Show which containers do most, again and again: programs, connections, files, what was stopped.')
    .requiredOption('--cgroup-root <dir>', CGROUP_ROOT)
    .option('--sensor <file>', SENSOR)
    .option('--every <duration>', 'how often', '2s')
    .option('--rounds <n>', 'so often, and then no more')
    .addHelpText(
      'after',
      '\nIt watches by itself, beside an agent that runs.\n\nExamples:\n  $ plimsoll agent top --cgroup-root /sys/fs/cgroup/machine.slice',
    )
    .action(async (options: AgentTopOptions) => {
      const { runAgentTop } = await import('./run-agent-top.ts');
      await runAgentTop(session, options);
    });
  command
    .command('events')
    .description(
      'Read the lines that `agent run --file` wrote, the oldest first, those of rotated files too: a line each for people, or as they are.',
    )
    .argument('<file>', 'the file of --file, or "-" for standard input')
    .option('--kind <kind>', 'only of this kind (repeatable)', collect, [])
    .option('--container <text>', 'only of containers whose name, id or image begins with this')
    .option('--severity <level>', 'only from this up: low, medium or high', 'low')
    .option('--json', 'as they are')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll agent events /var/log/plimsoll/agent.jsonl --severity high\n  $ plimsoll agent run --cgroup-root /sys/fs/cgroup/machine.slice | plimsoll agent events - --kind exec',
    )
    .action(async (file: string, options: AgentEventsOptions) => {
      const { runAgentEvents } = await import('./run-agent-events.ts');
      await runAgentEvents(session, file, options);
    });
  command
    .command('detach')
    .description('Take off all that was pinned: nothing is watched or stopped any more, and profiles are forgotten.')
    .requiredOption('--pins <dir>', PINS)
    .option('--sensor <file>', SENSOR)
    .addHelpText('after', '\nExamples:\n  $ plimsoll agent detach --pins /run/plimsoll-pins')
    .action(async (options: AgentPinsOptions) => {
      const { runAgentDetach } = await import('./run-agent.ts');
      await runAgentDetach(session, options);
    });
  command
    .command('probe')
    .description('Say what this kernel lets the agent see and stop, after a real attach of each program.')
    .requiredOption('--cgroup-root <dir>', CGROUP_ROOT)
    .option('--sensor <file>', SENSOR)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ plimsoll agent probe --cgroup-root /sys/fs/cgroup/machine.slice')
    .action(async (options: AgentProbeOptions) => {
      const { runAgentProbe } = await import('./run-agent.ts');
      await runAgentProbe(session, options);
    });
}
