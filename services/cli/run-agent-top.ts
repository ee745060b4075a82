import { PlimsollError } from '../domain/errors.ts';
import type { RuntimeRecord } from '../domain/runtime/record.ts';
import { severityOf } from '../domain/runtime/record-severity.ts';
import { watchRuntime } from '../pipeline/watch-runtime.ts';
import { parseDuration } from './duration.ts';
import { writeStream } from './output.ts';
import { printable } from './printable.ts';
import type { Session } from './session.ts';
import { type Column, layTable } from './table.ts';

export interface AgentTopOptions {
  readonly cgroupRoot: string;
  readonly sensor?: string;
  readonly every: string;
  readonly rounds?: string;
}

/** What one container, or a cgroup outside of any, did in a round. */
interface Activity {
  execs: number;
  connects: number;
  writes: number;
  others: number;
  alerts: number;
}

const COLUMNS: readonly Column[] = ['CONTAINER', 'IMAGE', 'EXECS', 'CONNECTS', 'FILES', 'OTHER', 'ALERTS'].map(
  (header) => ({ header, overflow: 'cut' }),
);
const FILES: ReadonlySet<string> = new Set(['open', 'create', 'rename', 'unlink', 'chmod']);
const CLEAR = '\u001b[H\u001b[2J';

/** `plimsoll agent top`: the busiest first, once a round. */
export async function runAgentTop(session: Session, options: AgentTopOptions): Promise<void> {
  const everyMs = parseDuration(options.every, '--every');
  const rounds = options.rounds === undefined ? Number.POSITIVE_INFINITY : Number(options.rounds);
  if (!(rounds >= 1)) throw new PlimsollError('USAGE', `--rounds "${options.rounds}" is no number from 1 up`);
  const dependencies = await session.agent({
    cgroupRoot: options.cgroupRoot,
    sensor: options.sensor ?? null,
    pins: null,
  });
  const stopping = new AbortController();
  const off = session.onStop(() => stopping.abort());
  let seen = new Map<string, Activity & { image: string }>();
  let round = 0;
  const show = async () => {
    const busiest = [...seen].sort(([, a], [, b]) => b.alerts - a.alerts || total(b) - total(a));
    seen = new Map();
    const rows = busiest.map(([name, { image, execs, connects, writes, others, alerts }]) =>
      [name, image, execs, connects, writes, others, alerts].map((value) => ({ text: String(value) })),
    );
    const text = [...layTable(COLUMNS, rows, session.stdout.columns ?? 120, (each) => each), ''].join('\n');
    await writeStream(session.stdout, session.stdout.isTTY ? `${CLEAR}${text}` : `${text}\n`);
    if (++round >= rounds) stopping.abort();
  };
  // From when it is all attached, which takes its time.
  let timer: NodeJS.Timeout | null = null;
  try {
    await watchRuntime(
      dependencies,
      async (records) => {
        timer ??= setInterval(() => void show().catch(() => stopping.abort()), everyMs);
        for (const record of records) count(seen, record);
      },
      stopping.signal,
    );
  } finally {
    if (timer !== null) clearInterval(timer);
    off();
  }
}

function total({ execs, connects, writes, others }: Activity): number {
  return execs + connects + writes + others;
}

function count(seen: Map<string, Activity & { image: string }>, record: RuntimeRecord): void {
  if (record.type !== 'event') return;
  const { event, container, cgroup } = record;
  const name = printable(container?.state?.name ?? container?.key.id ?? cgroup ?? '?');
  const image = printable(container?.state?.image.reference ?? '-');
  const activity = seen.get(name) ?? { image, execs: 0, connects: 0, writes: 0, others: 0, alerts: 0 };
  seen.set(name, activity);
  if (event.kind === 'exec') activity.execs += 1;
  else if (event.kind === 'connect') activity.connects += 1;
  else if (FILES.has(event.kind)) activity.writes += 1;
  else activity.others += 1;
  if (severityOf(record) === 'high') activity.alerts += 1;
}
