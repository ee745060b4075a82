import { displayPath } from '../layers/path.ts';
import type { UnitGap } from './ecosystem.ts';

/** So many flaws of one code are told one by one; a file of garbage must not make a million messages. */
const TOLD = 20;

/** Collects the flaws of one database file. */
export class UnitGaps {
  readonly #gaps: UnitGap[] = [];
  readonly #counts = new Map<UnitGap['code'], number>();

  add(code: UnitGap['code'], message: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count <= TOLD) this.#gaps.push({ code, message });
  }

  /** All flaws, in the order found; what was only counted comes last. */
  all(): readonly UnitGap[] {
    const more = [...this.#counts].filter(([, count]) => count > TOLD);
    return [
      ...this.#gaps,
      ...more.map(([code, count]) => ({ code, message: `${count - TOLD} more flaws of this kind` })),
    ];
  }
}

/** Foreign text for a message: bounded, control characters shown as \xNN. */
export function quote(text: string): string {
  return `"${displayPath(text.length > 80 ? `${text.slice(0, 80)}…` : text)}"`;
}

/** What names and versions of packages consist of: printable ASCII without blanks. */
export function isToken(text: string | undefined): text is string {
  return text !== undefined && /^[!-~]+$/.test(text);
}
