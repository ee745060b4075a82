import { createHash } from 'node:crypto';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { VulnerabilityException } from '../domain/vulnerabilities/exceptions.ts';
import type { GivenVex } from '../domain/vulnerabilities/suppress.ts';
import type { Suppressions } from '../pipeline/judge-document.ts';
import type { SignerTrust } from '../pipeline/verdict-ports.ts';
import type { MatchingOptions } from './matching-options.ts';
import { readDocument } from './read-document.ts';
import { digestsOf } from './vex-trust.ts';

/**
 * Reads and checks --exceptions and --vex; the digest of VEX is over whose signatures count, too. Exceptions that are over are
 * refused, or count for nothing (`drop`): a server does not stop for one. Raises USAGE, EXCEPTIONS_INVALID, EXCEPTION_EXPIRED,
 * VEX_INVALID, LIMIT_EXCEEDED.
 */
export async function readSuppressions(
  options: MatchingOptions,
  trust: SignerTrust,
  now: Date,
  over: 'refuse' | 'drop' = 'refuse',
): Promise<Suppressions> {
  const file = options.exceptions;
  const listed = file === undefined ? null : readDocument(file, LIMITS.policyDocumentBytes);
  const documents = vexDocuments(options);
  return {
    exceptions: listed === null ? [] : await parseExceptions(listed.text, file!, now, over),
    vex: await parseAll(documents),
    digests: {
      exceptions: listed?.digest ?? null,
      vex: digestOf([...documents.map(({ digest }) => digest), ...digestsOf(trust, sha256)]),
    },
  };
}

/** With the exceptions of the store behind those of the file; one digest is over both. */
export function withStored(given: Suppressions, stored: readonly VulnerabilityException[]): Suppressions {
  if (stored.length === 0) return given;
  const { exceptions, digests } = given;
  const digest = digestOf([digests.exceptions ?? [], sha256(JSON.stringify(stored))].flat());
  return { ...given, exceptions: [...exceptions, ...stored], digests: { ...digests, exceptions: digest } };
}

/** The VEX that was given, alone. Raises USAGE, VEX_INVALID, LIMIT_EXCEEDED. */
export function readGivenVex(options: MatchingOptions): Promise<GivenVex[]> {
  return parseAll(vexDocuments(options));
}

function vexDocuments({ vex = [] }: MatchingOptions): { name: string; text: string; digest: string }[] {
  return vex.map((name) => ({ name, ...readDocument(name, LIMITS.vexBytes) }));
}

async function parseExceptions(
  text: string,
  file: string,
  now: Date,
  over: 'refuse' | 'drop',
): Promise<readonly VulnerabilityException[]> {
  const { parse } = await import('yaml');
  const { readExceptions } = await import('../domain/vulnerabilities/exceptions.ts');
  let document: unknown;
  try {
    document = parse(text, { logLevel: 'error', maxAliasCount: LIMITS.yamlAliases });
  } catch (cause) {
    throw new PlimsollError('EXCEPTIONS_INVALID', `${file} is no YAML: ${messageOf(cause)}`, { cause });
  }
  const today = now.toISOString().slice(0, 10);
  if (over === 'refuse') return readExceptions(document, file, today);
  return readExceptions(document, file, '').filter(({ expires }) => expires >= today);
}

async function parseAll(documents: readonly { readonly name: string; readonly text: string }[]): Promise<GivenVex[]> {
  if (documents.length === 0) return [];
  const { parseVex } = await import('../domain/vulnerabilities/vex/read-vex.ts');
  return documents.map(({ name, text }) => ({ file: name, document: parseVex(text, name, LIMITS) }));
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** One digest for all documents: that of the only one, else over theirs, one a line, sorted. */
function digestOf(digests: readonly string[]): string | null {
  if (digests.length < 2) return digests[0] ?? null;
  return sha256(digests.toSorted().join('\n'));
}
