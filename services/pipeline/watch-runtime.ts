import { PlimsollError } from '../domain/errors.ts';
import type { Limits } from '../domain/limits.ts';
import { CgroupTable, chainOf, type KnownCgroup } from '../domain/runtime/cgroup-table.ts';
import { type ContainerState, containerOfCgroup } from '../domain/runtime/container.ts';
import type { EventKind, EventProcess, RuntimeEvent } from '../domain/runtime/event.ts';
import { type IdentifiedContainer, momentOf, type RuntimeRecord } from '../domain/runtime/record.ts';
import type { SensorCounters, SensorFrame, SensorStatus, Tally } from '../domain/runtime/sensor-frame.ts';
import { Sessions } from '../domain/runtime/sessions.ts';
import type { Containers, Sensor } from './runtime-ports.ts';

/** A runtime writes its state at about the time of the first events: so often it is looked at again. */
const ATTEMPTS = 5;
/** Cgroups that were not found, and are not looked for again. */
const ABSENT_CGROUPS = 10_000;

/** What is known of a container beside its key; kept after its death, as long as its cgroup is remembered. */
interface Watched {
  readonly sessions: Sessions;
  state: ContainerState | null;
  attempts: number;
}

/**
 * Tells what the sensor sees, each event with the container it belongs to, until the sensor ends or `signal` is aborted. Records come
 * some at once, and wait for `tell`.
 */
