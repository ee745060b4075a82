import { PlimsollError } from '../../domain/errors.ts';
import type { SharedSecret } from '../../pipeline/admission-ports.ts';
import { type ApiServer, apiPath } from './api-server.ts';

interface StoredSecret {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** The one key of the Secret's data. */
const KEY = 'content';

/**
 * A text in a Secret of its own; writers that do not know its newest version are told so (resourceVersion). An empty Secret
 * is as none: whoever made it need not let us make others.
 */
export class KubernetesSecret implements SharedSecret {
  readonly #server: ApiServer;
  readonly #namespace: string;
  readonly #name: string;

  constructor(server: ApiServer, namespace: string, name: string) {
    this.#server = server;
    this.#namespace = namespace;
    this.#name = name;
  }

  async read(signal: AbortSignal): Promise<{ readonly text: string; readonly version: string } | null> {
    const { data, metadata } = (await this.#stored(signal)) ?? {};
    const content = data?.[KEY];
    if (content === undefined) return null;
    return { text: Buffer.from(content, 'base64').toString('utf8'), version: metadata?.resourceVersion ?? '' };
  }

  async replace(text: string, version: string | null, signal: AbortSignal): Promise<boolean> {
    const stored = version === null ? await this.#stored(signal) : null;
    if (stored?.data?.[KEY] !== undefined) return false;
    const resourceVersion = version ?? stored?.metadata?.resourceVersion;
    const data = { [KEY]: Buffer.from(text).toString('base64') };
    if (resourceVersion !== undefined) {
      // Only if it is still the one that was looked at; its labels are others' business.
      const body = { metadata: { resourceVersion }, data };
      const contentType = 'application/merge-patch+json';
      const path = this.#path(this.#name);
      const expected = [404, 409];
      return (await this.#server.ask({ method: 'PATCH', path, body, contentType, expected, signal })).status < 300;
    }
    const metadata = { name: this.#name, labels: { 'app.kubernetes.io/managed-by': 'plimsoll' } };
    const body = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data };
    return (await this.#server.ask({ method: 'POST', path: this.#path(), body, expected: [409], signal })).status < 300;
  }

  async #stored(signal: AbortSignal): Promise<StoredSecret | null> {
    const path = this.#path(this.#name);
    const { status, json } = await this.#server.ask({ method: 'GET', path, expected: [404], signal });
    return status === 404 ? null : (json as StoredSecret);
  }

  #path(...name: readonly string[]): string {
    const path = apiPath('api', 'v1', 'namespaces', this.#namespace, 'secrets', ...name);
    if (path !== null) return path;
    throw new PlimsollError('SETTINGS_INVALID', 'The Secret of the certificates needs a namespace and a name');
  }
}
