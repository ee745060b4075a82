import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PlimsollError } from '../domain/errors.ts';
import type { Vulnerability } from '../domain/report/report.ts';
import { type DatabaseChange, DatabaseChanges } from '../domain/vulnerabilities/database-change.ts';
import type { JudgementChange } from '../pipeline/compare-judgements.ts';
import { printable } from './printable.ts';
import { readReport } from './read-report.ts';
import type { Session } from './session.ts';
import { counted, wholeNumber } from './wording.ts';

export interface DiffCommandOptions {
  readonly json?: boolean;
  readonly report?: readonly string[];
}

/** `plimsoll db diff`: what differs, or which of these reports it is about. */
export async function runDatabaseDiff(
  session: Session,
  before: string,
  after: string,
  options: DiffCommandOptions,
): Promise<void> {
  for (const named of [before, after]) {
    if (named === 'starter')
      throw new PlimsollError('USAGE', 'db diff compares databases on disk, not the starter set');
  }
  const reports = options.report?.flatMap(reportFiles) ?? null;
  const say = (line: string): void => void session.stdout.write(`${line}\n`);
  const changes = new DatabaseChanges();
  const counts = { added: 0, removed: 0, changed: 0, cves: 0 };
  for await (const each of (await session.databases()).diff(before, after)) {
    changes.add(each);
    if (each.kind === 'cve') counts.cves++;
    else counts[each.change]++;
    if (reports !== null) continue;
    if (options.json) say(JSON.stringify(each));
    // Of CVEs too many change from day to day: EPSS is a new model every morning.
    else if (each.kind !== 'cve') say(printable(lineOf(each)));
  }
  if (reports !== null) return await compareReports(session, reports, changes, before, after, options);
  if (options.json) return;
  const { added, removed, changed, cves } = counts;
  say(`${wholeNumber(added)} added, ${wholeNumber(removed)} removed, ${wholeNumber(changed)} changed`);
  if (cves > 0) say(`${counted(cves, 'CVE')} with other KEV, EPSS or NVD data (--json lists them)`);
}

async function compareReports(
  session: Session,
  files: readonly string[],
  changes: DatabaseChanges,
  before: string,
  after: string,
  { json }: DiffCommandOptions,
): Promise<void> {
  const { compareJudgements } = await import('../pipeline/compare-judgements.ts');
  const databases = await Promise.all([before, after].map((named) => session.openDatabase(named)));
  const counts = { touched: 0, different: 0 };
  try {
    for (const file of files) {
      const { report } = await readReport(file);
      const change = compareJudgements(report, changes, databases[0]!, databases[1]!);
      if (change.touched.length > 0) counts.touched++;
      if (isDifferent(change)) counts.different++;
      const lines = json ? [JSON.stringify(asJson(file, change))] : reportLines(file, change).map(printable);
      for (const line of lines) session.stdout.write(`${line}\n`);
    }
  } finally {
    await Promise.all(databases.map((database) => database?.close()));
  }
  if (json) return;
  session.stdout.write(
    `${counted(files.length, 'report')}: the change touches ${wholeNumber(counts.touched)}, and ${wholeNumber(counts.different)} would be another\n`,
  );
}

/** A file as it is; of a folder, every file whose name ends in .json. */
function reportFiles(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.json'));
  if (names.length === 0) throw new PlimsollError('USAGE', `--report ${path}: the folder has no *.json`);
  return names.sort().map((name) => join(path, name));
}

function lineOf(change: Exclude<DatabaseChange, { kind: 'cve' }>): string {
  const what = change.kind === 'feed' ? `${change.ecosystem}  (the feed, or its end of support)` : null;
  return `${change.change.padEnd(8)} ${what ?? `${change.ecosystem}  ${(change as { name: string }).name}`}`;
}

function isDifferent({ added, removed, changed }: JudgementChange): boolean {
  return added.length + removed.length + changed.length > 0;
}

function reportLines(file: string, change: JudgementChange): string[] {
  const { touched, added, removed, changed } = change;
  const found = `${wholeNumber(added.length)} new, ${wholeNumber(removed.length)} gone, ${wholeNumber(changed.length)} changed`;
  if (touched.length === 0) return [`${file}: not touched`];
  return [
    `${file}: ${isDifferent(change) ? found : 'the same vulnerabilities'} (${counted(touched.length, 'package')} matched again)`,
    ...added.map((row) => `  + ${rowText(row)}`),
    ...removed.map((row) => `  - ${rowText(row)}`),
    ...changed.flatMap(({ before, after }) => {
      const [was, is] = [rowText(before), rowText(after)];
      // Other EPSS or sources: the count and the JSON have them.
      return was === is ? [] : `  ~ ${is}  (was ${was.split('  ').slice(1).join('  ')})`;
    }),
  ];
}

function rowText({ id, severity, packageId, status, fixedVersion, kev }: Vulnerability): string {
  const fix = fixedVersion === null ? status : `fixed in ${fixedVersion}`;
  return [id, severity, packageId, fix, ...(kev === null ? [] : ['known to be exploited'])].join('  ');
}

function asJson(report: string, { touched, added, removed, changed }: JudgementChange) {
  return { report, touched: touched.map(({ id }) => id), added, removed, changed };
}
