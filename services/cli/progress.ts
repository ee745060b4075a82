import type { LayerProgress, ProgressSink } from '../pipeline/layer-ports.ts';
import { byteCount, wholeNumber } from './wording.ts';

/** The part of a terminal stream that is used here. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const INTERVAL_MS = 100;
const BAR_COLUMNS = 20;

/**
 * One line per layer being read, redrawn in place about ten times a second; nothing at all where the stream is no
 * terminal. `clear` wipes the lines, for a warning to be written or at the end; the next progress draws them again.
 */
export class ProgressDisplay {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #active = new Map<number, LayerProgress>();
  readonly #finished = new Set<number>();
  #drawnLines = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
  }

  readonly sink: ProgressSink = (progress) => {
    if (!this.#terminal.isTTY) return;
    if (progress.state === 'reading') this.#active.set(progress.layer, progress);
    else {
      this.#active.delete(progress.layer);
      this.#finished.add(progress.layer);
    }
    const now = this.#now();
    if (now - this.#drawnAt < INTERVAL_MS) return;
    this.#drawnAt = now;
    this.#draw(progress.layers);
  };

  clear(): void {
    if (this.#drawnLines > 0) this.#terminal.write(wipe(this.#drawnLines));
    this.#drawnLines = 0;
  }

  #draw(layers: number): void {
    const columns = Math.max(20, (this.#terminal.columns || 80) - 1);
    // A display higher than the screen would scroll, and could not be wiped.
    const room = Math.max(1, (this.#terminal.rows || 24) - 2);
    const active = [...this.#active.values()].sort((a, b) => a.layer - b.layer).slice(0, room);
    const lines = [
      ...active.map((progress) => layerLine(progress)),
      `${wholeNumber(this.#finished.size)} of ${wholeNumber(layers)} layers done`,
    ].map((line) => line.slice(0, columns));
    this.#terminal.write(`${wipe(this.#drawnLines)}${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }
}

function layerLine({ layer, readBytes, totalBytes, entries }: LayerProgress): string {
  const name = `layer ${String(layer).padStart(2)}`;
  const files = `${wholeNumber(entries).padStart(9)} files`;
  if (totalBytes <= 0) return `${name}  ${byteCount(readBytes).padStart(8)}  ${files}`;
  const share = Math.min(1, Math.max(0, readBytes / totalBytes));
  const filled = Math.floor(share * BAR_COLUMNS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_COLUMNS - filled);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `${name}  ${bar} ${percent}  ${byteCount(readBytes).padStart(8)} of ${byteCount(totalBytes).padEnd(8)}  ${files}`;
}

/** Cursor to the first of the lines above it, and everything from there erased (ECMA-48 CPL, ED). */
function wipe(lines: number): string {
  return lines === 0 ? '' : `\u001b[${lines}F\u001b[J`;
}
