import type { Matching } from '../pipeline/judge-document.ts';
import type { BundleVerifier } from '../pipeline/verdict-ports.ts';
import type { MatchingOptions } from './matching-options.ts';
import { readSuppressions } from './read-suppressions.ts';
import type { Session } from './session.ts';
import type { SettingsFile } from './settings-file.ts';
import { vexTrustOf } from './vex-trust.ts';

export interface OpenedMatching extends Matching {
  close(): Promise<void>;
}

/** Reads and opens all that packages are matched with, as it is now. For `over` see readSuppressions. */
export async function openMatching(
  session: Session,
  options: MatchingOptions,
  config: SettingsFile | null,
  over: 'refuse' | 'drop',
): Promise<OpenedMatching> {
  const trust = vexTrustOf(options, config);
  const suppressions = await readSuppressions(options, trust, new Date(), over);
  // Keys that were named are read now; where none was, what verifies signatures is loaded with the first one that is found.
  let opened: Promise<BundleVerifier> | null = null;
  const bundleVerifier = (): Promise<BundleVerifier> => {
    opened ??= session.openBundleVerifier(trust);
    return opened;
  };
  if (trust.keys.length > 0 || trust.identities.length > 0) await bundleVerifier();
  const database = await session.openDatabase(options.db ?? null);
  const close = async (): Promise<void> => await database?.close();
  return { database, suppressions, bundleVerifier, severitySources: options.severitySource, close };
}
