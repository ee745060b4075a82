import type { ReportDocument } from '../domain/report/report.ts';
import type { Judging } from '../pipeline/judge-document.ts';
import type { BundleVerifier } from '../pipeline/ports.ts';
import type { MatchingOptions } from './matching-options.ts';
import { readSuppressions } from './read-suppressions.ts';
import type { Session } from './session.ts';
import type { SettingsFile } from './settings-file.ts';
import { vexTrustOf } from './vex-trust.ts';

/**
 * Reads with `read`, then matches the packages of every report, and judges it where `judging` is given. What can be refused
 * is opened and read first: a scan must not end in a misspelt --db or an expired exception.
 */
export async function withMatching(
  session: Session,
  options: MatchingOptions,
  read: () => Promise<ReportDocument>,
  judging: Judging | null = null,
  config: SettingsFile | null = null,
): Promise<ReportDocument> {
  if (isUnjudged(options)) return await read();
  const trust = vexTrustOf(options, config);
  const suppressions = await readSuppressions(options, trust, new Date());
  // Keys that were named are read now; where none was, what verifies signatures is loaded with the first one that is found.
  let opened: Promise<BundleVerifier> | null = null;
  const bundleVerifier = (): Promise<BundleVerifier> => {
    opened ??= session.openBundleVerifier(trust);
    return opened;
  };
  if (trust.keys.length > 0 || trust.identities.length > 0) await bundleVerifier();
  const database = await session.openDatabase(options.db ?? null);
  // On demand: who asks for packages only should not wait for it.
  const { judgeDocument } = await import('../pipeline/judge-document.ts');
  const matching = { database, suppressions, bundleVerifier, severitySources: options.severitySource };
  const dependencies = { sha256: session.sha256, clock: { elapsed: () => performance.now() } };
  try {
    return await judgeDocument(await read(), { matching, judging }, dependencies);
  } finally {
    await database?.close();
  }
}

/** `--db none` asks what is in there and nothing else: neither vulnerabilities nor a verdict. */
export function isUnjudged({ db }: MatchingOptions): boolean {
  return db === 'none';
}
