import type { AccessAttributes, AccessReviewer, PodReader, RequestUser } from '../../pipeline/admission-ports.ts';
import { type ApiServer, apiPath } from './api-server.ts';

/** What admission asks while a request waits. */
export class KubernetesQuestions implements AccessReviewer, PodReader {
  readonly #server: ApiServer;

  constructor(server: ApiServer) {
    this.#server = server;
  }

  async mayUser(
    { username, uid, groups, extra }: RequestUser,
    resourceAttributes: AccessAttributes,
    signal: AbortSignal,
  ): Promise<boolean> {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: username, uid, groups, extra, resourceAttributes },
    };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const { json } = await this.#server.ask({ method: 'POST', path, body, signal });
    const { status } = json as { status?: { allowed?: unknown; denied?: unknown } };
    return status?.allowed === true && status.denied !== true;
  }

  async pod(namespace: string, name: string, signal: AbortSignal): Promise<unknown> {
    const path = apiPath('api', 'v1', 'namespaces', namespace, 'pods', name);
    if (path === null) return null;
    const { status, json } = await this.#server.ask({ method: 'GET', path, expected: [404], signal });
    return status === 404 ? null : json;
  }
}
