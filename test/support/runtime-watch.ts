import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { LocalContainers, type RuntimeRoots } from '../../services/adapters/runtimes/local-containers.ts';
import { NativeSensor } from '../../services/adapters/sensor/native-sensor.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { encodeProfile } from '../../services/domain/runtime/encode-profile.ts';
import { readProfile } from '../../services/domain/runtime/profile.ts';
import type { RuntimeRecord } from '../../services/domain/runtime/record.ts';
import { watchRuntime } from '../../services/pipeline/watch-runtime.ts';
import { SENSOR } from './kernel.ts';

export type EventRecord = RuntimeRecord & { type: 'event' };

const sensorOf = (cgroupRoot: string | null, pins: string | null) =>
  new NativeSensor({ path: SENSOR, builtIn: SENSOR, cgroupRoot, pins }, LIMITS);

/** The agent over a cgroup, as `plimsoll agent run` wires it, its records kept. */
export class RuntimeRecorder {
  readonly records: RuntimeRecord[] = [];
  readonly #stopping = new AbortController();
  readonly #watch: Promise<void>;

  private constructor(cgroupRoot: string, roots: Partial<RuntimeRoots>, pins: string | null) {
    const sensor = sensorOf(cgroupRoot, pins);
    const containers = new LocalContainers(LIMITS, roots);
    const tell = async (records: readonly RuntimeRecord[]) => void this.records.push(...records);
    this.#watch = watchRuntime({ sensor, containers, limits: LIMITS }, tell, this.#stopping.signal);
    // Told by stop().
    this.#watch.catch(() => {});
  }

  static async start(
    cgroupRoot: string,
    { roots = {}, pins = null }: { roots?: Partial<RuntimeRoots>; pins?: string | null } = {},
  ): Promise<RuntimeRecorder> {
    const recorder = new RuntimeRecorder(cgroupRoot, roots, pins);
    onTestFinished(() => recorder.#stopping.abort());
    await Promise.race([recorder.#watch, recorder.until(({ type }) => type === 'started')]);
    return recorder;
  }

  events(kind?: string): EventRecord[] {
    return this.records.filter((record): record is EventRecord => {
      return record.type === 'event' && (kind === undefined || record.event.kind === kind);
    });
  }

  /** The first record that fits, which may be there already. */
  async until(fits: (record: RuntimeRecord) => boolean): Promise<RuntimeRecord> {
    for (const end = performance.now() + 20_000; performance.now() < end; await sleep(10)) {
      const found = this.records.find(fits);
      if (found !== undefined) return found;
    }
    throw new Error(`no such record among ${this.records.length}`);
  }

  /** Gives a profile to the maps, as `plimsoll agent load` does. */
  static async load(pins: string, document: object): Promise<void> {
    const { bytes } = encodeProfile(readProfile(document, 'test'), 'test');
    await sensorOf(null, pins).load(bytes);
  }

  /** Everything that had happened by now is told when this is over. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watch;
  }
}
