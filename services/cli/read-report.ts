import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Report } from '../domain/report/report.ts';
import { readDocument } from './read-document.ts';

/** A Report v1 as `--format json` wrote it, of one target. Raises USAGE. */
export async function readReport(file: string): Promise<{ readonly report: Report; readonly digest: string }> {
  const { text, digest } = readDocument(file, LIMITS.policyMemoryBytes);
  const { report } = await import('../domain/report/report.ts');
  const { data, error } = report.safeParse(parseJson(text, file));
  if (data !== undefined) return { report: data, digest };
  const [issue] = error.issues;
  throw new PlimsollError('USAGE', `${file} is no report of this version: ${issue!.path.join('.')}: ${issue!.message}`);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PlimsollError('USAGE', `${file} is no JSON: ${messageOf(cause)}`, { cause });
  }
}
