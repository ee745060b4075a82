import type { JudgementTerms } from '../pipeline/exception-ports.ts';
import type { Judgement } from '../pipeline/scan-and-store.ts';
import type { ServerSettings } from '../pipeline/server-settings.ts';
import { openJudge } from './judge.ts';
import { openMatching } from './open-matching.ts';
import { withStored } from './read-suppressions.ts';
import type { Session } from './session.ts';
import { readSettingsFile } from './settings-file.ts';

/** Judges scans for as long as a server runs. */
export interface ServerJudge {
  /** For one scan: the database that is installed now, the exceptions that hold today, and what the store holds beside them. */
  open(terms: JudgementTerms): Promise<Judgement>;
  close(): Promise<void>;
}

/**
 * Everything that can be refused is read now, so that a misspelt setting stops the start and not the hundredth scan. Raises what
 * the command line raises for the same files.
 */
export async function openServerJudge(session: Session, scan: ServerSettings['scan']): Promise<ServerJudge> {
  const { db, policies, settings, exceptions, vex } = scan;
  const config = await readSettingsFile(settings);
  const judging = await openJudge(session, { policy: policies }, config, 'ship');
  const given = { vex, ...(db !== undefined && { db }), ...(exceptions !== undefined && { exceptions }) };
  try {
    await (await openMatching(session, given, config, 'refuse')).close();
  } catch (error) {
    await judging.evaluator.close();
    throw error;
  }
  return {
    open: async ({ revision, exceptions }) => {
      const opened = await openMatching(session, given, config, 'drop');
      const matching = { ...opened, suppressions: withStored(opened.suppressions, exceptions) };
      return { matching, judging, revision, close: () => opened.close() };
    },
    close: () => judging.evaluator.close(),
  };
}
