import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { SEVERITIES } from '../domain/runtime/severity.ts';
import { writeStream } from './output.ts';
import { printable } from './printable.ts';
import type { Session } from './session.ts';

export interface AgentEventsOptions {
  readonly kind: readonly string[];
  readonly container?: string;
  readonly severity: string;
  readonly json?: boolean;
}

/** A line as `agent run` writes it, as far as this looks into it. */
interface Told {
  readonly time?: string;
  readonly kind?: string;
  readonly severity?: string;
  readonly verdict?: string;
  readonly container?: {
    readonly id?: string;
    readonly name?: string | null;
    readonly image?: { readonly reference?: string | null };
  } | null;
  readonly process?: { readonly id?: number; readonly command?: string } | null;
  readonly cgroup?: { readonly path?: string | null };
  readonly path?: string | null;
  readonly address?: string | null;
  readonly port?: number | null;
  readonly arguments?: unknown;
  readonly error?: string | null;
  readonly call?: string;
  readonly target?: string | null;
}

/** `plimsoll agent events`. A line that is none is counted, and does not end it. */
export async function runAgentEvents(session: Session, file: string, options: AgentEventsOptions): Promise<void> {
  const least = (SEVERITIES as readonly string[]).indexOf(options.severity);
  if (least < 0)
    throw new PlimsollError('USAGE', `--severity "${options.severity}" is none of ${SEVERITIES.join(', ')}`);
  let unreadable = 0;
  for await (const line of linesOf(file)) {
    const told = parse(line);
    if (told === null) {
      unreadable += 1;
      continue;
    }
    // What the agent says of itself has no severity of its own: it matters.
    const severity = (SEVERITIES as readonly string[]).indexOf(told.severity ?? 'high');
    if (
      severity < least ||
      (options.kind.length > 0 && !options.kind.includes(told.kind ?? '')) ||
      !isOf(told, options.container)
    )
      continue;
    await writeStream(session.stdout, options.json ? `${line}\n` : `${sentence(told)}\n`);
  }
  if (unreadable > 0) session.stderr.write(`plimsoll: ${unreadable} lines of ${file} are none of the agent's\n`);
}

async function* linesOf(file: string): AsyncGenerator<string> {
  // FILE.2, FILE.1, FILE: the oldest first.
  const files = [file === '-' ? '/dev/stdin' : file];
  for (let number = 1; existsSync(`${file}.${number}`); number++) files.unshift(`${file}.${number}`);
  for (const each of files) {
    try {
      yield* createInterface({ input: createReadStream(each) });
    } catch (cause) {
      throw new PlimsollError('USAGE', `${each} cannot be read: ${messageOf(cause)}`, { cause });
    }
  }
}

function parse(line: string): Told | null {
  try {
    const told: unknown = JSON.parse(line);
    return typeof told === 'object' && told !== null && 'kind' in told ? (told as Told) : null;
  } catch {
    return null;
  }
}

function isOf({ container }: Told, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  return [container?.name, container?.id, container?.image?.reference].some((each) => each?.startsWith(wanted));
}

function sentence(told: Told): string {
  const {
    time = '-',
    kind = '-',
    verdict,
    severity,
    container,
    process,
    cgroup,
    call,
    path,
    target,
    address,
    port,
    error,
  } = told;
  const who = container?.name ?? container?.id?.slice(0, 12) ?? cgroup?.path ?? '-';
  const where = address == null ? null : `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const words = Array.isArray(told.arguments) ? told.arguments.join(' ') : null;
  const rest = kind.startsWith('agent-') ? JSON.stringify({ ...told, time: undefined, kind: undefined }) : null;
  return [
    time,
    severity,
    kind,
    verdict === 'observed' ? null : verdict,
    who,
    process && `${process.command}[${process.id}]`,
    call,
    path,
    target && `-> ${target}`,
    where,
    words,
    error,
    rest,
  ]
    .filter((part) => part != null)
    .map((part) => printable(String(part)))
    .join(' ');
}
