import { setTimeout as sleep } from 'node:timers/promises';
import { encodeProfile } from '../domain/runtime/encode-profile.ts';
import { errnoName } from '../domain/runtime/errno.ts';
import { readProfile } from '../domain/runtime/profile.ts';
import type { SelftestTry } from '../domain/runtime/sensor-frame.ts';
import { type ControlTier, tiersOf } from '../domain/runtime/tiers.ts';
import { parseDuration } from './duration.ts';
import { writeStream } from './output.ts';
import type { AgentSession, Session } from './session.ts';
import { type Column, layTable } from './table.ts';

export interface AgentSelftestOptions {
  readonly cgroupRoot: string;
  readonly pins: string;
  readonly sensor?: string;
  readonly every?: string;
  readonly json?: boolean;
}

/** Beside those that people name: a profile of theirs is never overwritten. */
const PROFILE = 'plimsoll-selftest';

/** One control: what the kernel can do about it, and what became of a forbidden try. */
interface Proven extends SelftestTry {
  readonly tier: ControlTier['tier'];
  /** It was stopped, or nothing in this kernel stops it. */
  readonly holds: boolean;
}

/** `plimsoll agent selftest`: 2 where a control ever let one through that it should stop. */
export async function runAgentSelftest(session: Session, options: AgentSelftestOptions): Promise<0 | 2> {
  const { cgroupRoot, pins, sensor, every, json = false } = options;
  const intervalMs = every === undefined ? null : parseDuration(every, '--every');
  const { sensor: native } = await session.agent({ cgroupRoot, sensor: sensor ?? null, pins });
  const stopping = new AbortController();
  let code: 0 | 2 = 0;
  const off = session.onStop(() => stopping.abort());
  try {
    for (;;) {
      const proven = await prove(native);
      const holds = proven.every((each) => each.holds);
      await writeStream(
        session.stdout,
        json
          ? `${JSON.stringify({ time: new Date().toISOString(), holds, tries: proven })}\n`
          : table(proven, session.stdout.columns ?? 120),
      );
      if (!holds) code = 2;
      if (intervalMs === null || stopping.signal.aborted) return code;
      await sleep(intervalMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return code;
    }
  } finally {
    off();
  }
}

async function prove(native: AgentSession['sensor']): Promise<Proven[]> {
  const program = await native.program();
  const document = {
    name: PROFILE,
    exec: { deny: [program] },
    connect: { default: 'deny' },
    listen: { default: 'deny' },
    file: { default: 'deny' },
  };
  await native.load(encodeProfile(readProfile(document, PROFILE), PROFILE).bytes);
  const { programs } = await native.status();
  const tiers = tiersOf({
    programs: programs.map((name) => ({ name, hook: '', refusedAt: null, errno: 0, reason: '' })),
  });
  const withFiles = tiers.some(({ control, tier }) => control === 'file' && tier !== 'none');
  return (await native.selftest(PROFILE, withFiles)).map((each) => {
    const tier = tiers.find(({ control }) => control === each.control)?.tier ?? 'none';
    return { ...each, tier, holds: tier === 'none' || each.outcome === tier };
  });
}

const COLUMNS: readonly Column[] = ['CONTROL', 'WHAT IS FORBIDDEN IS', 'A FORBIDDEN TRY', 'PROVEN'].map((header) => ({
  header,
  overflow: 'cut',
}));

function table(proven: readonly Proven[], width: number): string {
  const rows = proven.map(({ control, tier, outcome, errno, holds }) =>
    [
      control,
      tier,
      errno === 0 ? outcome : `${outcome} (${errnoName(errno)})`,
      tier === 'none' ? 'not stopped in this kernel' : holds ? 'yes' : 'NO',
    ].map((text) => ({ text })),
  );
  return [...layTable(COLUMNS, rows, width, (text) => text), ''].join('\n');
}
