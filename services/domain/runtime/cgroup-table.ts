import type { Limits } from '../limits.ts';
import type { ContainerKey } from './container.ts';
import type { CgroupEvent } from './event.ts';

/** One cgroup, living or dead: its events may still be on their way. */
export interface KnownCgroup {
  readonly id: bigint;
  readonly path: string;
  readonly parent: KnownCgroup | null;
  /** It was there before the sensor. */
  readonly existing: boolean;
  /** Of the cgroup itself; that of its surroundings is found by `chainOf`. */
  container: ContainerKey | null;
  /** How often a container was looked for in vain. */
  attempts: number;
}

/** Cgroups by their ids, which the kernel uses once. */
export class CgroupTable {
  readonly #limits: Pick<Limits, 'rememberedCgroups'>;
  readonly #known = new Map<bigint, KnownCgroup>();
  readonly #dead = new Set<bigint>();

  constructor(limits: Pick<Limits, 'rememberedCgroups'>) {
    this.#limits = limits;
  }

  /** Remembers what was made, and what has gone. */
  apply(event: CgroupEvent): KnownCgroup {
    const parent = this.#known.get(event.parentCgroupId) ?? null;
    const cgroup = this.add({ id: event.cgroupId, path: event.path, parent, existing: event.existing });
    if (event.kind === 'cgroup-gone') this.#dead.add(cgroup.id);
    this.#forget();
    return cgroup;
  }

  /** The cgroup of this id, which is new where it was not known. */
  add(cgroup: Pick<KnownCgroup, 'id' | 'path' | 'parent' | 'existing'>): KnownCgroup {
    const found = this.#known.get(cgroup.id);
    if (found !== undefined) return found;
    const added = { ...cgroup, container: null, attempts: 0 };
    this.#known.set(added.id, added);
    return added;
  }

  get(id: bigint): KnownCgroup | null {
    return this.#known.get(id) ?? null;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Where nothing is dead the living stay: they cannot be more than the sensor watches. */
  #forget(): void {
    for (const id of this.#dead) {
      if (this.#known.size <= this.#limits.rememberedCgroups) return;
      this.#known.delete(id);
      this.#dead.delete(id);
    }
  }
}

/** The cgroup and those around it, the outermost first. */
export function chainOf(cgroup: KnownCgroup): KnownCgroup[] {
  const chain: KnownCgroup[] = [];
  for (let each: KnownCgroup | null = cgroup; each !== null; each = each.parent) chain.unshift(each);
  return chain;
}
