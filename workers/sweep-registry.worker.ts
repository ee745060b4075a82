import { PlimsollError } from '../services/domain/errors.ts';
import { LIMITS } from '../services/domain/limits.ts';
import type { Registration } from '../services/domain/registries/registration.ts';
import type { JobHandler } from '../services/pipeline/run-job.ts';
import { type SweepDependencies, sweepRegistry } from '../services/pipeline/sweep-registry.ts';

export interface SweepWorkerDependencies extends SweepDependencies {
  readonly registrations: ReadonlyMap<string, Registration>;
}

/** Jobs of the kind `sweep-registry`. */
export function sweepWorker(dependencies: SweepWorkerDependencies): JobHandler {
  return async ({ payload }, signal) => {
    const registration = dependencies.registrations.get(String(payload.registry));
    if (registration === undefined)
      throw new PlimsollError('USAGE', `There is no registry ${payload.registry} any more.`);
    const { catalog, ...result } = await sweepRegistry(registration, dependencies, { limits: LIMITS, signal });
    return { result: { ...result, catalog: catalog ? 'read' : 'none' } };
  };
}
