import type { SensorPrograms } from '../domain/runtime/sensor-frame.ts';
import { watchRuntime } from '../pipeline/watch-runtime.ts';
import { writeStream } from './output.ts';
import { renderRecord } from './render-record.ts';
import type { Session } from './session.ts';
import { type Column, layTable } from './table.ts';

export interface AgentCommandOptions {
  readonly cgroupRoot: string;
  readonly sensor?: string;
}

export interface AgentProbeOptions extends AgentCommandOptions {
  readonly json?: boolean;
}

/** `plimsoll agent run`: JSON lines until a signal comes or nobody reads any more. */
export async function runAgent(session: Session, { cgroupRoot, sensor }: AgentCommandOptions): Promise<void> {
  const dependencies = await session.agent({ cgroupRoot, sensor: sensor ?? null, pins: null });
  const stopping = new AbortController();
  const off = session.onStop(() => stopping.abort());
  const onClose = (): void => stopping.abort();
  session.stdout.once('close', onClose);
  try {
    await watchRuntime(
      dependencies,
      (records) => writeStream(session.stdout, records.map(renderRecord).join('')),
      stopping.signal,
    );
  } finally {
    session.stdout.off('close', onClose);
    off();
  }
}

/** `plimsoll agent probe`. */
export async function runAgentProbe(session: Session, { cgroupRoot, sensor, json }: AgentProbeOptions): Promise<void> {
  const { sensor: native } = await session.agent({ cgroupRoot, sensor: sensor ?? null, pins: null });
  const probed = await native.probe();
  await writeStream(
    session.stdout,
    json ? `${JSON.stringify(probed, null, 2)}\n` : probeTable(probed, session.stdout.columns ?? 120),
  );
}

const COLUMNS: readonly Column[] = [
  { header: 'PROGRAM', overflow: 'cut' },
  { header: 'HOOK', overflow: 'cut' },
  { header: 'HERE', overflow: 'wrap' },
];

function probeTable({ programs }: SensorPrograms, width: number): string {
  const rows = programs.map(({ name, hook, refusedAt, reason }) => {
    return [name, hook, refusedAt === null ? 'yes' : `no: ${refusedAt} refused (${reason})`].map((text) => ({ text }));
  });
  return `${layTable(COLUMNS, rows, width, (text) => text).join('\n')}\n`;
}
