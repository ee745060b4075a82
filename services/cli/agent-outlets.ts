import type { Writable } from 'node:stream';
import type { LostLines, RecordLine } from '../domain/runtime/backlog.ts';
import type { RuntimeRecord } from '../domain/runtime/record.ts';
import { SEVERITIES, type Severity } from '../domain/runtime/severity.ts';
import { writeStream } from './output.ts';
import { recordLine } from './render-record.ts';

/** A sink with what waits for it: it takes lines at its own pace, and says what it had no room for. */
export interface Delivery {
  readonly name: string;
  offer(lines: readonly RecordLine[]): void;
  takeLost(): LostLines;
  /** Whether all was taken in this time. */
  close(graceMs: number): Promise<boolean>;
}

/** A delivery with the least severity that goes there. */
export interface Outlet {
  readonly delivery: Delivery;
  readonly least: Severity;
}

/** At the end a sink has this time for what still waits. */
const GRACE_MS = 5_000;

/** Everywhere the records of the agent go: standard output, which sets the pace, and sinks, which do not. */
export class AgentOutlets {
  readonly #stdout: Writable | null;
  readonly #outlets: readonly Outlet[];

  /** `stdout`: null where it is to stay quiet. */
  constructor(stdout: Writable | null, outlets: readonly Outlet[]) {
    this.#stdout = stdout;
    this.#outlets = outlets;
  }

  async tell(records: readonly RuntimeRecord[]): Promise<void> {
    const lost = this.#lost(records.at(-1)?.time ?? '');
    const lines = [...records, ...lost].map(recordLine);
    for (const { delivery, least } of this.#outlets) {
      const wanted = lines.filter(({ severity }) => SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least));
      if (wanted.length > 0) delivery.offer(wanted);
    }
    if (this.#stdout !== null) await writeStream(this.#stdout, lines.map(({ text }) => `${text}\n`).join(''));
  }

  async close(): Promise<void> {
    await Promise.all(this.#outlets.map(({ delivery }) => delivery.close(GRACE_MS)));
  }

  #lost(time: string): RuntimeRecord[] {
    return this.#outlets.flatMap(({ delivery }) => {
      const lost = delivery.takeLost();
      const isNothing = SEVERITIES.every((severity) => lost[severity] === 0);
      return isNothing ? [] : [{ type: 'lost' as const, time, sink: delivery.name, lost }];
    });
  }
}
