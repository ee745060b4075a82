import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import { askHelper } from './credential-helper.ts';
import type { CredentialSource, Credentials } from './credentials.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Fields = Readonly<Record<string, unknown>>;

/** By this Docker and its helpers know Docker Hub. */
const HUB_KEY = 'https://index.docker.io/v1/';
const HUB_HOSTS = ['index.docker.io', 'registry-1.docker.io'];

/**
 * What `docker login`, `podman login` and `skopeo login` keep, and the helpers that their files name (docker/cli
 * "config.json", containers-auth.json(5)). Only entries for a whole registry; those for one repository are passed over.
 */
export class DockerConfig implements CredentialSource {
  readonly #environment: Environment;
  readonly #limits: Limits;

  constructor(environment: Environment, limits: Limits) {
    this.#environment = environment;
    this.#limits = limits;
  }

  async credentials(registry: string, signal: AbortSignal): Promise<Credentials | null> {
    for (const file of filesOf(this.#environment)) {
      const config = await this.#read(file);
      const found = config === null ? null : await this.#from(config, file, registry, signal);
      if (found !== null) return found;
    }
    return null;
  }

  async #from(config: Fields, file: string, registry: string, signal: AbortSignal): Promise<Credentials | null> {
    const helper = valueFor(fieldsOf(config.credHelpers), registry) ?? config.credsStore;
    if (typeof helper === 'string' && helper !== '') {
      const server = registry === 'docker.io' ? HUB_KEY : registry;
      const found = await askHelper(helper, server, { environment: this.#environment, limits: this.#limits, signal });
      if (found !== null) return found;
    }
    return credentialsIn(fieldsOf(valueFor(fieldsOf(config.auths), registry)), file, registry);
  }

  /** null where there is no such file. */
  async #read(file: string): Promise<Fields | null> {
    let text: string;
    try {
      const { size } = await stat(file);
      const { credentialBytes } = this.#limits;
      if (size > credentialBytes) {
        throw new PlimsollError(
          'LIMIT_EXCEEDED',
          `${file} has ${size} bytes; ${credentialBytes} is the limit (credentialBytes)`,
          {
            details: { limit: 'credentialBytes' },
          },
        );
      }
      text = await readFile(file, 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      if (cause instanceof PlimsollError) throw cause;
      throw unusable(file, messageOf(cause));
    }
    try {
      return fieldsOf(JSON.parse(text));
    } catch {
      // A parser's message quotes what it stumbles over.
      throw unusable(file, 'it is not JSON');
    }
  }
}

/** Where the tools keep them, in the order in which they are asked. */
function filesOf({ REGISTRY_AUTH_FILE, DOCKER_CONFIG, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, HOME }: Environment): string[] {
  if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE];
  const files: string[] = [];
  if (DOCKER_CONFIG) files.push(join(DOCKER_CONFIG, 'config.json'));
  else if (HOME) files.push(join(HOME, '.docker/config.json'));
  if (XDG_RUNTIME_DIR) files.push(join(XDG_RUNTIME_DIR, 'containers/auth.json'));
  const settings = XDG_CONFIG_HOME || (HOME && join(HOME, '.config'));
  if (settings) files.push(join(settings, 'containers/auth.json'));
  return files;
}

/** The value whose key names the registry, with or without a scheme and the path of the API's version. */
function valueFor(values: Fields, registry: string): unknown {
  if (Object.hasOwn(values, registry)) return values[registry];
  return Object.entries(values).find(([key]) => registryOf(key) === registry)?.[1];
}

function registryOf(key: string): string | null {
  const [host, ...path] = key
    .replace(/^https?:\/\//, '')
    .toLowerCase()
    .split('/');
  if (!/^(?:v[12])?$/.test(path.filter((part) => part !== '').join('/'))) return null;
  return HUB_HOSTS.includes(host!) ? 'docker.io' : host!;
}

function credentialsIn(
  { auth, username, password, identitytoken, registrytoken }: Fields,
  file: string,
  registry: string,
): Credentials | null {
  if (isText(registrytoken)) return { kind: 'bearer-token', token: registrytoken };
  if (isText(identitytoken)) return { kind: 'identity-token', token: identitytoken };
  if (isText(auth)) {
    const decoded = Buffer.from(auth, 'base64').toString('utf8');
    const colon = decoded.indexOf(':');
    if (colon <= 0) throw unusable(file, `its entry for ${registry} holds no user name and password`);
    // Docker once padded them.
    return {
      kind: 'password',
      username: decoded.slice(0, colon),
      password: decoded.slice(colon + 1).replace(/\0+$/, ''),
    };
  }
  if (isText(username) && isText(password)) return { kind: 'password', username, password };
  return null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function unusable(file: string, why: string): PlimsollError {
  return new PlimsollError('REGISTRY_DENIED', `the credentials in ${file} cannot be used: ${why}`, {
    details: { file },
  });
}
