import type { ZodError } from 'zod';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Report, ReportDocument } from '../domain/report/report.ts';
import { readDocument } from './read-document.ts';

/** A Report v1 as `--format json` wrote it, of one target. Raises USAGE. */
export async function readReport(file: string): Promise<{ readonly report: Report; readonly digest: string }> {
  const { report } = await import('../domain/report/report.ts');
  const { document, digest } = read(file, (value) => report.safeParse(value));
  return { report: document, digest };
}

/** The same, or what `--platform all` wrote. Raises USAGE. */
export async function readReportDocument(
  file: string,
): Promise<{ readonly document: ReportDocument; readonly digest: string }> {
  const { report, indexReport } = await import('../domain/report/report.ts');
  const isIndex = (value: unknown): boolean => Object.hasOwn(Object(value), 'reports');
  return read<ReportDocument>(file, (value) => (isIndex(value) ? indexReport : report).safeParse(value));
}

type Parsed<Document> =
  | { readonly data: Document; readonly error?: undefined }
  | { readonly data?: undefined; readonly error: Pick<ZodError, 'issues'> };

function read<Document>(
  file: string,
  parse: (value: unknown) => Parsed<Document>,
): { readonly document: Document; readonly digest: string } {
  const { text, digest } = readDocument(file, LIMITS.policyMemoryBytes);
  const { data, error } = parse(parseJson(text, file));
  if (error === undefined) return { document: data, digest };
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
