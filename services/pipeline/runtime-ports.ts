import type { RecordLine } from '../domain/runtime/backlog.ts';
import type { ContainerKey, ContainerState } from '../domain/runtime/container.ts';
import type { SensorFrame } from '../domain/runtime/sensor-frame.ts';

/** What runs on this host: the sensor, and what container runtimes say. */

/** The native half of the agent. */
export interface Sensor {
  /** Frames as they come, some at once, until the sensor ends or `signal` is aborted. SENSOR_MISSING, SENSOR_FAILED. */
  frames(signal: AbortSignal): AsyncIterable<readonly SensorFrame[]>;
}

/** One place where records of the agent go. */
export interface RecordSink {
  /** Its kind and its place, for messages. */
  readonly name: string;
  /** All of them are taken once this is over. Raises where it does not know that: they are then sent again. */
  send(lines: readonly RecordLine[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What the container runtimes of this host say of their containers. Never raises: what cannot be read is unknown. */
export interface Containers {
  /** null: the runtime does not say, or no longer knows. */
  state(key: ContainerKey): Promise<ContainerState | null>;
  /** The id of the runc container whose cgroup is this directory: its name tells nothing. */
  runcAt(cgroupDirectory: string): Promise<string | null>;
  /** Ids of the processes in a cgroup. */
  processes(cgroupDirectory: string): Promise<readonly number[]>;
  /** Ids and names of the cgroups below this directory that lead to the one with this id, the outermost first; null: it is not there. */
  cgroupsTo(directory: string, id: bigint): Promise<readonly { readonly id: bigint; readonly name: string }[] | null>;
}
