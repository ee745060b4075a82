import { PlimsollError } from '../domain/errors.ts';
import { atMirrors, selectSources } from '../domain/vulnerabilities/feed-sources.ts';
import type { RefreshedAdvisories, RefreshTerms } from './advisory-ports.ts';
import type { FetchOptions } from './image-ports.ts';
import { type UpdatableDatabases, updateDatabase } from './update-database.ts';

/** Warnings that one error names. */
const REASONS = 3;

/** What is told of an installed database. */
interface Installed {
  readonly digest: string;
  readonly builtAt: string;
}

export interface RefreshedDatabases extends UpdatableDatabases {
  /** Null where there is none; DATABASE_UNUSABLE. */
  status(root: string | null): Promise<Installed | null>;
  /** Installs the database at `https://…` or `oci://…`, if a trusted key has signed it and it is not older. */
  pull(
    root: string | null,
    url: string,
    terms: { readonly keyFiles: readonly string[]; readonly allowUnsigned: false; readonly allowOlder: false },
    signal: AbortSignal,
  ): Promise<Installed>;
}

/**
 * What `plimsoll db update` does, by itself: nothing is taken that somebody would have to allow (unsigned, older, shrunk). Raises
 * what updating and pulling raise, and DATABASE_UNUSABLE where scans would not read what was installed.
 */
export async function refreshAdvisories(
  terms: RefreshTerms,
  databases: RefreshedDatabases,
  { limits, signal }: FetchOptions,
): Promise<RefreshedAdvisories> {
  const { root, feeds, mirrors, pull, keyFiles, allowMissing } = terms;
  const before = await digestBefore(root, databases);
  const warnings: string[] = [];
  let warned = 0;
  const onWarning = (message: string): void => {
    warned += 1;
    if (warnings.length < limits.listedFlaws) warnings.push(message);
  };
  const update = async (): Promise<Installed> => {
    const sources = selectSources(feeds).sources.map((source) => atMirrors(source, mirrors));
    const request = { root, sources, allowMissing, allowShrunk: false, limits, signal, onWarning };
    try {
      return (await updateDatabase({ ...request, onProgress: () => {} }, databases)).info;
    } catch (error) {
      throw withReasons(error, warnings);
    }
  };
  const fresh =
    pull === null
      ? await update()
      : await databases.pull(root, pull, { keyFiles, allowUnsigned: false, allowOlder: false }, signal);
  const inUse = await databases.status(root);
  // A directory may itself be one build, which goes before what is installed below it.
  if (inUse === null || Date.parse(inUse.builtAt) < Date.parse(fresh.builtAt)) {
    throw new PlimsollError(
      'DATABASE_UNUSABLE',
      'A new database was installed, but scans do not read it: scan.db names a single build. Name the directory that has builds and a link to the current one.',
      { details: { reason: 'type' } },
    );
  }
  return { digest: inUse.digest, builtAt: inUse.builtAt, before, warnings, warned };
}

/** Nobody reads warnings beside a job that failed: what servers said stands in its error. */
function withReasons(error: unknown, warnings: readonly string[]): unknown {
  if (!(error instanceof PlimsollError) || error.code !== 'DOWNLOAD_FAILED' || warnings.length === 0) return error;
  const more = warnings.length > REASONS ? ' …' : '';
  const message = `${error.message} ${warnings.slice(0, REASONS).join(' ')}${more}`;
  return new PlimsollError(error.code, message, { cause: error, details: error.details });
}

/** One that cannot be used is no reason to be without a new one: that is the remedy. */
async function digestBefore(root: string | null, databases: RefreshedDatabases): Promise<string> {
  try {
    return (await databases.status(root))?.digest ?? 'none';
  } catch (error) {
    if (error instanceof PlimsollError && error.code === 'DATABASE_UNUSABLE') return 'unusable';
    throw error;
  }
}
