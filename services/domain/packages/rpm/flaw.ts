import type { UnitGap } from '../ecosystem.ts';

/** Told of each flaw as it is met: what was read and where it broke. Reading goes on where it safely can. */
export type Report = (message: string, code?: UnitGap['code']) => void;

/** The flaws of one database as gaps: the first `listed` one by one, the rest counted. */
export class FlawList {
  readonly #gaps: UnitGap[] = [];
  readonly #listed: number;
  #unlisted = 0;

  constructor(listed: number) {
    this.#listed = listed;
  }

  readonly report: Report = (message, code = 'package-database-broken') => {
    if (this.#gaps.length < this.#listed) this.#gaps.push({ code, message });
    else this.#unlisted += 1;
  };

  gaps(): readonly UnitGap[] {
    if (this.#unlisted === 0) return this.#gaps;
    return [...this.#gaps, { code: 'package-database-broken', message: `${this.#unlisted} more flaws of this kind` }];
  }
}
