import { messageOf } from '../domain/errors.ts';
import { comparePolicies, type JudgedBy } from '../domain/verdict/compare-policies.ts';
import type { PolicyLoad, PolicyLoads } from './admission-store-ports.ts';
import type { JudgingGeneration } from './answer-review.ts';
import type { JudgementTerms } from './terms.ts';

export interface OpenedPolicies extends JudgingGeneration {
  close(): Promise<void>;
}

type Bundles = JudgementTerms['bundles'];

/** Policies with their settings, which may change. */
export interface PolicySource {
  readonly name: string;
  /** Raises POLICY_INVALID where it cannot be read. */
  state(): Promise<{ readonly digest: string; readonly author: string | null }>;
  /** With bundles of the store beside them. Raises POLICY_INVALID, SETTINGS_INVALID. */
  open(bundles: Bundles): Promise<OpenedPolicies>;
}

export interface ReloadDependencies {
  readonly source: PolicySource;
  /** What comes between the policies and whoever asks: a cache of their own. */
  readonly wrap: (opened: OpenedPolicies) => JudgingGeneration;
  /** Those that were activated in the store. */
  readonly bundles: () => Promise<Bundles>;
  readonly loads: PolicyLoads;
  readonly allowWeaker: boolean;
  /** RFC 3339 */
  readonly moment: () => string;
  /** Calls once, after so many milliseconds, if the process lives so long. */
  readonly later: (ms: number, call: () => void) => void;
  readonly onLoad: (load: PolicyLoad) => void;
  readonly onWarning: (message: string) => void;
}

/** No review takes longer. */
const RETIRED_MS = 30_000;

/**
 * The policies that judge now. Others take their place at one moment, once all of them have started; what cannot start, or is weaker and may
 * not be, changes nothing. A review goes on with the policies that it began with.
 */
export class ReloadedPolicies {
  readonly #dependencies: ReloadDependencies;
  #opened: OpenedPolicies;
  #current: JudgingGeneration;
  /** What was looked at last, also where it was refused: it is told once. */
  #seen: string;
  /** Those that reviews may still be judged by. */
  readonly #retired = new Set<OpenedPolicies>();

  private constructor(dependencies: ReloadDependencies, opened: OpenedPolicies, seen: string) {
    this.#dependencies = dependencies;
    this.#opened = opened;
    this.#current = dependencies.wrap(opened);
    this.#seen = seen;
  }

  /** Raises POLICY_INVALID, SETTINGS_INVALID. */
  static async open(dependencies: ReloadDependencies): Promise<ReloadedPolicies> {
    const bundles = await dependencies.bundles();
    const { digest, author } = await stateOf(dependencies.source, bundles);
    const opened = await dependencies.source.open(bundles);
    const reloaded = new ReloadedPolicies(dependencies, opened, digest);
    const rules = opened.evaluator.policies.flatMap((each) => each.rules.map(({ id }) => id));
    await reloaded.#tell(digest, author, {
      outcome: 'loaded',
      added: rules,
      removed: [],
      changed: [],
      weaker: false,
      message: null,
    });
    return reloaded;
  }

  get current(): JudgingGeneration {
    return this.#current;
  }

  /** Looks whether there are others; called now and again. Never raises for what they are. */
  async look(): Promise<void> {
    const { source, wrap, allowWeaker } = this.#dependencies;
    // A store that does not answer takes nobody's policies away.
    const bundles = await this.#dependencies.bundles().catch(() => null);
    if (bundles === null) return;
    let digest = '';
    let author: string | null = null;
    try {
      ({ digest, author } = await stateOf(source, bundles));
      if (digest === this.#seen) return;
      const opened = await source.open(bundles);
      // Files that were changed while they were read are read again in the next round.
      if ((await stateOf(source, bundles)).digest !== digest) return await opened.close();
      const { weaker, ...change } = comparePolicies(judgedBy(this.#opened), judgedBy(opened));
      this.#seen = digest;
      const isRefused = weaker.length > 0 && !allowWeaker;
      if (isRefused) await opened.close();
      else this.#swap(opened, wrap);
      await this.#tell(digest, author, {
        outcome: isRefused ? 'refused' : 'loaded',
        ...change,
        weaker: weaker.length > 0,
        message: weaker.length > 0 ? `weaker (admission.allowWeaker): ${weaker.join('; ')}` : null,
      });
    } catch (error) {
      if (digest === this.#seen) return;
      this.#seen = digest;
      const nothing = { added: [], removed: [], changed: [], weaker: false };
      await this.#tell(digest, author, { outcome: 'refused', ...nothing, message: messageOf(error) });
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#opened, ...this.#retired].map((each) => this.#end(each)));
  }

  async #end(opened: OpenedPolicies): Promise<void> {
    this.#retired.delete(opened);
    await opened.close();
  }

  #swap(opened: OpenedPolicies, wrap: ReloadDependencies['wrap']): void {
    const before = this.#opened;
    this.#opened = opened;
    this.#current = wrap(opened);
    this.#retired.add(before);
    this.#dependencies.later(RETIRED_MS, () => void this.#end(before));
  }

  async #tell(
    digest: string,
    author: string | null,
    load: Omit<PolicyLoad, 'at' | 'source' | 'digest' | 'author'>,
  ): Promise<void> {
    const { source, loads, moment, onLoad, onWarning } = this.#dependencies;
    const told = { at: moment(), source: source.name, digest, author, ...load };
    onLoad(told);
    await loads
      .recordLoad(told)
      .catch((error) => onWarning(`the load of policies could not be recorded: ${messageOf(error)}`));
  }
}

function judgedBy({ evaluator, policy, settings }: OpenedPolicies): JudgedBy {
  return { policies: evaluator.policies, policy, settings };
}

async function stateOf(source: PolicySource, bundles: Bundles): Promise<{ digest: string; author: string | null }> {
  const { digest, author } = await source.state();
  return { digest: [digest, ...bundles.map((bundle) => bundle.digest)].join(' '), author };
}
