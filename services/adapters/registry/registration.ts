import { readFile } from 'node:fs/promises';
import { PlimsollError } from '../../domain/errors.ts';
import { isRegistryHost } from '../../domain/image/reference.ts';

/** What is known of a registry before it is asked: where it is, how it is spoken to, and what it may send us to. */
export interface Registration {
  /** As references name it: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** Spoken to without TLS. Registries on this machine are too, where they know no TLS. */
  readonly plainHttp: boolean;
  /** False: any certificate is taken, also one of an attacker on the way. */
  readonly verifyTls: boolean;
  /** Certificates in PEM that are trusted beside the usual ones; null for none. */
  readonly ca: string | null;
  /** Hosts, HOST:PORT, addresses and networks that it may send us to, though private, and hosts that may see its credentials. */
  readonly allowed: readonly string[];
  /** Registries that are asked first for the same names: `HOST[:PORT]`. */
  readonly mirrors: readonly string[];
}

/** The same for every registry that a command names; a file of certificates is read once. TARGET_UNREADABLE. */
export async function registrationsOf(choice: {
  readonly plainHttp: boolean;
  readonly verifyTls: boolean;
  readonly caFile: string | null;
  readonly allowed: readonly string[];
  readonly mirrors: readonly string[];
}): Promise<(registry: string) => Registration> {
  const { caFile, plainHttp, verifyTls, allowed, mirrors } = choice;
  for (const mirror of mirrors) {
    if (!isRegistryHost(mirror))
      throw new PlimsollError('USAGE', `"${mirror}" is no registry; write HOST or HOST:PORT`);
  }
  const ca = caFile === null ? null : await certificates(caFile);
  return (registry) => ({ registry, ca, plainHttp, verifyTls, allowed, mirrors });
}

async function certificates(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new PlimsollError('TARGET_UNREADABLE', `the certificates ${file} cannot be read`, { cause });
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new PlimsollError('USAGE', `${file} has no certificates in PEM`);
}

/** Names of registries whose API lies elsewhere. */
const API_HOSTS: ReadonlyMap<string, string> = new Map([['docker.io', 'registry-1.docker.io']]);

/** `HOST[:PORT]` of the API. */
export function apiHost(registry: string): string {
  return API_HOSTS.get(registry) ?? registry;
}

/** Hosts that give out tokens for a registry of another name, by their operators' documentation. */
export const TOKEN_HOSTS: ReadonlyMap<string, string> = new Map([
  ['docker.io', 'auth.docker.io'],
  ['registry.gitlab.com', 'gitlab.com'],
]);
