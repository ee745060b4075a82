import { DEFAULT_POLICY_SETTINGS } from '../domain/verdict/plan.ts';
import type { ServerJudge } from '../pipeline/server-judge.ts';
import type { ServerSettings } from '../pipeline/server-settings.ts';
import type { JudgementTerms } from '../pipeline/terms.ts';
import { type Judge, openJudge } from './judge.ts';
import { openMatching } from './open-matching.ts';
import { withStored } from './read-suppressions.ts';
import type { Session } from './session.ts';
import { readSettingsFile } from './settings-file.ts';

/**
 * Every file that can be refused is read now, so that a misspelt one stops the start and not the hundredth scan; policies are loaded
 * with those of the store. Raises what the command line raises for the same files.
 */
export async function openServerJudge(
  session: Session,
  scan: ServerSettings['scan'],
): Promise<ServerJudge & { close(): Promise<void> }> {
  const { db, policies, settings, exceptions, vex } = scan;
  const config = await readSettingsFile(settings);
  const given = { vex, ...(db !== undefined && { db }), ...(exceptions !== undefined && { exceptions }) };
  await (await openMatching(session, given, config, 'refuse')).close();
  const load: Load = async (bundles) => {
    const files = await Promise.all(bundles.map((bundle) => bundle.files()));
    return await openJudge(session, { policy: policies }, config, 'ship', files);
  };
  const shared = new SharedJudge(load);
  return {
    settings: config?.settings.policy ?? DEFAULT_POLICY_SETTINGS,
    open: async ({ revision, exceptions, bundles }) => {
      const { judge, release } = await shared.use(bundles);
      try {
        const opened = await openMatching(session, given, config, 'drop');
        const matching = { ...opened, suppressions: withStored(opened.suppressions, exceptions) };
        const close = async (): Promise<void> => {
          await opened.close();
          await release();
        };
        return { matching, judging: judge, revision, given: opened.suppressions, close };
      } catch (error) {
        await release();
        throw error;
      }
    },
    policies: async (bundles) => {
      const { judge, release } = await shared.use(bundles);
      await release();
      return judge.evaluator.policies;
    },
    check: async (files) => {
      const { evaluator } = await openJudge(session, { policy: policies }, config, 'ship', files);
      await evaluator.close();
      return evaluator.policies;
    },
    close: () => shared.close(),
  };
}

type Load = (bundles: JudgementTerms['bundles']) => Promise<Judge>;

interface Loaded {
  /** Which bundles of the store it has. */
  readonly key: string;
  readonly judge: Promise<Judge>;
  users: number;
}

/** One set of loaded policies for all scans, until the store has others. Those that are used to the end are ended then. */
class SharedJudge {
  readonly #load: Load;
  #current: Loaded | null = null;

  constructor(load: Load) {
    this.#load = load;
  }

  async use(bundles: JudgementTerms['bundles']): Promise<{ judge: Judge; release(): Promise<void> }> {
    const key = bundles.map(({ digest }) => digest).join();
    const before = this.#current;
    const loaded = before?.key === key ? before : { key, judge: this.#load(bundles), users: 0 };
    this.#current = loaded;
    loaded.users += 1;
    if (before !== null && before !== loaded && before.users === 0) await end(before);
    const release = async (): Promise<void> => {
      loaded.users -= 1;
      if (loaded.users === 0 && this.#current !== loaded) await end(loaded);
    };
    try {
      return { judge: await loaded.judge, release };
    } catch (error) {
      // The next one tries again.
      if (this.#current === loaded) this.#current = null;
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#current !== null) await end(this.#current);
    this.#current = null;
  }
}

/** What could not be loaded was told to whoever wanted it. */
async function end({ judge }: Loaded): Promise<void> {
  const loaded = await judge.catch(() => null);
  await loaded?.evaluator.close();
}
