import type { Registration as Registered, SecretSource } from '../../domain/registries/registration.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { type Registration, registrationsOf } from './registration.ts';

/** How the registries of the registries file are spoken to; all others as the public ones. */
export interface RegisteredRegistries extends CredentialSource {
  readonly registrationOf: (registry: string) => Registration;
}

/** Raises what `read` raises, USAGE, TARGET_UNREADABLE where certificates cannot be read. */
export async function registeredRegistries(
  registrations: Iterable<Registered>,
  read: (source: SecretSource, registration: Registered) => string,
): Promise<RegisteredRegistries> {
  const known = new Map<string, Registration>();
  const credentials = new Map<string, Credentials>();
  for (const registered of registrations) {
    const { host, scheme, pull } = registered;
    const { ca = null, allow, mirrors } = pull;
    const settings = { plainHttp: scheme === 'http', verifyTls: true, caFile: ca, allowed: allow, mirrors };
    known.set(host, (await registrationsOf(settings))(host));
    if (pull.credentials === undefined) continue;
    credentials.set(
      host,
      'token' in pull.credentials
        ? { kind: 'bearer-token', token: read(pull.credentials.token, registered) }
        : {
            kind: 'password',
            username: pull.credentials.username,
            password: read(pull.credentials.password, registered),
          },
    );
  }
  const others = { plainHttp: false, verifyTls: true, ca: null, allowed: [], mirrors: [] };
  return {
    registrationOf: (registry) => known.get(registry) ?? { registry, ...others },
    credentials: async (registry) => credentials.get(registry) ?? null,
  };
}
