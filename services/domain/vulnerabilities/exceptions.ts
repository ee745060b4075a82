import { z } from 'zod';
import { PlimsollError } from '../errors.ts';
import { parsePurlPattern } from './purl-pattern.ts';

/*
 * The exceptions file (`--exceptions FILE`, YAML or JSON): schema/exceptions-v1.schema.json is generated from these types. Nothing
 * is read that was not named on the command line.
 */

const glob = z.string().min(1).max(1_024);
const some = (item: z.ZodType<string>) => z.array(item).min(1).max(10_000).optional();

/** One exception, of the file or of the API. */
export const exception = z.strictObject({
  vulnerability: z.string().min(1).max(256).describe('Id or alias: CVE-2024-1234, GHSA-…'),
  packages: some(
    z.string().refine((text) => parsePurlPattern(text) !== null, { error: 'no package URL (pkg:TYPE/NAME)' }),
  ).describe('Package URLs; without version every version, without qualifiers any'),
  paths: some(glob).describe('Files that name the package, no leading slash; * stays within a segment, ** does not'),
  images: some(glob).describe('References as they are given, or digests'),
  reason: z.string().min(1).max(4_096),
  owner: z.string().min(1).max(256).describe('Who answers for it'),
  expires: z.iso.date().describe('The last day on which it holds, UTC'),
});

export const exceptionsFile = z.strictObject({ exceptions: z.array(exception).max(10_000) }).meta({ id: 'Exceptions' });

export type VulnerabilityException = z.infer<typeof exception> & {
  /** `FILE #3`, or `exception UUID` of the store, as reports and errors name it. */
  readonly name: string;
};

/**
 * The exceptions of a parsed file. Raises EXCEPTIONS_INVALID where one does not fit, and EXCEPTION_EXPIRED where one is
 * over: whoever relied on it shall hear of it. `today` is an ISO day, UTC.
 */
export function readExceptions(document: unknown, file: string, today: string): VulnerabilityException[] {
  const { data, error } = exceptionsFile.safeParse(document);
  if (data === undefined) {
    const [issue] = error.issues;
    const where = issue!.path.map(String).join('.');
    throw new PlimsollError(
      'EXCEPTIONS_INVALID',
      `The exceptions in ${file} do not fit: ${where === '' ? '' : `${where}: `}${issue!.message}`,
    );
  }
  const named = data.exceptions.map((each, i) => ({ ...each, name: `${file} #${i + 1}` }));
  const expired = named.filter(({ expires }) => expires < today);
  if (expired.length > 0) {
    const list = expired.map(
      ({ name, vulnerability, owner, expires }) => `${name} (${vulnerability}, ${owner}) on ${expires}`,
    );
    throw new PlimsollError(
      'EXCEPTION_EXPIRED',
      `These exceptions have expired: ${list.join('; ')}. Remove them, or give them a new day after a new look.`,
    );
  }
  return named;
}