export async function watchRuntime(
  { sensor, containers, limits }: { sensor: Sensor; containers: Containers; limits: Limits },
  tell: (records: readonly RuntimeRecord[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const watch = new RuntimeWatch(containers, limits);
  for await (const frames of sensor.frames(signal)) {
    const records: RuntimeRecord[] = [];
    for (const frame of frames) records.push(...(await watch.take(frame)));
    if (records.length > 0) await tell(records);
  }
}

class RuntimeWatch {
  readonly #containers: Containers;
  readonly #limits: Limits;
  readonly #cgroups: CgroupTable;
  readonly #watched = new WeakMap<KnownCgroup, Watched>();
  /** Cgroups that were looked for in vain. */
  readonly #absent = new Set<bigint>();
  #status: SensorStatus | null = null;
  #counters: SensorCounters | null = null;

  constructor(containers: Containers, limits: Limits) {
    this.#containers = containers;
    this.#limits = limits;
    this.#cgroups = new CgroupTable(limits);
  }

  async take(frame: SensorFrame): Promise<readonly RuntimeRecord[]> {
    switch (frame.type) {
      case 'status':
        this.#status = frame.status;
        return [];
      case 'counters':
        return this.#count(frame.counters);
      case 'event':
        return [await this.#event(frame.event)];
      case 'unknown':
        return [{ type: 'unreadable', time: this.#now(), reason: `frames of kind ${frame.kind} are not known` }];
      case 'flaw':
        return [{ type: 'unreadable', time: this.#now(), reason: frame.reason }];
      case 'broken':
        throw new PlimsollError('SENSOR_FAILED', `What the sensor sends cannot be read any more: ${frame.reason}.`);
    }
  }

  #count(counters: SensorCounters): RuntimeRecord[] {
    const before = this.#counters;
    this.#counters = counters;
    const records: RuntimeRecord[] = [];
    const dropped = droppedSince(before, counters);
    const refusedCgroups = counters.refusedCgroups - (before?.refusedCgroups ?? 0n);
    if (before === null) {
      // With pins it counts since they were made: what went by before this agent is told apart.
      if (this.#status !== null) records.push({ type: 'started', time: this.#now(), status: this.#status, dropped });
    } else if (Object.keys(dropped).length > 0 || refusedCgroups > 0n) {
      records.push({ type: 'blind', time: this.#now(), dropped, refusedCgroups });
    }
    return records;
  }

  async #event(event: RuntimeEvent): Promise<RuntimeRecord> {
    const isAboutCgroup = event.kind === 'cgroup-made' || event.kind === 'cgroup-gone';
    const cgroup = isAboutCgroup
      ? this.#cgroups.apply(event)
      : (this.#cgroups.get(event.cgroupId) ?? (await this.#lookUp(event)));
    const isExisting = event.kind === 'cgroup-made' && event.existing;
    const mayLook = event.kind === 'exec' || isExisting;
    const own = cgroup && (await this.#containerCgroup(cgroup, mayLook));
    const watched = own && (await this.#watch(own, mayLook));
    if (watched && isExisting) {
      // At once: who comes in from now on is a session.
      for (const id of await this.#containers.processes(this.#directoryOf(cgroup))) watched.sessions.addExisting(id);
    }
    const container: IdentifiedContainer | null = own &&
      watched && { key: own.container!, cgroup: own.path, state: watched.state };
    // Cgroups are made and removed by the runtime, which is no process of the container.
    const isInside = event.process !== null && !isAboutCgroup;
    return {
      type: 'event',
      time: this.#timeOf(event.timeNs),
      event,
      cgroup: cgroup?.path ?? null,
      container,
      session: watched && isInside ? watched.sessions.of(event as RuntimeEvent & { process: EventProcess }) : null,
    };
  }

  /** A denial is read before the news of its cgroup, which is then looked for where it lies. */
  async #lookUp({ cgroupId, verdict }: RuntimeEvent): Promise<KnownCgroup | null> {
    const root = this.#status && this.#cgroups.get(BigInt(this.#status.root.id));
    if ((verdict !== 'denied' && verdict !== 'killed') || !root || this.#absent.has(cgroupId)) return null;
    const chain = await this.#containers.cgroupsTo(this.#directoryOf(root), cgroupId);
    if (chain === null) {
      // Gone by now, and never found again. Only so many: who forgets looks once more.
      if (this.#absent.size >= ABSENT_CGROUPS) this.#absent.clear();
      this.#absent.add(cgroupId);
      return null;
    }
    return chain.reduce<KnownCgroup>(
      (parent, { id, name }) => this.#cgroups.add({ id, path: `${parent.path}/${name}`, parent, existing: false }),
      root,
    );
  }

  /** The outermost cgroup around this one that is a container's own. */
  async #containerCgroup(cgroup: KnownCgroup, mayLook: boolean): Promise<KnownCgroup | null> {
    for (const each of chainOf(cgroup)) {
      if (each.container !== null) return each;
      const named = each.attempts === 0 ? containerOfCgroup(each.path) : null;
      if (named !== null && named.cgroup === each.path) {
        each.container = named.key;
        return each;
      }
      each.attempts = Math.max(each.attempts, 1);
      if (!mayLook || each.attempts > ATTEMPTS) continue;
      each.attempts += 1;
      const id = await this.#containers.runcAt(this.#directoryOf(each));
      if (id === null) continue;
      each.container = { runtime: 'runc', id };
      return each;
    }
    return null;
  }

  async #watch(own: KnownCgroup, mayLook: boolean): Promise<Watched> {
    let watched = this.#watched.get(own);
    if (watched === undefined) {
      watched = { sessions: new Sessions(!own.existing, this.#limits), state: null, attempts: 0 };
      this.#watched.set(own, watched);
    }
    if (watched.state === null && (mayLook || watched.attempts === 0) && watched.attempts < ATTEMPTS) {
      watched.attempts += 1;
      watched.state = await this.#containers.state(own.container!);
    }
    return watched;
  }

  /** Where the hierarchy is mounted, and then the path that the kernel tells. */
  #directoryOf({ path }: KnownCgroup): string {
    const { directory, path: rootPath } = this.#status!.root;
    return `${directory.slice(0, directory.length - rootPath.length)}${path}`;
  }

  #now(): string {
    return momentOf(this.#counters?.realtimeNs ?? 0n);
  }

  #timeOf(bootNs: bigint): string {
    const { realtimeNs, bootNs: read } = this.#counters ?? { realtimeNs: 0n, bootNs: 0n };
    return momentOf(realtimeNs + bootNs - read);
  }
}

function droppedSince(before: SensorCounters | null, now: SensorCounters): Partial<Record<EventKind, bigint>> {
  const dropped: Partial<Record<EventKind, bigint>> = {};
  for (const [kind, tally] of Object.entries(now.tallies) as [EventKind, Tally][]) {
    const more = tally.dropped - (before?.tallies[kind].dropped ?? 0n);
    if (more > 0n) dropped[kind] = more;
  }
  return dropped;
}
