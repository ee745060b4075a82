import { PlimsollError } from '../../domain/errors.ts';
import type { CaBundleWriter, WebhookConfiguration } from '../../pipeline/admission-ports.ts';
import { type ApiServer, apiPath } from './api-server.ts';

interface StoredConfiguration {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[];
}

const PLURAL = {
  ValidatingWebhookConfiguration: 'validatingwebhookconfigurations',
  MutatingWebhookConfiguration: 'mutatingwebhookconfigurations',
} as const;
/** Somebody else may change the configuration between our look and our change. */
const ATTEMPTS = 5;

export class KubernetesCaBundles implements CaBundleWriter {
  readonly #server: ApiServer;

  constructor(server: ApiServer) {
    this.#server = server;
  }

  async setCaBundle({ kind, name }: WebhookConfiguration, caBundle: string, signal: AbortSignal): Promise<boolean> {
    const path = apiPath('apis', 'admissionregistration.k8s.io', 'v1', PLURAL[kind], name);
    if (path === null) return false;
    const encoded = Buffer.from(caBundle).toString('base64');
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await this.#server.ask({ method: 'GET', path, expected: [404], signal });
      if (found.status === 404) return false;
      const { metadata, webhooks = [] } = found.json as StoredConfiguration;
      const others = webhooks.flatMap(({ clientConfig }, index) => (clientConfig.caBundle === encoded ? [] : [index]));
      if (others.length === 0) return true;
      // Only this one field, and only of the configuration that was looked at (RFC 6902).
      const body = [
        { op: 'test', path: '/metadata/resourceVersion', value: metadata?.resourceVersion },
        ...others.map((index) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: encoded })),
      ];
      const contentType = 'application/json-patch+json';
      const { status } = await this.#server.ask({
        method: 'PATCH',
        path,
        body,
        contentType,
        expected: [404, 409, 422],
        signal,
      });
      if (status < 300) return true;
    }
    const message = `The caBundle of ${kind} ${name} could not be written: others change it all the time, or the API server refuses it`;
    throw new PlimsollError('KUBERNETES_UNAVAILABLE', message);
  }
}
