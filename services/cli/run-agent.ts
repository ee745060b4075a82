import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { encodeProfile } from '../domain/runtime/encode-profile.ts';
import { readProfile } from '../domain/runtime/profile.ts';
import type { SensorPrograms } from '../domain/runtime/sensor-frame.ts';
import { tiersOf } from '../domain/runtime/tiers.ts';
import { watchRuntime } from '../pipeline/watch-runtime.ts';
import { AgentOutlets } from './agent-outlets.ts';
import { writeStream } from './output.ts';
import { readDocument } from './read-document.ts';
import type { Session } from './session.ts';
import { parseSinkOptions, type SinkCommandOptions } from './sink-options.ts';
import { type Column, layTable } from './table.ts';

export interface AgentCommandOptions {
  readonly cgroupRoot: string;
  readonly sensor?: string;
  readonly pins?: string;
}

export type AgentRunOptions = AgentCommandOptions & SinkCommandOptions;

export interface AgentPinsOptions {
  readonly pins: string;
  readonly sensor?: string;
}

export interface AgentProbeOptions extends AgentCommandOptions {
  readonly json?: boolean;
}

/** `plimsoll agent run`: until a signal comes, or nobody reads standard output any more. */
export async function runAgent(session: Session, options: AgentRunOptions): Promise<void> {
  const { cgroupRoot, sensor, pins, quiet = false } = options;
  const settings = parseSinkOptions(options);
  const { openOutlets, ...dependencies } = await session.agent({
    cgroupRoot,
    sensor: sensor ?? null,
    pins: pins ?? null,
  });
  const outlets = new AgentOutlets(
    quiet ? null : session.stdout,
    await openOutlets(settings, (text) => session.stderr.write(`plimsoll: ${text}\n`)),
  );
  const stopping = new AbortController();
  const off = session.onStop(() => stopping.abort());
  const onClose = (): void => stopping.abort();
  session.stdout.once('close', onClose);
  try {
    await watchRuntime(dependencies, (records) => outlets.tell(records), stopping.signal);
  } finally {
    session.stdout.off('close', onClose);
    await outlets.close();
    off();
  }
}

/** `plimsoll agent load`: the rules of the profile, one a line, once they are in force. */
export async function runAgentLoad(session: Session, file: string, { pins, sensor }: AgentPinsOptions): Promise<void> {
  const { text } = readDocument(file, LIMITS.policyDocumentBytes);
  const profile = readProfile(await parseYaml(text, file), file);
  const { bytes, rules } = encodeProfile(profile, file);
  const { sensor: native } = await session.agent({ cgroupRoot: null, sensor: sensor ?? null, pins });
  await native.load(bytes);
  await writeStream(session.stdout, rules.map((rule) => `${rule.id} ${rule.text}\n`).join(''));
}

async function parseYaml(text: string, file: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(text, { logLevel: 'error', maxAliasCount: 100 });
  } catch (cause) {
    throw new PlimsollError('PROFILE_INVALID', `${file} is no YAML: ${messageOf(cause)}`, { cause });
  }
}

/** `plimsoll agent detach`. */
export async function runAgentDetach(session: Session, { pins, sensor }: AgentPinsOptions): Promise<void> {
  const { sensor: native } = await session.agent({ cgroupRoot: null, sensor: sensor ?? null, pins });
  await native.detach();
}

/** `plimsoll agent probe`. */
export async function runAgentProbe(session: Session, { cgroupRoot, sensor, json }: AgentProbeOptions): Promise<void> {
  const { sensor: native } = await session.agent({ cgroupRoot, sensor: sensor ?? null, pins: null });
  const probed = await native.probe();
  await writeStream(
    session.stdout,
    json
      ? `${JSON.stringify({ ...probed, controls: tiersOf(probed) }, null, 2)}\n`
      : probeTable(probed, session.stdout.columns ?? 120),
  );
}

const COLUMNS: readonly Column[] = [
  { header: 'PROGRAM', overflow: 'cut' },
  { header: 'HOOK', overflow: 'cut' },
  { header: 'HERE', overflow: 'wrap' },
];

const CONTROLS: readonly Column[] = [
  { header: 'CONTROL', overflow: 'cut' },
  { header: 'WHAT IS FORBIDDEN IS', overflow: 'cut' },
  { header: 'BY', overflow: 'wrap' },
];

function probeTable({ programs }: SensorPrograms, width: number): string {
  const rows = programs.map(({ name, hook, refusedAt, reason }) => {
    return [name, hook, refusedAt === null ? 'yes' : `no: ${refusedAt} refused (${reason})`].map((text) => ({ text }));
  });
  const controls = tiersOf({ programs }).map(({ control, tier, reason }) =>
    [control, tier, reason].map((text) => ({ text })),
  );
  return [
    ...layTable(COLUMNS, rows, width, (text) => text),
    '',
    ...layTable(CONTROLS, controls, width, (text) => text),
    '',
  ].join('\n');
}
