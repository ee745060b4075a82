import { PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { type SweepResult, sweepRegistry } from '../pipeline/sweep-registry.ts';
import { printable } from './printable.ts';
import { readRegistriesFile } from './registries-file.ts';
import type { Session } from './session.ts';

/**
 * `plimsoll registry check`: what a sweep would look at. 0 where all of it could be read, else 3. Raises USAGE, SETTINGS_INVALID,
 * SECRET_UNREADABLE, CANCELLED.
 */
export async function runRegistryCheck(session: Session, id: string, file: string): Promise<number> {
  const registration = (await readRegistriesFile(file)).get(id);
  if (registration === undefined) throw new PlimsollError('USAGE', `${file} has no registry ${id}`);
  const stop = new AbortController();
  const removeHandlers = session.onStop((signal) =>
    stop.abort(new PlimsollError('CANCELLED', `Stopped by ${signal}.`)),
  );
  const registries = await session.registeredRegistries([registration]);
  try {
    const result = await sweepRegistry(
      registration,
      {
        lister: registries,
        resolver: registries,
        known: { repositories: async () => [], tags: async () => new Map(), untagged: async () => [] },
        accept: async () => {},
        sha256: session.sha256,
        moment: () => new Date().toISOString(),
      },
      { limits: LIMITS, signal: stop.signal },
    );
    session.stdout.write(`${render(id, result).map(printable).join('\n')}\n`);
    return result.failed === 0 && result.repositories > 0 ? 0 : 3;
  } finally {
    removeHandlers();
    await registries.close();
  }
}

function render(id: string, { catalog, repositories, tags, failures, failed }: SweepResult): string[] {
  const from = catalog ? 'of its catalog' : 'that the registration names: it shows no catalog';
  const unlisted = failed - failures.length;
  return [
    `${id}: ${repositories} repositories (${from}), ${tags} tags`,
    ...(repositories === 0 && !catalog ? ['Name its repositories in the file, as in repositories: [team/app].'] : []),
    ...failures.map((failure) => `Left out: ${failure}`),
    ...(unlisted > 0 ? [`Left out: ${unlisted} more`] : []),
  ];
}
