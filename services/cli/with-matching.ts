import type { ReportDocument } from '../domain/report/report.ts';
import type { Judging } from '../pipeline/judge-document.ts';
import type { MatchingOptions } from './matching-options.ts';
import { openMatching } from './open-matching.ts';
import type { Session } from './session.ts';
import type { SettingsFile } from './settings-file.ts';

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
  const matching = await openMatching(session, options, config, 'refuse');
  // On demand: who asks for packages only should not wait for it.
  const { judgeDocument } = await import('../pipeline/judge-document.ts');
  const dependencies = { sha256: session.sha256, clock: { elapsed: () => performance.now() } };
  try {
    return await judgeDocument(await read(), { matching, judging }, dependencies);
  } finally {
    await matching.close();
  }
}

/** `--db none` asks what is in there and nothing else: neither vulnerabilities nor a verdict. */
export function isUnjudged({ db }: MatchingOptions): boolean {
  return db === 'none';
}
