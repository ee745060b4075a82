import { daysBetween } from '../../domain/verdict/days-between.ts';
import { versionInRange } from '../../domain/verdict/version-range.ts';

/** What a builtin that has no answer gives instead, so that a second look shows which rules would have gone by it. */
export type InPlaceOfNone = undefined | 'yes' | 'no';

/** Days that are more than any rule asks for. */
const AGES = 1_000_000;

/**
 * What the host adds to Rego, beside what OPA's WebAssembly and its SDK have: policies/capabilities.json has the signatures and
 * docs/policy.md the meaning. No answer (undefined in Rego) where there is none; none does I/O.
 */
export class HostBuiltins {
  /** Calls that had no answer since the last `begin`, as Rego would write them; the first ones. */
  readonly unanswered = new Set<string>();
  #instead: InPlaceOfNone;

  readonly functions = {
    'plimsoll.days_between': (from: unknown, to: unknown) => {
      const days = typeof from === 'string' && typeof to === 'string' ? daysBetween(from, to) : null;
      return days ?? this.#none('plimsoll.days_between', [from, to], { yes: AGES, no: -AGES });
    },
    'plimsoll.version_in_range': (type: unknown, version: unknown, range: unknown) => {
      const areTexts = typeof type === 'string' && typeof version === 'string' && typeof range === 'string';
      const isInside = areTexts ? versionInRange(type, version, range) : null;
      return isInside ?? this.#none('plimsoll.version_in_range', [type, version, range], { yes: true, no: false });
    },
  };

  begin(instead: InPlaceOfNone): void {
    this.#instead = instead;
    this.unanswered.clear();
  }

  /** What is null is absent: a rule names that in its `needs`, and Rego's "no" is meant. */
  #none<Answer>(name: string, args: readonly unknown[], answers: { yes: Answer; no: Answer }): Answer | undefined {
    if (args.some((each) => each === null)) return undefined;
    if (this.unanswered.size < SHOWN) {
      this.unanswered.add(
        `${name}(${args.map((each) => JSON.stringify(each) ?? 'undefined').join(', ')})`.slice(0, 200),
      );
    }
    return this.#instead === undefined ? undefined : answers[this.#instead];
  }
}

const SHOWN = 3;

/** What the SDK adds and raises by where it is asked wrongly; its others answer errors with undefined, which nobody sees. */
const SDK_BUILTINS = ['regex.split', 'sprintf'];

/** Every builtin that a bundle may ask its host for. */
export const ALLOWED_BUILTINS: ReadonlySet<string> = new Set([
  ...SDK_BUILTINS,
  ...Object.keys(new HostBuiltins().functions),
]);
