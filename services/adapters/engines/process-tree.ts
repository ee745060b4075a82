import { readdirSync, readFileSync } from 'node:fs';

/** A process; the start time tells it from a later one with the same number. */
interface Seen {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks since boot. */
  readonly started: number;
}

/**
 * A process and all that descend from it, also those that left its session and whose parent has gone: a descendant
 * stays one once it was seen, and `mark`, a text in the environment that all of them inherit, tells those that were
 * not. Linux only (proc(5)).
 */
export class ProcessTree {
  readonly #mark: string;
  readonly #started = new Map<number, number>();
  readonly #root: number;

  constructor(root: number, mark: string) {
    this.#root = root;
    this.#mark = mark;
  }

  /** How many there are now, and the memory that they hold together, in bytes. */
  measure(): { readonly processes: number; readonly bytes: number } {
    const members = this.#members(false);
    return { processes: members.length, bytes: members.reduce((sum, { pid }) => sum + residentBytes(pid), 0) };
  }

  /** Kills what there is of it; true where nothing was left to kill. */
  kill(): boolean {
    const members = this.#members(true);
    for (const { pid } of members) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone in the meantime.
      }
    }
    return members.length === 0;
  }

  #members(marked: boolean): Seen[] {
    const all = processes();
    const members = new Map<number, Seen>();
    const children = Map.groupBy(all, ({ parent }) => parent);
    const add = (top: Seen): void => {
      const waiting = [top];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        if (members.has(next.pid)) continue;
        members.set(next.pid, next);
        this.#started.set(next.pid, next.started);
        waiting.push(...(children.get(next.pid) ?? []));
      }
    };
    for (const each of all) {
      const known = each.pid === this.#root || this.#started.get(each.pid) === each.started;
      if (known || (marked && this.#isMarked(each.pid))) add(each);
    }
    return [...members.values()];
  }

  #isMarked(pid: number): boolean {
    return textOf(`/proc/${pid}/environ`).includes(this.#mark);
  }
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s*([0-9]+) kB$/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0) * 1_024;
}

/** Empty where the process has gone, or is not ours to look at. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** Zombies are left out: they hold nothing, and their parents take them away. */
function processes(): Seen[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^[0-9]+$/.test(name)) return [];
    const text = textOf(`/proc/${name}/stat`);
    // The second field, in brackets, is the program's name and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (fields.length < 20 || fields[0] === 'Z' || fields[0] === 'X') return [];
    return [{ pid: Number(name), parent: Number(fields[1]), started: Number(fields[19]) }];
  });
}
