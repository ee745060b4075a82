import type { AdmissionRequest } from '../../services/domain/admission/admission-request.ts';
import { readAdmissionRequest } from '../../services/domain/admission/admission-request.ts';
import { LIMITS } from '../../services/domain/limits.ts';

/** AdmissionReviews as an API server writes them. */

export type Json = Record<string, unknown>;

const PLURALS: Record<string, string> = { Ingress: 'ingresses' };
const GROUPS: Record<string, string> = {
  Deployment: 'apps',
  StatefulSet: 'apps',
  DaemonSet: 'apps',
  ReplicaSet: 'apps',
  Job: 'batch',
  CronJob: 'batch',
};

export function podSpec(changes: Json = {}, container: Json = {}): Json {
  return { containers: [{ name: 'app', image: 'registry.example/app:1', ...container }], ...changes };
}

export function pod(spec: Json = podSpec(), metadata: Json = {}): Json {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', ...metadata }, spec };
}

/** A Deployment and the like, whose template runs the spec. */
export function workloadOfKind(kind: string, spec: Json = podSpec()): Json {
  const template = { metadata: { labels: { app: 'web' } }, spec };
  const group = GROUPS[kind];
  const metadata = { name: 'web', namespace: 'shop' };
  const inner = kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template };
  return { apiVersion: group === undefined ? 'v1' : `${group}/v1`, kind, metadata, spec: inner };
}

export function review(object: Json | null, changes: Json = {}): Json {
  const { kind = 'Pod', apiVersion = 'v1', metadata } = object ?? {};
  const [group, version] = String(apiVersion).includes('/') ? String(apiVersion).split('/') : ['', apiVersion];
  const { name = '', namespace = '' } = (metadata ?? {}) as Json;
  const resource = PLURALS[String(kind)] ?? `${String(kind).toLowerCase()}s`;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group, version, kind },
      resource: { group, version, resource },
      name,
      namespace,
      operation: 'CREATE',
      userInfo: { username: 'alice', uid: '1', groups: ['developers', 'system:authenticated'] },
      object,
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
      ...changes,
    },
  };
}

export const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export function requestOf(object: Json | null, changes: Json = {}): AdmissionRequest {
  const reading = readAdmissionRequest(bytesOf(review(object, changes)), LIMITS);
  if ('refused' in reading) throw new Error(reading.refused);
  return reading.request;
}
