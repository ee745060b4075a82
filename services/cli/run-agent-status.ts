import { kindOfNumber } from '../domain/runtime/decode-frame.ts';
import type { PinnedState } from '../domain/runtime/sensor-frame.ts';
import { tiersOf } from '../domain/runtime/tiers.ts';
import { writeStream } from './output.ts';
import type { Session } from './session.ts';
import { type Column, layTable } from './table.ts';

export interface AgentStatusOptions {
  readonly pins: string;
  readonly sensor?: string;
  readonly json?: boolean;
}

const MODES = ['observe', 'shadow', 'enforce'] as const;

/** `plimsoll agent status`. */
export async function runAgentStatus(session: Session, { pins, sensor, json }: AgentStatusOptions): Promise<void> {
  const { sensor: native } = await session.agent({ cgroupRoot: null, sensor: sensor ?? null, pins });
  const state = named(await native.status());
  await writeStream(
    session.stdout,
    json
      ? `${JSON.stringify(state, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2)}\n`
      : table(state, session.stdout.columns ?? 120),
  );
}

/** With names in the place of numbers. */
function named({ programs, profiles, containers, tallies, layout: _, ...rest }: PinnedState) {
  const attached = programs.map((name) => ({ name, hook: '', refusedAt: null, errno: 0, reason: '' }));
  return {
    ...rest,
    programs,
    controls: tiersOf({ programs: attached }).map(({ control, tier }) => ({ control, tier })),
    profiles: profiles.map(({ name, generation }) => ({ name, generation })),
    containers: containers.map(({ cgroup, profile, exec, connect, listen, file }) => ({
      cgroup,
      profile: profiles.find(({ id }) => id === profile)?.name ?? null,
      exec: MODES[exec],
      connect: MODES[connect],
      listen: MODES[listen],
      file: MODES[file],
    })),
    events: tallies.map(({ kind, ...tally }) => ({ kind: kindOfNumber(kind) ?? `kind-${kind}`, ...tally })),
  };
}

const TEXT = (header: string): Column => ({ header, overflow: 'cut' });
const EVENTS = ['EVENTS', 'TOLD', 'UNSEEN', 'STOPPED', 'WOULD STOP'].map(TEXT);
const CONTAINERS = ['CGROUP', 'PROFILE', 'EXEC', 'CONNECT', 'LISTEN', 'FILE'].map(TEXT);
const CONTROLS = ['CONTROL', 'WHAT IS FORBIDDEN IS'].map(TEXT);

function table(state: ReturnType<typeof named>, width: number): string {
  const lay = (columns: readonly Column[], rows: readonly (readonly unknown[])[]) =>
    rows.length === 0
      ? []
      : [
          ...layTable(
            columns,
            rows.map((row) => row.map((value) => ({ text: String(value ?? '-') }))),
            width,
            (text) => text,
          ),
          '',
        ];
  return [
    `${state.programs.length} programs in force, ${state.isRead ? 'an agent reads their events' : 'no agent reads their events: rules hold, what happens waits or goes unseen'}`,
    `${state.watchedCgroups} cgroups watched, ${state.refusedCgroups} not, for want of room; profiles: ${state.profiles.map(({ name }) => name).join(', ') || 'none'}`,
    '',
    ...lay(
      CONTROLS,
      state.controls.map(({ control, tier }) => [control, tier]),
    ),
    ...lay(
      CONTAINERS,
      state.containers.map(({ cgroup, profile, exec, connect, listen }) => [cgroup, profile, exec, connect, listen]),
    ),
    ...lay(
      EVENTS,
      state.events.map(({ kind, emitted, dropped, denied, wouldDeny }) => [kind, emitted, dropped, denied, wouldDeny]),
    ),
  ].join('\n');
}
