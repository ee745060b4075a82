import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { PlimsollError } from '../../domain/errors.ts';
import { Backlog, type LostLines, type RecordLine } from '../../domain/runtime/backlog.ts';
import { SEVERITIES, type Severity } from '../../domain/runtime/severity.ts';
import type { LineBuffer } from './record-delivery.ts';

/** A file of lines of one severity; the lower its number, the older. */
interface Segment {
  readonly number: number;
  readonly severity: Severity;
  lines: number;
  bytes: number;
  /** So many of its lines have been taken. */
  taken: number;
}

const SEGMENT_BYTES = 1 << 20;
/** What waits in memory while the disk takes nothing. */
const MEMORY_BYTES = 4 << 20;
const NAME = /^(\d{16})-(low|medium|high)\.jsonl$/;

/**
 * Lines that a sink has not taken yet, on disk: they outlive the agent. What was taken of a file that is not yet done is given again
 * after a restart. Where there is no more room, by `mostBytes` or by the disk, the oldest file of the lowest severity goes,
 * and its lines are counted.
 */
export class Spool implements LineBuffer {
  readonly #directory: string;
  readonly #mostBytes: number;
  readonly #memory = new Backlog(MEMORY_BYTES);
  #segments: Segment[] = [];
  #next = 1;
  #lost: Record<Severity, number> = { low: 0, medium: 0, high: 0 };
  /** Lines that `peek` gave, with where they lie. */
  #given: { readonly segment: Segment; readonly lines: readonly RecordLine[] } | null = null;

  /** Opens what is there. Raises OUTPUT_FAILED where others may write the directory. */
  constructor(directory: string, mostBytes: number) {
    this.#directory = directory;
    this.#mostBytes = mostBytes;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = statSync(directory);
    if ((found.uid !== 0 && found.uid !== process.geteuid?.()) || (found.mode & 0o022) !== 0)
      throw new PlimsollError(
        'OUTPUT_FAILED',
        `The buffer ${directory} is not used: others may write it. Give it to root, mode 0700.`,
      );
    chmodSync(directory, 0o700);
    for (const name of readdirSync(directory).sort()) {
      const [, number, severity] = NAME.exec(name) ?? [];
      if (number === undefined) continue;
      const text = readFileSync(join(directory, name), 'utf8');
      // What was cut by a power failure has no line break, and was never promised to anybody.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      const bytes = Buffer.byteLength(whole);
      if (whole.length < text.length) truncateSync(join(directory, name), bytes);
      const lines = whole.split('\n').length - 1;
      this.#segments.push({ number: Number(number), severity: severity as Severity, lines, bytes, taken: 0 });
      this.#next = Number(number) + 1;
    }
  }

  get isEmpty(): boolean {
    return this.#segments.every(({ lines, taken }) => taken === lines) && this.#memory.isEmpty;
  }

  offer(lines: readonly RecordLine[]): void {
    const waiting = this.#memory.peek(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    for (const severity of SEVERITIES) {
      const all = [...waiting, ...lines].filter((line) => line.severity === severity);
      for (let at = 0; at < all.length; at += 1_000) this.#append(severity, all.slice(at, at + 1_000));
    }
    this.#memory.remove(waiting);
  }

  /** Of the highest severity first, and of that the oldest. */
  peek(mostLines: number, mostBytes: number): RecordLine[] {
    const segment = this.#segments
      .filter(({ lines, taken }) => taken < lines)
      .reduce<Segment | null>((first, each) => (first === null || isBefore(each, first) ? each : first), null);
    if (segment === null) return this.#memory.peek(mostLines, mostBytes);
    const lines: RecordLine[] = [];
    let bytes = 0;
    for (const line of readFileSync(this.#path(segment), 'utf8').split('\n').slice(segment.taken, segment.lines)) {
      if (lines.length === mostLines || (lines.length > 0 && bytes + line.length > mostBytes)) break;
      lines.push(JSON.parse(line));
      bytes += line.length;
    }
    this.#given = { segment, lines };
    return lines;
  }

  remove(lines: readonly RecordLine[]): void {
    if (this.#given?.lines !== lines) {
      this.#memory.remove(lines);
      return;
    }
    const { segment } = this.#given;
    this.#given = null;
    segment.taken += lines.length;
    if (segment.taken === segment.lines) this.#discard(segment);
  }

  takeLost(): LostLines {
    const memory = this.#memory.takeLost();
    const lost = this.#lost;
    this.#lost = { low: 0, medium: 0, high: 0 };
    for (const severity of SEVERITIES) lost[severity] += memory[severity];
    return lost;
  }

  #append(severity: Severity, lines: readonly RecordLine[]): void {
    if (lines.length === 0) return;
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const bytes = Buffer.byteLength(text);
    for (;;) {
      while (this.#bytes() + bytes > this.#mostBytes && this.#segments.length > 0) this.#drop();
      const segment = this.#current(severity);
      try {
        appendFileSync(this.#path(segment), text, { mode: 0o600 });
        segment.lines += lines.length;
        segment.bytes += bytes;
        return;
      } catch (error) {
        this.#takeBack(segment);
        const { code } = error as NodeJS.ErrnoException;
        const isFull = code === 'ENOSPC' || code === 'EDQUOT';
        // Nothing of higher severity makes room for what is lower.
        if (!isFull || !this.#segments.some((each) => each.lines > 0 && rank(each) <= SEVERITIES.indexOf(severity))) {
          this.#memory.offer(lines);
          return;
        }
        this.#drop();
      }
    }
  }

  #current(severity: Severity): Segment {
    const last = this.#segments.findLast((each) => each.severity === severity);
    if (last !== undefined && last.bytes < SEGMENT_BYTES) return last;
    const segment = { number: this.#next++, severity, lines: 0, bytes: 0, taken: 0 };
    this.#segments.push(segment);
    return segment;
  }

  /** Half a line must not stay. */
  #takeBack(segment: Segment): void {
    try {
      truncateSync(this.#path(segment), segment.bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (segment.lines === 0) this.#discard(segment);
  }

  #drop(): void {
    const segment = this.#segments.reduce((first, each) =>
      rank(each) < rank(first) || (rank(each) === rank(first) && each.number < first.number) ? each : first,
    );
    this.#lost[segment.severity] += segment.lines - segment.taken;
    if (this.#given?.segment === segment) this.#given = null;
    this.#discard(segment);
  }

  #discard(segment: Segment): void {
    rmSync(this.#path(segment), { force: true });
    this.#segments = this.#segments.filter((each) => each !== segment);
  }

  #bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #path({ number, severity }: Segment): string {
    return join(this.#directory, `${String(number).padStart(16, '0')}-${severity}.jsonl`);
  }
}

function rank({ severity }: Segment): number {
  return SEVERITIES.indexOf(severity);
}

function isBefore(a: Segment, b: Segment): boolean {
  return rank(a) > rank(b) || (rank(a) === rank(b) && a.number < b.number);
}
