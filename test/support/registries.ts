import type { Registration } from '../../services/adapters/registry/registration.ts';
import { Registries } from '../../services/adapters/registry/registries.ts';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import type { FetchOptions } from '../../services/pipeline/image-ports.ts';

export interface ClientChanges extends Partial<Omit<ConstructorParameters<typeof Registries>[0], 'limits'>> {
  readonly registration?: Partial<Registration>;
  readonly limits?: Partial<Limits>;
}

/** The real client, without credentials, patient for milliseconds. */
export function registriesFor({ registration, limits, ...changes }: ClientChanges = {}): Registries {
  return new Registries({
    registrationOf: (registry) => ({
      registry,
      plainHttp: true,
      verifyTls: true,
      ca: null,
      allowed: [],
      mirrors: [],
      ...registration,
    }),
    credentials: { credentials: async () => null },
    environment: {},
    patience: { attempts: 3, backoffMs: 5, retryAfterMs: 1_500 },
    ...changes,
    limits: { ...LIMITS, ...limits },
  });
}

export const FETCHING: FetchOptions = { limits: LIMITS, signal: new AbortController().signal };

export async function allBytes(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk.slice());
  return Buffer.concat(pieces);
}
